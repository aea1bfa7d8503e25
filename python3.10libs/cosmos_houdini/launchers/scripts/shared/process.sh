# The part of run.sh for a process that serves several jobs, one after another. "$members" are the jobs' folders, beside
# this one. Each job has its own run.sh (see job.sh), which reads the file 'turns'. It has a line for each member
# that the process has begun with: its number, and where its share of standard output and of standard error begins. The
# share of standard error begins at the look before, so that the last member gets the words of its failure. The file
# 'looked' says up to which place of the logs 'turns' is complete.
conductor=
leaving=0
jobs=${here%/*}

# Starts the members, each in its own session, and the loop that reads the log.
gather() {
    number=0
    for member in $members; do
        number=$((number + 1))
        (
            export COSMOS_HOUDINI_JOB="$jobs/$member" process_folder="$here" turn="$number"
            if command -v setsid >/dev/null 2>&1; then
                setsid sh "$jobs/$member/run.sh" &
            else
                nohup sh "$jobs/$member/run.sh" &
            fi
        ) </dev/null >/dev/null 2>&1
    done
    left=100
    for member in $members; do
        until [ -s "$jobs/$member/started/process_folder" ] || [ -e "$jobs/$member/cancelled" ] || [ "$left" -eq 0 ]; do
            left=$((left - 1))
            sleep 0.1 2>/dev/null || { sleep 1 && left=$((left > 9 ? left - 9 : 0)); }
        done
    done
    # The first look comes before the loop, so that no model is loaded if a member is missing.
    look_along
    keep look_along 1 >/dev/null 2>&1 &
    conductor=$!
    echo "$number" >gathered
}

# The first member's turn begins with the loading of the model.
conduct() {
    put looked '0 0'
    put turns '1 0 0'
}

# Whether the member with the folder $1 still waits for its turn, or for the end of its turn.
aboard() {
    [ ! -e "$jobs/$1/exit_code" ] && [ -s "$jobs/$1/started/process_folder" ] || return 1
    read -r named <"$jobs/$1/started/process_folder"
    read -r pid <"$jobs/$1/started/pid"
    [ "$named" = "$here" ] && runs "$pid" "$jobs/$1/run.sh"
}

# Whether no member is left that would end the process when its script is gone.
is_deserted() {
    for member in $members; do
        ! aboard "$member" || return 1
    done
}

# Records the turns that have begun since the last look.
look_along() {
    [ -f turns ] || {
        # No model is loaded yet, so the others lose nothing if they start again without a member that has left.
        for member in $members; do
            aboard "$member" || leave
        done
        return
    }
    find_turns
    number=0
    for member in $members; do
        number=$((number + 1))
        [ "$number" -ne "$current" ] || aboard "$member" || leave
    done
}

# Stops the process, because the member whose turn it is has left. A second signal kills it. The process may begin with
# the next member before the signal comes; 'left' shows that member that the signal was not for it.
leave() {
    leaving=$((leaving + 1))
    if [ -f turns ]; then put left "$current"; else : >disbanded; fi
    case $leaving in 1 | 15) kill -TERM "$$" ;; esac
}

# Reads only whole lines; 'x' shows whether the last line is whole. A NUL would end a line for some versions of awk.
find_turns() {
    read -r seen seen_errors <looked
    current=$(tail -n 1 turns)
    current=${current%% *}
    length=$(($(wc -c <stdout.log))) errors=$(($(wc -c <stderr.log)))
    found=$({ tail -c +$((seen + 1)) stdout.log | head -c $((length - seen)) && printf x; } | tr '\000' ' ' |
        LC_ALL=C awk -v at="$seen" -v current="$current" '
            NR == FNR { begins[NR] = $0; count = NR; next }
            whole {
                for (i = current + 1; i <= count; i++)
                    if (index(line, begins[i])) { print i, at; current = i; break }
                at += length(line) + 1
            }
            { line = $0; whole = 1 }
            END { print "end", at }' begins -)
    while read -r number place; do
        case $number in
        end) seen=$place ;;
        ?*)
            echo "$number $place $seen_errors" >>turns
            current=$number
            ;;
        esac
    done <<END
$found
END
    put looked "$seen $errors"
}

# The last look, when the process has ended.
account() {
    [ -z "$conductor" ] || kill "$conductor" 2>/dev/null
    [ -z "$conductor" ] || await "$conductor"
    [ ! -f turns ] || find_turns
}
