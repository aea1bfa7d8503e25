said=$(docker image inspect "$image" 2>&1 >/dev/null) || {
    case $said in
    *[Nn]o\ such\ image*) echo "no image" ;;
    *) printf '%s\n' "$said" ;;
    esac
    exit 0
}
