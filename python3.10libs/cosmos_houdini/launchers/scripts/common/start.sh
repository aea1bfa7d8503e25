owned "$here"
cd "$here" || exit 1
if command -v setsid >/dev/null 2>&1; then
    COSMOS_HOUDINI_JOB=$here setsid sh "$here/run.sh" </dev/null >/dev/null 2>&1 &
else
    COSMOS_HOUDINI_JOB=$here nohup sh "$here/run.sh" </dev/null >/dev/null 2>&1 &
fi
# The connection may be lost right after this script, so the script waits until the job runs by itself.
left=100
until [ -s "$sign" ]; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || exit 1
    sleep 0.1 2>/dev/null || { sleep 1 && left=$((left - 9)); }
done
