# Refuses the folders of a root that another user could have put there, or could change: what they hold would run as this
# user. A link is refused as well, whoever made it. Without "$judged" nothing is refused, as on Windows.

# Ends the script, and tells why $1 is refused.
foreign() {
    place=${1%/.}
    # shellcheck disable=SC2046 # the fields of ls become $1, $2 and $3
    set -- $(LC_ALL=C ls -ld "$1")
    printf 'cosmos-houdini: foreign %s %s %s %s\n' "$1" "$3" "$(id -un 2>/dev/null || id -u)" "$place" >&2
    exit 77
}

# Whether $1 belongs to this user and is no link.
is_own() {
    # shellcheck disable=SC3067 # POSIX has no -O, but dash, bash, busybox, ksh and zsh have it
    [ -z "$judged" ] || { [ -O "$1" ] && [ ! -h "$1" ]; }
}

# Refuses those of "$@" that are there and are not this user's alone.
owned() {
    [ -n "$judged" ] || return 0
    for place in "$@"; do
        { [ ! -e "$place" ] && [ ! -h "$place" ]; } || is_own "$place" || foreign "$place"
    done
    place=$(find "$@" -prune -type d \( -perm -020 -o -perm -002 \) 2>/dev/null)
    [ -z "$place" ] || foreign "${place%%
*}"
}
