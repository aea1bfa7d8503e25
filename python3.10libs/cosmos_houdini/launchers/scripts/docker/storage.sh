# Only containers that have ended, or were never started, can be left over. A root without an id never had any.
[ ! -s "$root/id" ] || {
    read -r root_id <"$root/id"
    docker ps --all --no-trunc --filter "label=cosmos-houdini.root=$root_id" --filter label=cosmos-houdini.folder \
        --filter status=exited --filter status=dead --filter status=created \
        --format 'container {{.ID}} {{.Label "cosmos-houdini.folder"}}' || exit 1
}
