#!/bin/sh
here=/data/cosmos/jobs/sea-1f2e3d4c5b
locks=/data/cosmos/locks
gpus=''
want=1
need_mib=40960
per_gpu=1
alone=0
members=''
limit_s=7200
silence_s=1800
asking_s=60
beat_s=5
program() {
export HF_HOME=/data/hf
[ -z "$held" ] || export CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES="$held"
cd /opt/engine || exit 1
exec $leader python3 run.py --prompt 'it'"'"'s rain'
}

# The program of the job as a process of this machine; 'program' turns the shell that calls it into the program.
launch() {
    # The program gets its own process group if the host can make one. Then one signal reaches all its processes.
    leader=
    ! command -v setsid >/dev/null || leader=setsid
    kills=$(count_oom_kills)
    program &
    child=$!
    # The signal may have come before there was a child.
    [ -z "$stopping" ] || stop
    await "$child"
    code=$status
    [ -z "$leader" ] || kill -KILL "-$child" 2>/dev/null
    [ "$code" -ne 137 ] || [ "$stopping" ] || explain_kill
}

# Prints how many processes of the job's memory cgroup the kernel killed because memory ran out; nothing if unknown.
count_oom_kills() {
    [ -r /proc/self/cgroup ] || return 0
    while IFS=: read -r _ controllers group; do
        case ,$controllers, in
        ,,) counts=/sys/fs/cgroup$group/memory.events ;;
        *,memory,*) counts=/sys/fs/cgroup/memory$group/memory.oom_control ;;
        *) continue ;;
        esac
        [ -r "$counts" ] || continue
        while read -r name count; do
            [ "$name" != oom_kill ] || echo "$count"
        done <"$counts"
        return
    done </proc/self/cgroup
}

# Records whether the kernel killed the program because memory ran out, as far as the kernel's own records are readable.
explain_kill() {
    kills_now=$(count_oom_kills)
    if [ "$kills" ] && [ "$kills_now" ]; then
        if [ "$kills_now" -gt "$kills" ]; then
            : >oom_killed
        else
            say 'the program was killed, and the kernel counted no kill for want of memory'
        fi
    elif dmesg 2>/dev/null | grep -q "Killed process $child ("; then
        : >oom_killed
    fi
}

stop() {
    [ -n "$child" ] || return 0
    [ -n "$leader" ] && kill -TERM "-$child" 2>/dev/null || kill -TERM "$child" 2>/dev/null
}

# Secrets live in the environment from here on.
# shellcheck disable=SC2163 # the line is NAME=value
take_secret() { export "$1"; }
settle() { return 2; }
forget() { :; }
busy() { return 1; }
resumed() { return 1; }
handed_back() { return 1; }

# Prints the processes of the job in "$here". The label is a variable that run.sh was started with and hands down, which
# also tells a process that left its session, and is never true of another that got the same number later.
own() {
    if [ -r /proc/self/environ ]; then
        grep -lsxzF -- "COSMOS_HOUDINI_JOB=$here" /proc/[0-9]*/environ | cut -d / -f 3
    else
        ps -A -o pid= -o ppid= -o args= | RUN="$here/run.sh" awk '
            { parent[$1] = $2; order[NR] = $1; text = $0 " " }
            index(text, " " ENVIRON["RUN"] " ") { mine[$1] = 1 }
            END {
                do {
                    grown = 0
                    for (i = 1; i <= NR; i++)
                        if (!(order[i] in mine) && (parent[order[i]] in mine)) { mine[order[i]] = 1; grown = 1 }
                } while (grown)
                for (pid in mine) print pid
            }'
    fi
}

# Which GPUs of the host a job gets, and the wait for them. A job needs 'want' GPUs with 'need_mib' of memory free on
# each, out of 'gpus' (all, where that is empty); 'per_gpu' jobs share one, unless the job is to be 'alone'. Whether
# something without a lock has a place, the launcher's function 'busy' says.

# Prints a line "index total free" for each GPU, in MiB, the one with most room first.
gpu_table() {
    command -v nvidia-smi >/dev/null 2>&1 || return 0
    smi --query-gpu=index,memory.total,memory.free --format=csv,noheader,nounits 2>/dev/null |
        sed -n 's/^ *\([0-9][0-9]*\), *\([^,]*\), *\([^,]*\)$/\1 \2 \3/p' | sort -k 3,3nr -k 1,1n
}

# Whether $1 is a number of MiB that is too small. A GPU whose memory nvidia-smi does not know ("[N/A]") is not refused.
too_small() {
    case $1 in '' | *[!0-9]*) return 1 ;; esac
    [ "$1" -lt "$need_mib" ]
}

gib() {
    case $1 in *[!0-9]*) printf %s "$1" ;; *) echo $(($1 / 1024)) ;; esac
}

wanted() {
    if [ "$want" -eq 1 ]; then printf 'a GPU'; else printf '%s GPUs' "$want"; fi
    [ "$need_mib" -eq 0 ] || printf ' with %s GiB %s' "$(gib "$need_mib")" "$1"
}

