# The program of the job as a process of the machine that Slurm chose. Slurm may end it and start it again, there or
# elsewhere. The rest is as in process.sh.
[ ! -e "$here/cancelled" ] || exit 0
export COSMOS_HOUDINI_JOB="$here"
restartable=yes
runner="$SLURM_JOB_ID ${SLURM_RESTART_COUNT:-0}"

# Whether Slurm put the job that runs here back into its queue, and this is its next start. Nobody else may go on.
resumed() {
    [ ! -e exit_code ] && [ ! -e cancelled ] || return 1
    read -r owner before <started/pid || return 1
    [ "$owner" = "${SLURM_JOB_ID-}" ] && [ "${SLURM_RESTART_COUNT:-0}" -gt "${before:-0}" ] || return 1
    said=
    [ ! -f state ] || read -r said _ <state
    [ "$said" = stopped ] || wait_for_quiet
    for log in stdout stderr; do
        [ ! -e "$log.log" ] || mv -f "$log.log" "$log.$before.log"
    done
    rm -rf out stopped && mkdir out
}

# A machine that Slurm has lost sight of may compute on, and is to write no more into this folder.
wait_for_quiet() {
    last=
    while beats=$(cat heartbeat 2>/dev/null) && [ "$beats" != "$last" ]; do
        last=$beats
        sleep "$quiet_s"
    done
}

# Slurm has chosen the GPUs already.
wait_for_gpus() {
    held=
    [ "$want" -eq 0 ] || held=${CUDA_VISIBLE_DEVICES-}
    [ -z "$held" ] || put gpus "$held"
}

# Whether Slurm ends this start. Why, Slurm alone knows, and it may start the job again: no exit code is written.
handed_back() {
    # Slurm signals one process after another: the program may have been the first, and each nap is another one.
    naps=10
    while [ "$1" -ne 0 ] && [ -z "$stopping" ] && [ "$naps" -gt 0 ]; do
        naps=$((naps - 1))
        sleep 0.1 2>/dev/null || sleep 1
    done
    [ "$stopping" ] && [ ! -e cancelled ] && [ ! -e stopped ] || return 1
    put state "stopped $began $(date +%s)"
    rm -f reserve
    [ -z "$beat" ] || kill "$beat" $memory 2>/dev/null || :
}
