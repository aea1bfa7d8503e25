# The part of run.sh for a process that serves several jobs, one after another: "$members" are their folders, which lie
# beside this one. Each has a run.sh of its own, which job.sh describes. The file 'turns' tells them what they need:
# a line for each member that the process has begun with, with its number and where its share of standard output and of
# standard error begins; the latter at the look before, so that the words of a failure are those of who came last.
# 'looked' tells how far all that holds.
conductor=
leaving=0
jobs=${here%/*}

# Starts the members, each in a session of its own, and the look at the log.
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
    # Nothing is to be loaded without one that is not there, however fast that begins.
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

# Whether the folder $1 is that of a member that still waits for its turn, or for the end of it.
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

# Writes down whose turn has come since the last look.
look_along() {
    [ -f turns ] || {
        # Nothing is loaded yet, so nothing is lost where the others begin anew without one that has left.
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

# Stops the process, because the member whose turn it is has left. A second signal is not asked but done. The process may
# begin with the next member before the signal comes: 'left' tells that member that the signal was not for it.
leave() {
    leaving=$((leaving + 1))
    if [ -f turns ]; then put left "$current"; else : >disbanded; fi
    case $leaving in 1 | 15) kill -TERM "$$" ;; esac
}

# Only whole lines are looked at; 'x' shows whether the last one is. A NUL would end a line for some versions of awk.
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