# Ends a job that would wait forever.
check_gpus() {
    fit=0 told=
    for gpu in $gpus; do
        # shellcheck disable=SC2046 # index, total and free memory become $1, $2 and $3
        set -- $(printf '%s\n' "$table" | grep "^$gpu ")
        if [ -n "$table" ] && [ "$#" -eq 0 ]; then
            told="$told, no GPU $gpu"
        else
            told="$told, GPU $gpu with $(gib "${2-?}") GiB"
            too_small "${2-}" || fit=$((fit + 1))
        fi
    done
    [ "$fit" -ge "$want" ] || {
        end_as bad_input "the job needs $(wanted 'of memory'); this host has ${told#, }"
        finish 69
    }
}

# Sets $open to the locks of GPU $1 that the job would take. If they are taken, $open is empty and $taken names the
# owner.
look_at() {
    open='' taken=
    place=1
    while [ "$place" -le "$per_gpu" ]; do
        lock=gpu$1
        [ "$place" -eq 1 ] || lock=$lock.$place
        [ ! -h "$locks/$lock" ] || {
            end_as bad_input "$locks/$lock is a link, which this program never makes; remove it"
            finish 69
        }
        exec 7>>"$locks/$lock"
        if flock -n 7 && ! busy "$lock"; then
            open="$open $lock"
            [ "$alone" -eq 1 ] || place=$per_gpu
        else
            read -r owner <"$locks/$lock" || owner='another job'
            taken="$taken, GPU $1 runs $owner"
        fi
        exec 7>&-
        place=$((place + 1))
    done
    [ "$alone" -eq 0 ] || [ -z "$taken" ] || open=
}

# The process that holds the file of a lock open owns the lock: here a cat that waits for the end of the pipe 'hold'.
# This script and its program hold the other end, so the GPUs become free when the last of them is gone, for any reason.
take_gpus() {
    held='' places='' told='' pause_s=1
    count=0
    exec 9>>"$locks/choice"
    flock 9
    for gpu in $gpus; do
        look_at "$gpu"
        if [ -n "$open" ]; then count=$((count + 1)); else told="$told$taken"; fi
    done
    # Only now: the answer takes a second on some machines, and many jobs may wait.
    if [ "$count" -ge "$want" ]; then pick; fi
    for lock in $places; do
        exec 7>>"$locks/$lock"
        flock 7
        printf '%s\n' "${here##*/}" >"$locks/$lock"
        cat <&6 8>&- 9>&- >/dev/null 2>&1 &
        exec 7>&-
    done
    exec 9>&-
    [ -n "$held" ]
}

# Sets $held and $places to GPUs with a free place and enough memory, or $told to the reason why there are none.
pick() {
    table=$(gpu_table)
    told='' count=0
    for gpu in $(if [ -n "$table" ]; then printf '%s\n' "$table" | cut -d ' ' -f 1; else echo "$gpus"; fi); do
        case " $(echo $gpus) " in *" $gpu "*) ;; *) continue ;; esac
        [ "$count" -lt "$want" ] || return 0
        look_at "$gpu"
        [ -n "$open" ] || {
            told="$told$taken"
            continue
        }
        # shellcheck disable=SC2046 # index, total and free memory become $1, $2 and $3
        set -- $(printf '%s\n' "$table" | grep "^$gpu ")
        if too_small "${3-}"; then
            told="$told, GPU $gpu has $(gib "$3") of $(gib "$2") GiB free"
        else
            held="$held${held:+,}$gpu"
            places="$places $open"
            count=$((count + 1))
        fi
    done
    [ "$count" -ge "$want" ] || held='' places='' pause_s=5
}

wait_for_gpus() {
    held='' places=
    [ "$want" -gt 0 ] || return 0
    table=$(gpu_table)
    [ -n "$gpus" ] || gpus=$(printf '%s\n' "$table" | cut -d ' ' -f 1 | sort -n)
    [ -n "$gpus" ] || return 0
    command -v flock >/dev/null 2>&1 || {
        say "this host has no program flock, without which GPUs cannot be shared safely; install util-linux"
        finish 69
    }
    check_gpus
    mkdir -p "$locks"
    # Held by another, it says nothing; on a disk that cannot lock, and would make every GPU look taken, it says so.
    said=$(flock -n "$locks/choice" true 2>&1) || [ -z "$said" ] || {
        end_as bad_input "GPUs cannot be shared safely: the disk of $locks cannot lock files (${said##*: }); put the root elsewhere"
        finish 69
    }
    rm -f hold
    mkfifo hold || finish 69
    # Opened here: a cat that had to open it by itself could come after the pipe's name is gone, and let go of its lock.
    exec 8<>hold 6<hold
    rm -f hold
    until take_gpus; do
        put waiting "$(wanted free): ${told#, }"
        sleep "$pause_s" &
        await $!
        [ -z "$stopping" ] || finish 143
    done
    exec 6<&-
    rm -f waiting
    put gpus "$held"
}

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
