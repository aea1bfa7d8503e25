said=$(docker image inspect "$image" 2>&1 >/dev/null) || {
    case $said in
    *[Nn]o\ such\ image*) printf 'it has no image %s; build it there, or docker pull it\n' "$image" ;;
    *) printf '%s\n' "$said" ;;
    esac
    exit 0
}
