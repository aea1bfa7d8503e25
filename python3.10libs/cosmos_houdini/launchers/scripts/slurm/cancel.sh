[ -d "$here" ] || exit 0
cd "$here" || exit 1
[ ! -e exit_code ] || exit 0
: >cancelled
# Never handed to Slurm, and from now on nobody can.
! mkdir submitted 2>/dev/null || {
    mkdir started && echo 0 >started/pid
    rm -f secrets
    exit 0
}
find_slurm
name=- task=- id=
[ ! -f submitted/name ] || read -r name task <submitted/name
[ ! -f submitted/id ] || read -r id <submitted/id
# Slurm compares name and user too: its numbers begin anew when its memory is lost.
end() { scancel --user="$(id -u)" --name="$name" "$@"; }

[ -z "$id" ] || end "$id" >/dev/null 2>&1
left=120
while :; do
    told=$(known "$name" "$task") || exit 1
    going=$(printf '%s\n' "$told" | grep -vE " ($over)\$" | cut -d ' ' -f 1)
    [ -n "$going" ] || break
    [ "$left" -gt 0 ] || {
        echo "Slurm does not end its job $going: $said" >&2
        exit 1
    }
    # Again now and then: what comes while a job is being started is lost on Slurm.
    [ $((left % 20)) -ne 0 ] || said=$(end $going 2>&1)
    left=$((left - 1))
    sleep 0.5 2>/dev/null || sleep 1
done
rm -f secrets
