# Prints facts about this host, a key, a space and a value a line. The last line proves that nothing was cut off.
# Its caller defines the values gpu_query, ffmpeg, engine_path, files, models and hf_home, and the
# functions within and survey_launcher, which prints the facts that the launcher needs.
LC_ALL=C
export LC_ALL

tell() { printf '%s %s\n' "$1" "$(printf %s "$2" | tr '\r\n' '  ')"; }

# Prints each line of a command's output as a value, or the reason why the command fails.
ask() {
    key=$1
    shift
    if said=$(within 20 "$@" 2>&1); then
        printf '%s\n' "$said" | while IFS= read -r line; do tell "$key" "$line"; done
    else
        failed=$?
        [ "$failed" -ne 124 ] || said="$1 gave no answer within 20 s"
        tell "no_$key" "${said:-$1 ends with exit code $failed}"
    fi
}

tell now "$(date +%s)"
tell system "$(uname -sm)"
tell disk "$(df -Pk . | tail -n 1)"
for name in base64 cat cut date dd df find head mkfifo mv stat tail wc; do
    command -v "$name" >/dev/null 2>&1 || tell no_program "$name"
done
for name in openssl sha256sum shasum; do
    ! command -v "$name" >/dev/null 2>&1 || tell digest "$name"
done
if command -v flock >/dev/null 2>&1; then
    if said=$({ mkdir -p locks && flock -n locks/doctor true; } 2>&1); then tell flock works; else tell no_flock "$said"; fi
    rm -f locks/doctor
else
    tell no_flock "there is no program flock"
fi
# Tells the first folder of "$@" that is refused, or that could be replaced, in the words of hosts/ownership.sh.
tell_foreign() {
    key=$1
    shift
    [ "$#" -eq 0 ] || tell "$key" "$( (foreign "$1") 2>&1)"
}
me=$(id -u)
if [ -n "$judged" ]; then
    set -- "$(find "$PWD/jobs" ! -path "$PWD/jobs" -prune \( ! -user "$me" -o -type d \( -perm -020 -o -perm -002 \) \) 2>/dev/null |
        head -n 1)"
    [ -z "$1" ] || tell_foreign foreign "$1"
    folder=$PWD
    set --
    while [ "$folder" != / ] && [ "$folder" != . ]; do
        folder=$(dirname "$folder")
        set -- "$@" "$folder"
    done
    # In a folder with the sticky bit, as /tmp, nobody can rename what belongs to another.
    set -- "$(find "$@" -prune \( ! -user "$me" ! -user 0 -o ! -perm -1000 \( -perm -020 -o -perm -002 \) \) 2>/dev/null | head -n 1)"
    [ -z "$1" ] || tell_foreign replaceable "$1"
fi
if said=$({ printf '#!/bin/sh\n' >.doctor && chmod u+x .doctor && ./.doctor; } 2>&1); then tell exec works; else tell no_exec "$said"; fi
rm -f .doctor
if command -v nvidia-smi >/dev/null 2>&1; then
    ask gpu $gpu_query
else
    tell no_gpu "there is no program nvidia-smi"
fi
[ -z "$ffmpeg" ] || ask ffmpeg "$ffmpeg" -version
# In its own shell, because its variables are only for the launcher's programs.
(survey_launcher)
if [ -n "$engine_path" ]; then
    [ -d "$engine_path" ] || tell no_engine_path "$engine_path"
    for name in $files; do
        [ -e "$engine_path/$name" ] || tell no_file "$name"
    done
    for name in $models; do
        [ -d "$hf_home/hub/$name/snapshots" ] || tell no_model "$name"
    done
fi
echo 'done'
