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
