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
