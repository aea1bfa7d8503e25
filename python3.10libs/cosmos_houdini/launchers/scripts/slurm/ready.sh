owned "$here"
cd "$here" 2>/dev/null && [ -f request.json ] || {
    echo unstaged
    exit 0
}
# A job may run before its number was noted, which is still to be done then.
[ ! -s submitted/id ] && [ ! -e cancelled ] && [ ! -e exit_code ] || {
    echo started
    exit 0
}
