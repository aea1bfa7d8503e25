# Runs in the container, around the program. It writes the logs itself. The Docker Engine would hold back a progress
# bar, which ends its lines with a carriage return, and would lose output that is printed while nobody listens.
folder=$1
shift
secrets=$folder/home/secrets
[ ! -f "$secrets" ] || {
    while IFS= read -r line; do
        # shellcheck disable=SC2163 # the line is NAME=value
        export "$line"
    done <"$secrets"
    rm -f "$secrets"
}
"$@" >>"$folder/stdout.log" 2>>"$folder/stderr.log" </dev/null &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM
while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break
done
exit "$code"
