# Makes the folders "$@" and tells what is there already; standard input names the wanted objects, each with its size.
[ ! -d "$here/started" ] || {
    echo started
    exit 0
}
mkdir -p "$@" || exit 1
cd "$objects" || exit 1
while read -r object size; do
    found=$(stat -c %s "$object" 2>/dev/null || stat -f %z "$object" 2>/dev/null)
    [ "$found" = "$size" ] || echo "missing $object"
done <<END
$wanted
END
echo disk
df -Pk .
