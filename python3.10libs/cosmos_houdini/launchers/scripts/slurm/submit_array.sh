# Hands the jobs "$@" to Slurm as the tasks of one array; the number of a task is its place in "$@". Jobs that this or
# another client has handed over already are left out. The folder of each job records its fate.
cd "$jobs" || exit 1
find_slurm
tasks=
number=0
for job in "$@"; do
    number=$((number + 1))
    [ ! -e "$job/cancelled" ] && mkdir "$job/submitted" 2>/dev/null || continue
    printf '%s %s\n' "$name" "$number" >"$job/submitted/name" || exit 1
    tasks="$tasks${tasks:+,}$number"
done
[ -n "$tasks" ] || exit 0
code=0
said=$(printf '%s' "$script" | sbatch --parsable --array="$tasks" 2>&1) || code=$?
id=$(number_in "$said")
number=0
for job in "$@"; do
    number=$((number + 1))
    case ",$tasks," in *",$number,"*) ;; *) continue ;; esac
    if [ "$code" -eq 0 ] && [ -n "$id" ]; then
        printf '%s_%s\n' "$id" "$number" >"$job/submitted/id.new" && mv -f "$job/submitted/id.new" "$job/submitted/id"
    elif [ "$code" -ne 0 ] && refuses "$(last_line "$said")"; then
        rm -rf "$job/submitted"
    fi
done
