# Slurm's programs for the scripts of a login node.

# The folder of the programs is often in the PATH of login shells alone.
find_slurm() {
    command -v squeue >/dev/null 2>&1 ||
        PATH=$PATH:$("${SHELL:-sh}" -lc 'printf "\n%s" "$PATH"' </dev/null 2>/dev/null | tail -n 1)
}

# The words for a job to which nothing more happens.
over='BOOT_FAIL|CANCELLED|COMPLETED|DEADLINE|FAILED|NODE_FAIL|OUT_OF_MEMORY|PREEMPTED|REVOKED|TIMEOUT'

is_over() { case "|$over|" in *"|$1|"*) ;; *) false ;; esac }

# Prints number and state of this user's jobs with the name $1; of an array, only those of task $2.
known() {
    found=$(squeue --noheader --array --user="$(id -u)" --states=all --name="$1" --format='%i %T') || return 1
    printf '%s\n' "$found" | grep -E "^[0-9]+$([ "$2" = - ] || printf '_%s' "$2") " || :
}

last_line() { printf '%s\n' "$1" | tail -n 1; }

# The number has a line of its own, on some clusters with the cluster's name. The site may print other lines.
number_in() { printf '%s\n' "$1" | sed -n 's/^\([0-9]\{1,\}\)\(;[^ ]*\)\{0,1\}$/\1/p' | tail -n 1; }

# Whether sbatch gave a reason why there is no job. If its end or its answer was lost, there may be a job.
refuses() {
    case $1 in
    *[Tt]imed\ out* | *[Uu]nable\ to\ contact* | *[Cc]onnect* | *[Ss]ocket* | *[Cc]ommunication* | *[Zz]ero\ [Bb]ytes*) false ;;
    *[Ee]rror* | *[Ff]atal*) ;;
    *) false ;;
    esac
}
