# The program of the job in a container; 'container' starts it with the options it is given and returns.
launch() {
    : >container
    [ -z "$held" ] || set -- --gpus "\"device=$held\""
    for lock in $places; do
        set -- "$@" --label "cosmos-houdini.$lock"
    done
    code=0
    container "$@" >/dev/null || {
        code=$?
        return
    }
    [ -z "$stopping" ] || stop
    until settle; do
        docker wait "$name" >/dev/null 2>&1 &
        await $!
        # The Docker Engine may be restarting: it is asked again, not hammered.
        [ "$status" -eq 0 ] || sleep 2
    done
}

stop() { docker stop -t 5 "$name" >/dev/null 2>&1; }

# Sets $code and returns 0 when the container has ended; 1 while it runs or nobody can tell, 2 when there is none.
settle() {
    found=$(docker container inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' "$name" 2>inspect.err) || {
        # With its folder gone, nobody waits for it.
        [ -d "$here" ] || {
            code=143
            return 0
        }
        case $(cat inspect.err) in
        *[Nn]o\ such\ container*) ;;
        *) return 1 ;;
        esac
        # Only the run.sh that started the container can tell that it is gone, and not yet made.
        [ -n "$beat" ] || return 2
        end_as lost "the container $name was removed by someone else"
        code=137
        return 0
    }
    read -r status code killed <<END
$found
END
    case $status in
    exited | dead) ;;
    *) return 1 ;;
    esac
    [ "$killed" != true ] || : >oom_killed
    # An entry point may have printed something before the program's own log began.
    [ "$code" -eq 0 ] || docker logs --tail 50 "$name" >>stderr.log 2>&1
    return 0
}

forget() { docker rm --force --volumes "$name" >/dev/null 2>&1; }

# A container whose run.sh was killed holds its GPU without holding the lock.
busy() { [ -n "$(docker ps --quiet --filter "label=cosmos-houdini.$1")" ]; }
resumed() { return 1; }
handed_back() { return 1; }
