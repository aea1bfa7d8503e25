# Whether the process $1 runs the script $2: another process may have its number by now.
runs() {
    if [ -r /proc/self/cmdline ]; then
        arguments=
        { IFS= read -r arguments <"/proc/$1/cmdline"; } 2>/dev/null
    else
        arguments=$(ps -o args= -p "$1" 2>/dev/null)
    fi
    case $arguments in *"$2") ;; *) false ;; esac
}
