# Hands run.sh to Slurm, once. Prints 'submitted', 'refused WHY', or, if the caller must ask again, 'unsure WHY'.
owned "$here"
cd "$here" || exit 1
find_slurm
command -v sbatch >/dev/null || {
    echo 'refused it has no program sbatch'
    exit 0
}

# A job that Slurm has taken may have ended before the secrets were written once more.
tell() {
    [ ! -e exit_code ] || rm -f secrets
    echo submitted
}
note() { printf '%s\n' "$1" >submitted/id.new && mv -f submitted/id.new submitted/id && tell; }

mkdir submitted 2>/dev/null || {
    [ ! -e cancelled ] && [ ! -s submitted/id ] || {
        tell
        exit 0
    }
    # The client that submitted the job died before it wrote down the number, or is still at it.
    former=$name task=-
    [ ! -s submitted/name ] || read -r former task <submitted/name
    found=$(known "$former" "$task" 2>&1) || {
        echo "unsure $(last_line "$found")"
        exit 0
    }
    [ -z "$found" ] || {
        found=$(last_line "$found")
        note "${found%% *}"
        exit
    }
    [ -n "$(find submitted -prune -mmin +1)" ] && mv submitted "submitted.$$" 2>/dev/null && mkdir submitted 2>/dev/null || {
        echo 'unsure another client hands it to Slurm at this moment'
        exit 0
    }
    rm -rf "submitted.$$"
}
printf '%s -\n' "$name" >submitted/name || exit 1
code=0
said=$(sbatch --parsable run.sh 2>submitted/errors) || code=$?
id=$(number_in "$said")
if [ "$code" -eq 0 ] && [ -z "$id" ]; then
    id=$(known "$name" - | tail -n 1)
    id=${id%% *}
fi
if [ "$code" -eq 0 ] && [ -n "$id" ]; then
    note "$id"
    exit
fi
why=$(last_line "$(cat submitted/errors)")
if refuses "$why"; then
    rm -rf submitted
    echo "refused $why"
else
    echo "unsure ${why:-sbatch told no number}"
fi
