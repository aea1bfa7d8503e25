# Prints the processes of the job in "$here". The label is a variable that run.sh was started with and hands down, which
# also tells a process that left its session, and is never true of another that got the same number later.
own() {
    if [ -r /proc/self/environ ]; then
        grep -lsxzF -- "COSMOS_HOUDINI_JOB=$here" /proc/[0-9]*/environ | cut -d / -f 3
    else
        ps -A -o pid= -o ppid= -o args= | RUN="$here/run.sh" awk '
            { parent[$1] = $2; order[NR] = $1; text = $0 " " }
            index(text, " " ENVIRON["RUN"] " ") { mine[$1] = 1 }
            END {
                do {
                    grown = 0
                    for (i = 1; i <= NR; i++)
                        if (!(order[i] in mine) && (parent[order[i]] in mine)) { mine[order[i]] = 1; grown = 1 }
                } while (grown)
                for (pid in mine) print pid
            }'
    fi
}
