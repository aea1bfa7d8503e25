# The part of run.sh that is the same for every job and launcher. It follows the job's own values (here, want, limit_s
# ...) and the functions launch, stop, settle, forget, resumed, handed_back, wait_for_gpus and own.
umask 077
cd "$here" || exit 1

say() { printf 'cosmos-houdini: %s\n' "$1" >&2; }

# A reader sees the old content or the new one, never a part.
put() {
    half=$1.new
    printf '%s\n' "$2" >"$half" && mv -f "$half" "$1"
}

smi() {
    if command -v timeout >/dev/null 2>&1; then timeout 60 nvidia-smi "$@"; else nvidia-smi "$@"; fi
}

finish() {
    ! handed_back "$1" || exit 143
    rm -f secrets reserve inspect.err waiting
    put state "ended $began $(date +%s)"
    # On a full disk the job waits for room as long as its folder exists. A poll that settles the job must not wait.
    until put exit_code "$1"; do
        [ -n "$beat" ] || exit 1
        [ -d "$here" ] || {
            forget
            exit 1
        }
        sleep 5
    done
    forget
    [ -z "$beat" ] || kill "$beat" $memory 2>/dev/null
    # A batch system records the failure in its accounting too.
    [ -z "${restartable-}" ] || exit "$1"
    exit 0
}

# Calls the function $1 now and every $2 seconds until the job ends.
keep() {
    nap='' half=
    trap '[ -z "$nap" ] || kill "$nap" 2>/dev/null; [ -z "$half" ] || rm -f "$half"; exit 0' TERM
    while kill -0 "$$" 2>/dev/null && [ ! -e exit_code ]; do
        "$1"
        sleep "$2" &
        nap=$!
        wait "$nap"
    done
}

# The time is text, and not the file's own time, because a poll of many jobs reads text without starting a program.
beat_once() {
    put heartbeat "$(date +%s)"
    watch
}

# Records the GPUs of the job and the most memory that was in use on any of them. It is separate from the heartbeat,
# which must not wait for a driver that hangs.
note_memory() {
    told=$(smi --query-gpu=memory.used,name,driver_version --format=csv,noheader,nounits -i "$held") || exit 0
    used=$(printf '%s\n' "$told" | cut -d , -f 1 | sort -n | tail -n 1)
    case $used in '' | *[!0-9]*) return ;; esac
    [ "$used" -gt "$most" ] || return
    most=$used
    put gpu_memory "$used
$told"
}

# Stops a program that runs for too long or shows no sign of life, and one whose folder was removed, because nobody
# could find its results. A file system may be away for a moment, so the folder may be missing for five beats. Time is
# counted in beats, because a clock may jump and a machine may sleep.
watch() {
    if [ -d "$here" ]; then away=0; else away=$((away + 1)); fi
    [ "$away" -lt 6 ] || ask_to_stop
    said=
    [ ! -f state ] || read -r said _ <state
    [ "$said" = running ] || return 0
    ran_s=$((ran_s + beat_s))
    silent_s=$((silent_s + beat_s))
    before=$lengths
    lengths=$(wc -c stdout.log stderr.log 2>/dev/null)
    if [ "$lengths" != "$before" ] || gpu_works; then silent_s=0; fi
    if [ -e stopped ]; then
        ask_to_stop
    elif [ "$limit_s" -gt 0 ] && [ "$ran_s" -ge "$limit_s" ]; then
        end_as timeout "the program runs for longer than the $((limit_s / 60)) min that it may; stopping it"
        ask_to_stop
    elif [ "$silence_s" -gt 0 ] && [ "$silent_s" -ge "$silence_s" ]; then
        end_as stalled "no new line in the log and no work on its GPU for $((silence_s / 60)) min; stopping the program"
        ask_to_stop
    fi
}

# Whether a GPU of the job works. A GPU is idle for moments between two steps, so this asks at every beat after the log
# has been silent for a minute.
gpu_works() {
    [ "$silent_s" -ge "$asking_s" ] && [ -s gpus ] || return 1
    read -r mine <gpus
    used=$(smi -i "$mine" --query-gpu=utilization.gpu --format=csv,noheader,nounits 2>/dev/null) || return 1
    case $used in *[1-9]*) ;; *) false ;; esac
}

# Records the class of failures to which the end belongs, and logs the reason.
end_as() {
    put stopped "$1"
    say "$2" 2>>stderr.log
}

# The second signal kills, so it comes only after the first one had enough time.
ask_to_stop() {
    if [ "$grace_s" -le 0 ]; then
        kill -TERM "$$"
        grace_s=45
    fi
    grace_s=$((grace_s - beat_s))
}

on_signal() {
    interrupted=yes
    if [ -z "$stopping" ]; then
        stopping=yes
        stop
        return
    fi
    for pid in $(own); do
        [ "$pid" = "$$" ] || kill -KILL "$pid" 2>/dev/null
    done
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

# The file has done its service, unless the job may be started again.
read_secrets() {
    [ -f secrets ] || return 0
    while IFS= read -r line; do
        [ -z "$line" ] || take_secret "$line"
    done <secrets
    [ "${restartable-}" ] || rm -f secrets
}

beat=
memory=
most=-1
ran_s=0 silent_s=0 grace_s=0 away=0
lengths=
began=-
stopping=
# shellcheck disable=SC2034 # common/process.sh reads it, where that is a part
child=
# A shared process without its script is ended, but only when none of its members is left to do so.
if [ "${1-}" = settle ] && [ "${members-}" ]; then
    is_deserted || exit 1
    set -- end
fi
if [ "${1-}" = settle ]; then
    # This script was killed while its container ran on. Record how the container ended, if it has.
    read -r _ began _ <<END
$(head -c 80 state 2>/dev/null)
END
    if [ ! -e exit_code ]; then
        settle && finish "$code"
        [ $? -eq 2 ] || exit 1
    fi
    forget
    exit 2
elif [ "${1-}" = end ]; then
    # This script of a shared process was killed, and a member found out. End what is left of the process.
    [ ! -e exit_code ] || {
        forget
        exit 0
    }
    read -r _ began _ <<END
$(head -c 80 state 2>/dev/null)
END
    for pid in $(own); do
        [ "$pid" = "$$" ] || kill -KILL "$pid" 2>/dev/null
    done
    stop
    settle || code=137
    account
    finish "$code"
fi

# The process that makes this folder runs the job; all others leave.
mkdir started 2>/dev/null || resumed || exit 0
echo "${runner:-$$}" >started/pid || exit 1
# Numbers of processes mean nothing on another machine that shares the root, nor after the next start of this one.
{ cat /proc/sys/kernel/random/boot_id 2>/dev/null || uname -n; } >started/machine
exec </dev/null >>stdout.log 2>>stderr.log
trap on_signal TERM HUP INT
put state waiting
# Room for the last words of a job that fills the disk.
dd if=/dev/zero of=reserve bs=4096 count=8 2>/dev/null
keep beat_once "$beat_s" >/dev/null 2>&1 &
beat=$!
[ -z "${members-}" ] || gather
read_secrets
wait_for_gpus
[ -z "$stopping" ] || finish 143
if [ "$held" ] && command -v nvidia-smi >/dev/null 2>&1; then
    keep note_memory "$beat_s" >/dev/null 2>&1 &
    memory=$!
fi
began=$(date +%s)
put state "running $began"
[ -z "${members-}" ] || conduct
launch
[ -z "${members-}" ] || account
finish "$code"
