# The part of run.sh that is the same for every job and launcher. Before it stand the job's own values (here, want,
# gpus, locks) and functions (launch, stop, settle, forget, busy).
umask 077
cd "$here" || exit 1

say() { printf 'cosmos-houdini: %s\n' "$1" >&2; }

# A reader sees the old content or the new one, never a part.
put() { printf '%s\n' "$2" >"$1.new" && mv -f "$1.new" "$1"; }

finish() {
    rm -f secrets reserve inspect.err
    put state "ended $began $(date +%s)"
    # On a full disk the job waits for room, for as long as it has a folder; a poll that settles it must not.
    until put exit_code "$1"; do
        [ -n "$beat" ] && [ -d "$here" ] || exit 1
        sleep 5
    done
    forget
    [ -z "$beat" ] || kill "$beat" 2>/dev/null
    exit 0
}

# Touching would do for people; the time as text needs no program to be read, and many jobs are polled at once.
keep_beating() {
    nap=
    trap '[ -z "$nap" ] || kill "$nap" 2>/dev/null; exit 0' TERM
    while kill -0 "$$" 2>/dev/null && [ ! -e exit_code ]; do
        put heartbeat "$(date +%s)"
        sleep 5 &
        nap=$!
        wait "$nap"
    done
}

on_signal() {
    interrupted=yes
    stopping=yes
    stop
}

# Sets $status to the exit code of a child; a signal ends the wait, not the child.
await() {
    status=
    interrupted=yes
    while [ "$interrupted" ]; do
        interrupted=
        wait "$1" 2>/dev/null
        got=$?
        # 127 after an interrupted wait only says that the child had ended before the signal came.
        [ "$got" -eq 127 ] && [ "$status" ] || status=$got
    done
}

# Secrets live in the environment from here on; the file has done its service.
read_secrets() {
    [ -f secrets ] || return 0
    while IFS= read -r line; do
        [ -z "$line" ] || export "$line"
    done <secrets
    rm -f secrets
}

# A lock belongs to whoever holds its file open: here a cat that waits for the end of the pipe 'hold'. This script and
# the program it starts hold the other end, so the GPUs are free when the last of them is gone, however it went.
take_gpus() {
    held=
    count=0
    holders=
    exec 9>>"$locks/choice"
    flock 9
    for gpu in $gpus; do
        [ "$count" -lt "$want" ] || break
        exec 7>>"$locks/gpu$gpu"
        if flock -n 7 && ! busy "$gpu"; then
            cat <&6 8>&- 9>&- >/dev/null 2>&1 &
            holders="$holders $!"
            held="$held${held:+,}$gpu"
            count=$((count + 1))
        fi
        exec 7>&-
    done
    exec 9>&-
    [ "$count" -lt "$want" ] || return 0
    for holder in $holders; do
        kill "$holder" 2>/dev/null
        wait "$holder" 2>/dev/null
    done
    return 1
}

wait_for_gpus() {
    held=
    [ -n "$gpus" ] && [ "$want" -gt 0 ] || return 0
    command -v flock >/dev/null 2>&1 || {
        say "this host has no program flock, without which GPUs cannot be shared safely; install util-linux"
        finish 69
    }
    mkdir -p "$locks"
    rm -f hold
    mkfifo hold || finish 69
    # Opened here: a cat that had to open it by itself could come after the pipe's name is gone, and let go of its lock.
    exec 8<>hold 6<hold
    rm -f hold
    until take_gpus; do
        sleep 1 &
        await $!
        [ -z "$stopping" ] || finish 143
    done
    exec 6<&-
}

beat=
began=-
stopping=
child=
if [ "${1-}" = settle ]; then
    # This script was killed while its container lived on: write down how that ended, if it has.
    read -r _ began _ <<END
$(head -c 80 state 2>/dev/null)
END
    settle && finish "$code"
    exit
fi

# Whoever makes this folder runs the job; all others leave.
mkdir started 2>/dev/null || exit 0
echo "$$" >started/pid || exit 1
exec </dev/null >>stdout.log 2>>stderr.log
trap on_signal TERM HUP INT
put state waiting
# Room for the last words of a job that fills the disk.
dd if=/dev/zero of=reserve bs=4096 count=8 2>/dev/null
keep_beating >/dev/null 2>&1 &
beat=$!
read_secrets
wait_for_gpus
[ -z "$stopping" ] || finish 143
began=$(date +%s)
put state "running $began"
launch
finish "$code"
