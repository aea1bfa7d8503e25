# Runs a command for at most $1 seconds, where the host can: what hangs there must not hold up the rest.
within() {
    if command -v timeout >/dev/null 2>&1; then timeout "$@"; else shift && "$@"; fi
}
