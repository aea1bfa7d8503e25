remove_container() { docker rm --volumes "$1" >/dev/null; }
