#!/bin/sh
here=/data/cosmos/jobs/sea-1f2e3d4c5b
limit_s=7200
silence_s=1800
asking_s=60
beat_s=5

# One of several jobs that one process serves. run.sh of the process (see process.sh) starts this script with two
# variables: 'process_folder' is the folder of the process, 'turn' the number of this job among the others. The job
# waits for its turn as if for a GPU. Then it copies its share of the logs until the next job's turn begins or the
# process ends.
process_folder=${process_folder-} turn=${turn-}
asked=0

# The process sees nothing of the job's folder but its inputs and outputs.
forget() { : >in/ended; }
settle() { return 2; }
resumed() { return 1; }
handed_back() { return 1; }
# The loop of 'launch' stops the process, unless the job's turn is over by then.
stop() { :; }

pause() {
    sleep 1 &
    await $!
}

# Reads the folder of the process: whether it has ended (over), whose turn it is (now; 0 before the start), and where
# the job's shares of the logs begin and end. It reads 'looked' first: 'turns' is complete up to that place of the logs.
look() {
    over='' now=0 upto=0 upto_errors=0 from='' to=
    [ ! -e "$process_folder/exit_code" ] || over=yes
    [ ! -f "$process_folder/looked" ] || read -r upto upto_errors <"$process_folder/looked"
    [ ! -f "$process_folder/turns" ] || while read -r number place errors; do
        now=$number
        if [ "$number" -eq "$turn" ]; then
            from=$place from_errors=$errors
        elif [ "$number" -gt "$turn" ] && [ -z "$to" ]; then
            to=$place to_errors=$errors
        fi
    done <"$process_folder/turns"
}

# If the script of the process was killed, one of its jobs ends what is left of the process.
look_after() {
    read -r pid <"$process_folder/started/pid" && runs "$pid" "$process_folder/run.sh" && return
    [ ! -e "$process_folder/exit_code" ] && mkdir "$process_folder/abandoned" 2>/dev/null || return 0
    sh "$process_folder/run.sh" end >/dev/null 2>&1
    [ -e "$process_folder/exit_code" ] || echo 137 >"$process_folder/exit_code"
}

# Ends a job whose turn never came; this is no failure of the job.
pass_over() {
    end_as not_started 'the process that serves this job with others ended, or goes on, without it'
    finish 143
}

wait_for_gpus() {
    held='' told=
    put started/process_folder "$process_folder"
    while :; do
        look
        [ -z "$from" ] || break
        [ -z "$stopping" ] || finish 143
        [ -z "$to" ] && [ ! -e withdrawn ] || pass_over
        if [ "$over" ]; then
            # A process that could not even be started is the failure of its first job.
            [ "$turn" -eq 1 ] && [ ! -e "$process_folder/disbanded" ] || pass_over
            from=0 from_errors=0
            break
        fi
        tell_why
        look_after
        pause
    done
    rm -f waiting
    [ ! -s "$process_folder/gpus" ] || read -r held <"$process_folder/gpus"
    [ -z "$held" ] || put gpus "$held"
    [ ! -s "$process_folder/image" ] || cp "$process_folder/image" image
}

tell_why() {
    why='a GPU'
    if [ "$now" -gt 0 ]; then
        why="its turn, $((turn - now)) before it in the same process
$((turn - now))"
    elif [ -s "$process_folder/waiting" ]; then
        read -r why <"$process_folder/waiting"
    fi
    [ "$why" = "$told" ] || put waiting "$why"
    told=$why
}

# Copies log $1 from byte $2 to byte $3.
copy() {
    [ "$3" -le "$2" ] || tail -c +$(($2 + 1)) "$process_folder/$1.log" | head -c $(($3 - $2)) >>"$1.log"
}

launch() {
    copied=$from copied_errors=$from_errors
    code=
    until [ "$code" ]; do
        look
        if [ "$to" ]; then
            upto=$to upto_errors=$to_errors code=0
        elif [ "$over" ]; then
            upto=$(($(wc -c <"$process_folder/stdout.log"))) upto_errors=$(($(wc -c <"$process_folder/stderr.log")))
            take_verdict
        fi
        copy stdout "$copied" "$upto"
        copy stderr "$copied_errors" "$upto_errors"
        copied=$upto copied_errors=$upto_errors
        [ -z "$code" ] || break
        [ -z "$stopping" ] || ask_process
        look_after
        pause
    done
}

# Sets $code to the exit code of the process, and records the reason that the script of the process left.
take_verdict() {
    read -r code <"$process_folder/exit_code"
    case $code in '' | *[!0-9]*) code=137 ;; esac
    [ ! -e "$process_folder/oom_killed" ] || : >oom_killed
    [ ! -e stopped ] || return 0
    if [ -e "$process_folder/disbanded" ]; then
        end_as not_started 'the process was stopped in its first moment, as another of its jobs had left it'
    elif [ "$code" -ne 0 ] && has_begun_late; then
        end_as not_started 'the process was stopped for a job before this one, and had just begun with this one'
    elif [ -e "$process_folder/abandoned" ]; then
        end_as lost 'the script of the process was killed'
    elif [ -s "$process_folder/stopped" ]; then
        read -r why <"$process_folder/stopped"
        put stopped "$why"
    fi
}

# Whether the process was stopped for the sake of an earlier job.
has_begun_late() {
    [ -s "$process_folder/left" ] && read -r left <"$process_folder/left" && [ "$turn" -gt "$left" ]
}

# Stops the process for this job. A second signal kills it.
ask_process() {
    asked=$((asked + 1))
    case $asked in 1 | 8) ;; *) return 0 ;; esac
    put "$process_folder/left" "$turn"
    read -r pid <"$process_folder/started/pid" && runs "$pid" "$process_folder/run.sh" && kill -TERM "$pid"
}

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

# Whether the process $1 runs the script $2: another process may have its number by now.
runs() {
    if [ -r /proc/self/cmdline ]; then
        arguments=
        { IFS= read -r arguments <"/proc/$1/cmdline"; } 2>/dev/null
    else
        arguments=$(ps -o args= -p "$1" 2>/dev/null)
    fi
    case $arguments in *"$2") ;; *) false ;; esac
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
