# Makes the folders "$@", and prints each object of "$wanted" (PLACE SIZE a line) that is missing or damaged ("missing
# $object"), and the room on the disk.
[ ! -d "$here/started" ] || {
    echo started
    exit 0
}
owned "$here"
mkdir -p "$@" || exit 1
owned "$@"
cd "$objects" || exit 1
# Names with a dot are uploads; nobody continues one that is a day old.
find . -name '*.*' -type f -mtime +0 -exec rm -f {} +
find "$proofs" -type f -mtime +0 -exec rm -f {} +
if [ -n "$wanted" ]; then
    # The new time keeps a clean-up from removing an old object that a job needs now. It ends the proof, so it is rare.
    # shellcheck disable=SC2046 # names without spaces
    find $(printf '%s\n' "$wanted" | cut -d ' ' -f 1) -type f -mmin +720 -exec touch -c {} + 2>/dev/null
    prove
fi
echo disk
df -Pk .
