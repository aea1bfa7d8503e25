# Prints a line for every job named in "$@", the lines of the schedulers named in "$schedulers", the lengths of the
# logs, the ends of all logs in base64, and a last line, which proves that nothing was cut off. The shell itself does
# the work for each job, because starting a program for each of a thousand jobs would take seconds.
digits() { case $1 in '' | *[!0-9]*) digits=- ;; *) digits=$1 ;; esac }

# Whether a file of the job can be trusted. The job's program has changed a file that is longer than run.sh makes it.
readable() {
    case $long in *" $1 "*) return 1 ;; esac
    [ -f "$1" ]
}

# Whether run.sh of the job lives: a process has its number and its arguments.
alive() {
    pid=
    ! readable "$job/started/pid" || read -r pid <"$job/started/pid"
    digits "$pid"
    if [ "$digits" = - ]; then
        # A moment after its first act, run.sh has written no number yet.
        [ -z "$(find "$job/started" -prune -mmin +1 2>/dev/null)" ]
        return
    fi
    runs "$pid" "$jobs/$job/run.sh"
}

# Whether the job is running, perhaps only in a container whose run.sh was killed, or on another machine.
goes_on() {
    alive && return 0
    [ -e "$job/exit_code" ] || ! lives_elsewhere || return 0
    [ -e "$job/container" ] || return 1
    COSMOS_HOUDINI_JOB=$jobs/$job sh "$jobs/$job/run.sh" settle >/dev/null 2>&1
    [ $? -eq 1 ]
}

# Sets $scheduler to the scheduler that has the job, or to nothing.
find_scheduler() {
    for scheduler in $schedulers; do
        ! "is_of_$scheduler" || return 0
    done
    scheduler=
}

# Whether the folder of the job belongs to this user alone; see hosts/ownership.sh. "$long" has those that others may
# write to.
is_private() {
    is_own "$job" || {
        [ ! -e "$job" ] && [ ! -h "$job" ]
        return
    }
    case $long in *" $job "*) [ -z "$judged" ] ;; esac
}

# Sets $state and what the files of a started job tell.
look() {
    is_private || {
        state=foreign
        return
    }
    [ ! -f "$job/request.json" ] || state=staged
    [ ! -e "$job/oom_killed" ] || oom=1
    [ ! -e "$job/cancelled" ] || cancelled=1
    living=1
    # First the process, then the files: what has just ended has left its exit code before it went.
    find_scheduler
    if [ -z "$scheduler" ]; then
        [ -d "$job/started" ] || return 0
        goes_on || living=0
    fi
    ! readable "$job/state" || read -r said began ended <"$job/state"
    ! readable "$job/heartbeat" || read -r beat <"$job/heartbeat"
    if [ -f "$job/exit_code" ]; then
        state=ended
        ! readable "$job/exit_code" || read -r code <"$job/exit_code"
    elif [ $living = 1 ]; then
        case $said in running | ended) state=running ;; *) state=pending ;; esac
    elif [ $cancelled = 1 ]; then
        state=ended
    else
        state=vanished
        # It went away with the process that was to serve it, before its turn.
        [ "$said" != waiting ] || [ ! -e "$job/started/process_folder" ] || stopped=not_started
    fi
    ! readable "$job/stopped" || read -r stopped <"$job/stopped"
    [ -z "$scheduler" ] || [ "$code" = 0 ] || "collect_$scheduler"
    for log in stdout.log stderr.log waiting; do
        [ ! -s "$job/$log" ] || some="$some $spelling$job/$log"
    done
}

command -v base64 >/dev/null || exit 1
echo "poll $(date +%s) $spelling"
cd "$jobs" 2>/dev/null || jobs=
logs='' some='' long='' this_machine=
count=0
# One program finds the files that are too long and, by a name without a slash, the folders that others may write to.
[ "$#" -eq 0 ] || [ -z "$jobs" ] || long=" $(find -L "$@" -maxdepth 2 \( -type f -size +1 \
    \( -name exit_code -o -name state -o -name heartbeat -o -name stopped -o -name pid \
    -o -path '*/submitted/*' \) \) -o \( ! -path '*/*' \( -perm -020 -o -perm -002 \) \) 2>/dev/null | tr '\n' ' ')"
for job in "$@"; do
    state=absent said='' code='' beat='' began='' ended='' oom=0 cancelled=0 stopped=''
    [ -z "$jobs" ] || look
    printf 'job %s %s' "$job" "$state"
    for value in "$code" "$beat" "$began" "$ended"; do
        digits "$value"
        printf ' %s' "$digits"
    done
    case $stopped in stalled | timeout | lost | bad_input | not_started) ;; *) stopped=- ;; esac
    echo " $oom $cancelled $stopped"
    # A long string is copied whenever something is added to it.
    count=$((count + 1))
    [ $((count % 50)) -ne 0 ] || { logs="$logs$some" some=; }
done
logs="$logs$some"
[ -z "$jobs" ] || sweep "$@"
for scheduler in $schedulers; do "ask_$scheduler"; done
# Two files at least, so that each is told with its name. No log can hold the name as it is spelled here.
echo lengths
wc -c /dev/null $logs
if command -v gzip >/dev/null; then packing='gzip -1'; else packing='cat'; fi
echo "logs $packing"
tail -c "$tail_bytes" /dev/null $logs | $packing | base64
echo 'done'
