# Looks at what has arrived: an upload "object.suffix" that has the hash in its name becomes that object, another goes.
digest() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum
    elif command -v shasum >/dev/null 2>&1; then shasum -a 256
    elif command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r
    else return 1
    fi | cut -c 1-64
}

cd "$objects" || exit 1
for object in $arrived; do
    wanted=${object##*/}
    found=$(digest <"$object.$suffix")
    [ -n "$found" ] || exit 3
    if [ "$found" = "$wanted" ]; then
        mv -f "$object.$suffix" "$object" || exit 1
    else
        rm -f "$object.$suffix"
        echo "corrupt $object"
    fi
done
