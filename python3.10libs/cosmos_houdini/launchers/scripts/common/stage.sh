# Makes the folders "$@" and tells what is there already; standard input names the wanted objects, each with its size.
[ ! -d "$here/started" ] || {
    echo started
    exit 0
}
mkdir -p "$@" || exit 1
cd "$objects" || exit 1
# Names with a dot are uploads; what is a day old was cut off.
find . -name '*.*' -type f -mtime +0 -exec rm -f {} +
while read -r object size; do
    found=$(stat -c %s "$object" 2>/dev/null || stat -f %z "$object" 2>/dev/null)
    # A clean-up leaves alone what was wanted a short while ago, be it old.
    if [ "$found" = "$size" ]; then touch -c "$object" 2>/dev/null || :; else echo "missing $object"; fi
done <<END
$wanted
END
echo disk
df -Pk .
