# The part of the poll for jobs that Slurm has. It asks Slurm once for all of them.
batch=

is_of_slurm() { [ -s "$job/submitted/name" ] && readable "$job/submitted/name"; }

collect_slurm() {
    id=-
    ! readable "$job/submitted/id" || read -r id <"$job/submitted/id"
    read -r name task <"$job/submitted/name"
    batch="$batch$job $name $task ${id:--}
"
}

# Prints 'JOB NUMBER STATE REASON' for each line of $batch, from lines 'NUMBER NAME STATE REASON'; '-' is unknown.
# If two jobs have the name, the one with the noted number counts, or else one that has not ended.
matched() {
    printf '%s\n%s\n' "$batch" "$1" | OVER="$over" awk '
        function is_over(state) { return index("|" ENVIRON["OVER"] "|", "|" state "|") > 0 }
        !answers && !NF { answers = 1; next }
        !answers { jobs++; job[jobs] = $1; place[$2 " " $3] = jobs; noted[jobs] = number[jobs] = $4; next }
        {
            task = "-"
            if (split($1, parts, "_") == 2) task = parts[2]
            i = place[$2 " " task]
            if (!i || state[i] && (number[i] == noted[i] || $1 != noted[i] && is_over($3))) next
            number[i] = $1; state[i] = $3; reason[i] = ""
            for (field = 4; field <= NF; field++) reason[i] = reason[i] " " $field
        }
        END { for (i = 1; i <= jobs; i++) print job[i], number[i], state[i] ? state[i] reason[i] : "-" }'
}

# Slurm is believed that a job is over or unknown to it when it has said so for a minute: the exit code may be on its
# way through a network file system, and a controller that was restarted knows nothing for some seconds.
settle_slurm() {
    mark=$job/submitted/over settled=0
    if [ "$state" = '?' ] || ! { [ "$state" = - ] || is_over "$state"; }; then
        [ ! -e "$mark" ] || rm -f "$mark"
    elif [ ! -e "$mark" ]; then
        : >"$mark"
        [ "$state" = - ] || rm -f "$job/secrets"
    elif [ -n "$(find "$mark" -mmin +1)" ]; then
        settled=1
    fi
}

ask_slurm() {
    [ -n "$batch" ] || return 0
    find_slurm
    if queue=$(squeue --noheader --array --user="$(id -u)" --states=all --format='%i %j %T %r' 2>&1); then
        told=$(matched "$queue")
        gone=$(printf '%s\n' "$told" | awk '$2 != "-" && $3 == "-" { printf "%s%s", comma, $2; comma = "," }')
        # Slurm forgets what has ended, after minutes; where there is accounting, that remembers.
        [ -z "$gone" ] || ! past=$(sacct --noheader --parsable2 --allocations --jobs="$gone" --format=JobID,JobName,State 2>/dev/null) ||
            told=$(matched "$queue
$(printf '%s\n' "$past" | tr '|' ' ')")
    else
        queue=$(printf '%s\n' "$queue" | tail -n 1)
        told=$(printf '%s' "$batch" | while read -r job _ _ id; do printf '%s %s ? %s\n' "$job" "$id" "$queue"; done)
    fi
    while read -r job id state reason; do
        settle_slurm
        printf 'scheduler slurm %s %s %s %s %s\n' "$job" "$settled" "$id" "$state" "$reason"
    done <<END
$(printf '%s\n' "$told" | tr -cd ' -~\n')
END
}
