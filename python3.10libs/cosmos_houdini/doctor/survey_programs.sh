# The programs of the engines, and the modules of "$python", for launchers that run jobs directly on the host.
for name in $programs; do
    command -v "$name" >/dev/null 2>&1 || tell no_engine_program "$name"
done
# Modules are found and not loaded, because loading torch takes too long.
find='import importlib.util, sys
print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name) is None))'
if [ -z "$modules" ]; then
    :
elif absent=$(within 20 "$python" -c "$find" $modules 2>&1); then
    for name in $absent; do tell no_module "$name"; done
else
    tell no_python "${absent:-it gave no answer}"
fi
