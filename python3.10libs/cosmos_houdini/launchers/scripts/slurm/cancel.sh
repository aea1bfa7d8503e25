[ -d "$here" ] || exit 0
owned "$here"
cd "$here" || exit 1
[ ! -e exit_code ] || exit 0
: >cancelled
# A job that was never handed to Slurm cannot be handed over from now on.
! mkdir submitted 2>/dev/null || {
    mkdir started && echo 0 >started/pid
    rm -f secrets
    exit 0
}
find_slurm
name=- task=- id=
[ ! -f submitted/name ] || read -r name task <submitted/name
[ ! -f submitted/id ] || read -r id <submitted/id
# Slurm compares name and user too, because its numbers start again from 1 when it loses its state.
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
    # The command is repeated, because Slurm ignores one that comes while it starts the job.
    [ $((left % 20)) -ne 0 ] || said=$(end $going 2>&1)
    left=$((left - 1))
    sleep 0.5 2>/dev/null || sleep 1
done
rm -f secrets
