# The program of the job as a process of this machine; 'program' turns the shell that calls it into the program.
launch() {
    # The program gets its own process group if the host can make one. Then one signal reaches all its processes.
    leader=
    ! command -v setsid >/dev/null || leader=setsid
    program &
    child=$!
    # The signal may have come before there was a child.
    [ -z "$stopping" ] || stop
    await "$child"
    code=$status
    [ -z "$leader" ] || kill -KILL "-$child" 2>/dev/null
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
