# Makes the folders "$@", and prints each object of "$wanted" (PLACE SIZE a line) that is missing, and the room on the
# disk.
[ ! -d "$here/started" ] || {
    echo started
    exit 0
}
mkdir -p "$@" || exit 1
cd "$objects" || exit 1
# Names with a dot are uploads; nobody continues one that is a day old.
find . -name '*.*' -type f -mtime +0 -exec rm -f {} +
while read -r object size; do
    found=$(stat -c %s "$object" 2>/dev/null || stat -f %z "$object" 2>/dev/null)
    # The new time keeps a clean-up from removing an old object that a job needs now.
    if [ "$found" = "$size" ]; then touch -c "$object" 2>/dev/null || :; else echo "missing $object"; fi
done <<END
$wanted
END
echo disk
df -Pk .
