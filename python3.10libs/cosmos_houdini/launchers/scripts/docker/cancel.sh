# Stops a container whose run.sh was killed.
sweep() {
    [ -e container ] && [ ! -e exit_code ] || return 0
    read -r root_id <"${here%/*/*}/id" || return 0
    found=$(docker ps --quiet --no-trunc --filter "label=cosmos-houdini.root=$root_id" \
        --filter "label=cosmos-houdini.job=$job" --filter "label=cosmos-houdini.folder=$here") &&
        { [ -z "$found" ] || docker stop -t 5 $found >/dev/null; } || exit 1
    COSMOS_HOUDINI_JOB=$here sh run.sh settle </dev/null >/dev/null 2>&1 || :
}
