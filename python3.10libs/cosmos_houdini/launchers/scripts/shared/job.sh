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
