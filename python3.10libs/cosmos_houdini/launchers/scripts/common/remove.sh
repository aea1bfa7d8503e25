# Removes the items in "$wanted", one a line, attempts before objects, and prints a line for each that is gone. An item
# that has become active since it was listed stays.
export LC_ALL=C
cd "$root" || exit 1
# A folder gets another name at once, and what a lost connection has left of it is never taken for a job.
rm -rf jobs/.removed.*

# Whether the file $1 was not touched for $idle_min minutes.
idle() { [ -n "$(find "$1" -type f -mmin "+$idle_min" 2>/dev/null)" ]; }

# The process that makes the folder 'started' runs the job, so nobody can start a job that is being removed.
remove_job() {
    if [ ! -d "$1/started" ]; then mkdir "$1/started" || return 1
    elif [ ! -f "$1/exit_code" ] && [ -n "$(find "$1/heartbeat" -mmin -2 2>/dev/null)" ]; then return 1
    fi
    mv "$1" "jobs/.removed.${1#jobs/}" && rm -rf "jobs/.removed.${1#jobs/}"
}

stayed=
while read -r kind name; do
    case $kind in
    job) [ ! -d "jobs/$name" ] || remove_job "jobs/$name" || ! stayed=yes ;;
    container) remove_container "$name" ;;
    # An attempt that stays needs its inputs.
    object) [ -z "$stayed" ] && { [ ! -e "$name" ] || { idle "$name" && rm -f "$name"; }; } ;;
    upload) [ ! -e "$name" ] || { idle "$name" && rm -f "$name"; } ;;
    *) false ;;
    esac && echo "removed $kind $name"
done <<END
$wanted
END
