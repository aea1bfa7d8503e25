# Ends what a killed run.sh has left, be the job anybody's: its container, and secrets that nobody will read.
# $jobs is the current folder, and "$@" names the jobs whose containers the poll itself looks after.
sweep() {
    for left in */container */secrets; do
        [ -e "$left" ] || continue
        job=${left%/*}
        case $left in
        */secrets) sweep_secrets ;;
        *)
            case " $* " in *" $job "*) continue ;; esac
            alive || COSMOS_HOUDINI_JOB=$jobs/$job sh "$jobs/$job/run.sh" settle </dev/null >/dev/null 2>&1
            ;;
        esac
    done
}

sweep_secrets() {
    # Slurm may start the job again.
    [ ! -d "$job/submitted" ] || return 0
    if [ -d "$job/started" ]; then
        ! alive || return 0
    else
        # Its client may be about to start it.
        [ -n "$(find "$left" -mmin +60 2>/dev/null)" ] || return 0
    fi
    rm -f "$left"
}
