# The program of the job in a container; 'container' starts it with the options it is given, prints its id and returns.
id='' root_id='' secret_lines=

launch() {
    : >container
    know_root && hand_over || {
        say "$root/id or $here/home cannot be written"
        code=69
        return
    }
    set -- --name "cosmos-${here##*/}-$(printf %.8s "$root_id")" --label "cosmos-houdini.root=$root_id"
    [ -z "$held" ] || set -- "$@" --gpus "\"device=$held\""
    for lock in $places; do
        set -- "$@" --label "cosmos-houdini.$lock"
    done
    case $(docker info --format '{{.SecurityOptions}}' 2>/dev/null) in
    # There, root of a container is the user who runs the Docker Engine.
    *name=rootless*) set -- "$@" --user 0:0 ;;
    *)
        set -- "$@" --user "$(id -u):$(id -g)"
        for group in $(id -G); do
            set -- "$@" --group-add "$group"
        done
        ;;
    esac
    code=0
    id=$(container "$@") || {
        code=$?
        return
    }
    [ -z "$stopping" ] || stop
    until settle; do
        docker wait "$id" >/dev/null 2>&1 &
        await $!
        # The Docker Engine may be restarting: it is asked again, not hammered.
        [ "$status" -eq 0 ] || sleep 2
    done
}

# Secrets are kept in this shell alone until the container starts.
take_secret() {
    secret_lines="$secret_lines$1
"
}

# Makes the home of the program, and in it the secrets, which the container's own script reads and removes.
hand_over() {
    rm -rf home
    mkdir home || return
    [ -z "$secret_lines" ] || printf %s "$secret_lines" >home/secrets || return
    secret_lines=
}

# Sets $root_id. Two machines may have roots of one path, and one Docker Engine.
know_root() {
    [ -z "$root_id" ] || return 0
    [ -s "$root/id" ] || {
        od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$root/.id.$$" && echo >>"$root/.id.$$" &&
            { ln "$root/.id.$$" "$root/id" 2>/dev/null || [ -s "$root/id" ] || mv "$root/.id.$$" "$root/id"; }
        rm -f "$root/.id.$$"
    }
    read -r root_id <"$root/id"
}

# Prints the ids of the job's containers. Only labels tell them: a name may be anybody's.
own_containers() {
    know_root || return
    docker ps --all --quiet --no-trunc --filter "label=cosmos-houdini.root=$root_id" \
        --filter "label=cosmos-houdini.folder=$here"
}

stop() {
    running=$(own_containers 2>/dev/null) && [ "$running" ] || return 0
    docker stop -t 5 $running >/dev/null 2>&1
}

# Returns 0 and sets $code if the container has ended, 1 if it runs or its state is unknown, 2 if there is none.
settle() {
    [ "$id" ] || id=$(own_containers 2>/dev/null) || return 1
    [ "$id" ] || {
        missing
        return
    }
    found=$(docker container inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' "$id" 2>inspect.err) || {
        # With its folder gone, nobody waits for it.
        [ -d "$here" ] || {
            code=143
            return 0
        }
        case $(cat inspect.err) in
        *[Nn]o\ such\ container*) ;;
        *) return 1 ;;
        esac
        missing
        return
    }
    read -r status code killed <<END
$found
END
    case $status in
    exited | dead) ;;
    # It was made, and whoever was to start it is dead.
    created)
        [ -z "$beat" ] || return 1
        return 2
        ;;
    *) return 1 ;;
    esac
    [ "$killed" != true ] || : >oom_killed
    # An entry point may have printed something before the program's own log began.
    [ "$code" -eq 0 ] || docker logs --tail 50 "$id" >>stderr.log 2>&1
    return 0
}

# Only the run.sh that started the container can tell that it is gone, and not yet made.
missing() {
    [ -n "$beat" ] || return 2
    end_as lost "the container of the job was removed by someone else"
    code=137
}

# The file 'container' stays where the Docker Engine is out of reach: a later poll tries again.
forget() {
    rm -rf home
    left=$(own_containers 2>/dev/null) || return
    [ -z "$left" ] || docker rm --force --volumes $left >/dev/null 2>&1 || return
    rm -f container
}

# A container whose run.sh was killed holds its GPU without holding the lock.
busy() { [ -n "$(docker ps --quiet --filter "label=cosmos-houdini.$1")" ]; }
resumed() { return 1; }
handed_back() { return 1; }
