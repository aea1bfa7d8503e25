# Each step looks whether it is done, so that the script can be run again at any time. It changes nothing outside of
# $engine_path but the images of the Docker Engine.
set -eu
umask 022

say() { printf '%s\n' "$*"; }
fail() {
    printf 'setup failed: %s\n' "$*" >&2
    exit 1
}
need() { command -v "$1" >/dev/null 2>&1 || fail "there is no program $1 on this host; install it"; }
git_here() { git -c safe.directory='*' -C "$engine_path" "$@"; }

# Makes $engine_path a checkout of $repository at $commit.
check_out() {
    say "step: checkout of $repository at $commit"
    need git
    mkdir -p "$engine_path"
    if [ ! -d "$engine_path/.git" ]; then
        [ -z "$(ls -A "$engine_path")" ] || fail "$engine_path is neither empty nor a checkout; name another engine_path"
        git init -q "$engine_path"
        git_here remote add origin "$repository"
    fi
    if [ "$(git_here rev-parse -q --verify HEAD || :)" = "$commit" ]; then
        say "the checkout is there"
        return
    fi
    [ -z "$(git_here status --porcelain --untracked-files=no)" ] ||
        fail "files of $engine_path were changed; commit or remove the changes (git -C $engine_path status)"
    git_here remote set-url origin "$repository"
    GIT_LFS_SKIP_SMUDGE=1 GIT_TERMINAL_PROMPT=0 git_here fetch -q --depth 1 origin "$commit" ||
        fail "$repository gives no commit $commit"
    GIT_LFS_SKIP_SMUDGE=1 git_here checkout -q --detach FETCH_HEAD
    [ "$(git_here rev-parse HEAD)" = "$commit" ] || fail "the checkout is not at $commit"
}

# Runs environment_commands in $engine_path, once for each state of the commands and of the commit.
make_environment() {
    say "step: environment"
    mkdir -p "$engine_path"
    if [ "$(cat "$engine_path/.cosmos-houdini-environment" 2>/dev/null || :)" = "$environment_id" ]; then
        say "the environment is there"
        return
    fi
    (cd "$engine_path" && environment_commands) || fail "the environment could not be made"
    printf '%s\n' "$environment_id" >"$engine_path/.cosmos-houdini-environment.new"
    mv -f "$engine_path/.cosmos-houdini-environment.new" "$engine_path/.cosmos-houdini-environment"
}

# Makes the image $image of the Docker Engine: from $image_source, a registry or a tar of docker save, or by building it.
make_docker_image() {
    say "step: image $image"
    need docker
    if docker image inspect "$image" >/dev/null 2>&1; then
        say "the image is there"
        return
    fi
    case $image_source in
    '')
        [ -f "$engine_path/Dockerfile" ] || fail "$engine_path has no Dockerfile; name an image with --image-from"
        docker build -t "$image-upstream" "$engine_path"
        # Jobs bring their own command, and upstream's entry point would run first.
        printf 'FROM %s\nENTRYPOINT []\n' "$image-upstream" | docker build -t "$image" -
        ;;
    /*)
        loaded=$(docker load -q -i "$image_source") || fail "$image_source is no image that docker load reads"
        docker tag "${loaded##*: }" "$image"
        ;;
    *)
        docker pull -q "$image_source"
        [ "$image_source" = "$image" ] || docker tag "$image_source" "$image"
        ;;
    esac
    docker image inspect "$image" >/dev/null || fail "there is still no image $image"
}

# Makes the file $image for Apptainer from $image_source, as apptainer build spells it.
make_apptainer_image() {
    say "step: image $image"
    if [ -s "$image" ]; then
        say "the image is there"
        return
    fi
    need apptainer
    mkdir -p "$(dirname "$image")"
    apptainer build --force "$image.part" "$image_source"
    mv -f "$image.part" "$image"
}

# Fetches and verifies the weights that the file $1 names, with the program $2.
fetch_weights() {
    say "step: weights"
    mkdir -p "$engine_path"
    for found in python3 "$python"; do
        if command -v "$found" >/dev/null 2>&1; then
            "$found" "$2" "$1" "$engine_path" || exit 1
            return
        fi
    done
    fail "there is no python3 on this host; install it"
}
