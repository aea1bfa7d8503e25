# Lists the items below the root, and sets "$@" to the folders of jobs for the poll that follows. The client believes
# only names that look like those that this project gives.
export LC_ALL=C
cd "$root" || exit 1
set --
stat_option=-c stat_format='%Y %s %n'
stat -c %Y . >/dev/null 2>&1 || stat_option=-f stat_format='%m %z %N'

# Prints age and length of each file below "$1", after the word "$1" and under its path from there.
files() {
    [ -d "$1" ] || return 0
    (cd "$1" && find . -type f -exec stat "$stat_option" "$stat_format" {} +) | sed "s,^,$1 ,"
}

# Prints the age of the newest file of each job (its last sign of life), its size and its links to objects.
job_folders() {
    find . ! -name . \( -path './*/*' -prune -o -type d \) -exec stat "$stat_option" "$stat_format" {} + |
        awk '{ split($3, part, "/"); if ($1 + 0 > newest[part[2]] + 0) newest[part[2]] = $1 }
            END { for (name in newest) print "age " newest[name] " " name }'
    find . ! -name . -prune -type d -exec du -sk {} + | sed 's,^,size ,'
    find . \( -path './*/out' -prune \) -o -type l -exec ls -l {} + |
        sed -n 's,^.* \./\([A-Za-z0-9_.-]*\)/.* -> .*objects/../\([0-9a-f]\{64\}\)$,link \1 \2,p'
}

echo "now $(date +%s)"
if [ -d jobs ]; then
    (cd jobs && job_folders)
    # shellcheck disable=SC2010,SC2046 # grep lets only names pass that hold no blanks
    set -- $(cd jobs && ls | grep -Ex '[A-Za-z0-9][A-Za-z0-9_.-]*-[0-9a-f]{10}(\.[0-9]{1,6})?(\.shared)?')
fi
files objects
files incoming
