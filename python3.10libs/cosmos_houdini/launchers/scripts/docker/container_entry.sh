# Runs in the container, around the program. It writes the logs itself. The Docker Engine would hold back a progress bar,
# which ends its lines with a carriage return, and would lose output that is printed while nobody listens.
folder=$1 owner=$2 members=$3
shift 3
"$@" >>"$folder/stdout.log" 2>>"$folder/stderr.log" </dev/null &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM
while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break
done
# The user of the host could not delete what root of the container wrote.
for out in "$folder" $members; do
    chown -R "$owner" "${folder%/*}/${out##*/}/out" 2>/dev/null
done
exit "$code"
