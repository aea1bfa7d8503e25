owned "$here"
cd "$here" 2>/dev/null && [ -f request.json ] || {
    echo unstaged
    exit 0
}
[ ! -d started ] || {
    echo started
    exit 0
}
