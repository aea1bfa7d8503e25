# Proves that objects are what their names say. "$objects" is their folder and "$proofs" the one of the proofs; "$wanted"
# has a line 'ab/SHA256 BYTES' for each, or 'ab/SHA256 -' where the length is unknown.
# A proof names the inode, the length, the times and the boot for which a hash was right. Every change of a file changes
# its ctime, which no program can set, and a power failure ends the boot.

find_boot() {
    boot=
    if [ -r /proc/sys/kernel/random/boot_id ]; then
        read -r boot </proc/sys/kernel/random/boot_id
    else
        boot=$(sysctl -n kern.bootsessionuuid 2>/dev/null)
    fi
}

# Prints 'missing NAME' for each wanted object that is not there, and 'damaged NAME' for each that is something else.
prove() {
    set --
    while read -r object size; do
        if [ -f "$object" ] && is_own "$object"; then
            set -- "$@" "$object"
        else
            # A link, or a file that another user can still write to.
            rm -f "$object"
            echo "missing $object"
        fi
    done <<END
$wanted
END
    [ "$#" -gt 0 ] || return 0
    find_boot
    now=$(date +%s) unproven=
    stat_option=-c stat_format='%n %i %s %Y %Z'
    stat -c %i . >/dev/null 2>&1 || stat_option=-f stat_format='%N %i %z %m %c'
    told=$(stat "$stat_option" "$stat_format" "$@")
    set --
    while read -r object inode size written changed; do
        known='' proof="$inode $size $written $changed $boot"
        case "
$wanted
" in
        *"
$object $size
"* | *"
$object -
"*) ;;
        *)
            echo "damaged $object"
            continue
            ;;
        esac
        [ ! -f "$proofs/${object#*/}" ] || read -r known <"$proofs/${object#*/}"
        [ "$known" != "$proof" ] || [ -z "$boot" ] || continue
        set -- "$@" "$object"
        unproven="$unproven$object $proof
"
    done <<END
$told
END
    [ "$#" -eq 0 ] || compare "$(digests "$@")"
}

# Compares the hashes $1 with the names of what is unproven, in its order; a hash that is missing fits no name.
compare() {
    # shellcheck disable=SC2086 # a hash a line
    set -- $1
    while read -r object proof; do
        [ -n "$object" ] || continue
        if [ "${1-}" = "${object#*/}" ]; then note_proof; else echo "damaged $object"; fi
        [ "$#" -eq 0 ] || shift
    done <<END
$unproven
END
}

# A file of this second could be changed once more without another ctime, which counts seconds.
note_proof() {
    changed=${proof% "$boot"}
    [ -n "$boot" ] && [ "${changed##* }" -lt $((now - 1)) ] || return 0
    printf '%s\n' "$proof" >"$proofs/${object#*/}" 2>/dev/null
}

# Proves the objects that the links of the job in "$here" lead to; with "$again", also those that were proven before.
prove_inputs() {
    owned "$here" "$objects" "$proofs"
    mkdir -p "$proofs" && cd "$objects" 2>/dev/null || return 0
    wanted=$(find "$here/in" -type l -exec ls -l {} + 2>/dev/null |
        sed -n 's,^.* -> .*/objects/\(\([0-9a-f][0-9a-f]\)/\2[0-9a-f]\{62\}\)$,\1 -,p' | sort -u)
    [ -n "$wanted" ] || return 0
    [ -z "$again" ] || printf '%s\n' "$wanted" | while read -r object _; do rm -f "$proofs/${object#*/}"; done
    prove
}
