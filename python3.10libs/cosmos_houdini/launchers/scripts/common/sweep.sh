# Ends what a killed run.sh has left, be the job anybody's: its container, and secrets that nobody will read.
# $jobs is the current folder, and "$@" names the jobs whose containers the poll itself looks after.
sweep() {
    for left in */container */secrets; do
        [ -e "$left" ] || continue
        job=${left%/*}
        # The script of somebody else, or one that somebody else could have written, is not run.
        (owned "$jobs/$job") 2>/dev/null || continue
        # A job that made the file longer than a number is to hold no poll of others up.
        long=" $(find "$job/started/pid" -size +1 2>/dev/null) "
        case $left in
        */secrets) sweep_secrets ;;
        *)
            case " $* " in *" $job "*) continue ;; esac
            alive || lives_elsewhere || COSMOS_HOUDINI_JOB=$jobs/$job sh "$jobs/$job/run.sh" settle </dev/null >/dev/null 2>&1
            ;;
        esac
    done
}

# Whether run.sh of the job, which is no process here, beats its heart on another machine that shares the root.
lives_elsewhere() {
    [ "$this_machine" ] || this_machine=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || uname -n)
    its_machine=$(head -c 100 "$job/started/machine" 2>/dev/null)
    [ "${its_machine:-$this_machine}" != "$this_machine" ] && [ -n "$(find "$job/heartbeat" -mmin -2 2>/dev/null)" ]
}

sweep_secrets() {
    # Slurm may start the job again.
    [ ! -d "$job/submitted" ] || return 0
    if [ -d "$job/started" ]; then
        ! alive && ! lives_elsewhere || return 0
    else
        # Its client may be about to start it.
        [ -n "$(find "$left" -mmin +60 2>/dev/null)" ] || return 0
    fi
    rm -f "$left"
}
