[ -d "$here" ] || exit 0
owned "$here"
cd "$here" || exit 1
[ ! -e exit_code ] || exit 0
: >cancelled
# A job that was never started cannot be started from now on. No process ever has the number 0.
! mkdir started 2>/dev/null || {
    echo 0 >started/pid
    rm -f secrets
    exit 0
}

# Whether the process $1 lives, or any process of the job if no number is given.
lives() {
    mine=$(own | tr '\n' ' ')
    if [ -z "$1" ]; then
        [ -n "$mine" ]
    else
        case " $mine" in *" $1 "*) ;; *) false ;; esac
    fi
}

# Waits up to $1 seconds until the process $2, or every process of the job, is gone.
gone_within() {
    left=$(($1 * 5))
    while lives "$2"; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 0.2 2>/dev/null || { sleep 1 && left=$((left - 4)); }
    done
}

main=
[ ! -f started/pid ] || main=$(head -c 20 started/pid)
# run.sh hands the signal on and records how the job ended. Without run.sh, all remaining processes get the signal.
if lives "${main:--}"; then
    kill -TERM "$main" 2>/dev/null
else
    main=
    [ -z "$mine" ] || kill -TERM $mine 2>/dev/null
fi
gone_within 15 "$main" || :
for pid in $(own); do
    [ "$pid" = "$main" ] || kill -KILL "$pid" 2>/dev/null
done
# shellcheck disable=SC2046 # each number is an argument
gone_within 5 "" || kill -KILL $(own) 2>/dev/null
sweep
gone_within 5 "" && rm -f secrets reserve
# This job ends its shared process if the script of that process was killed.
if [ -s started/process_folder ]; then
    read -r process_folder <started/process_folder
    read -r main <"$process_folder/started/pid" && runs "$main" "$process_folder/run.sh" || sh "$process_folder/run.sh" end </dev/null >/dev/null 2>&1
fi
