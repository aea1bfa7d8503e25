# The Slurm part of the survey of a host: its version, and the nodes of "$partition" or of all partitions.
find_slurm
ask slurm sbatch --version
ask partition sinfo --noheader --format '%R %a %D %T %G' ${partition:+--partition "$partition"}
