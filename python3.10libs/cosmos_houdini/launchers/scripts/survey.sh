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
    [ "$found" = "$size" ] || echo "missing $object"
done <<END
$wanted
END
echo disk
df -Pk .
