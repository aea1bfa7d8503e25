# The docker part of the survey of a host: the Docker Engine, the image in "$image", the runtimes for GPUs.
ask docker docker version --format '{{.Server.Version}}'
ask image docker image inspect --format '{{.Os}}/{{.Architecture}}' "$image"
ask runtimes docker info --format '{{json .Runtimes}}'
! command -v nvidia-container-runtime-hook >/dev/null 2>&1 || tell toolkit nvidia-container-runtime-hook
