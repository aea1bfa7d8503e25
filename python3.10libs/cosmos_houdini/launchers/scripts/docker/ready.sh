said=$(docker image inspect --format '{{.Id}}{{range .RepoDigests}} {{.}}{{end}}' "$image" 2>&1) || {
    case $said in
    *[Nn]o\ such\ image*) printf 'it has no image %s; build it there, or docker pull it\n' "$image" ;;
    *) printf '%s\n' "$said" ;;
    esac
    exit 0
}
printf '%s %s\n' "$image" "$said" >image
