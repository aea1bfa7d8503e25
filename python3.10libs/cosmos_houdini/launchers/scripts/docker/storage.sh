# Only containers that have ended, or were never started, can be left over.
docker ps --all --no-trunc --filter label=cosmos-houdini.folder \
    --filter status=exited --filter status=dead --filter status=created \
    --format 'container {{.ID}} {{.Label "cosmos-houdini.folder"}}' || exit 1
