"""The table of commands, and the help page that is written from it: neither loads a command, nor click."""

from __future__ import annotations

SUMMARY = "NVIDIA Cosmos video-to-video for Houdini shots: from a scene and its comp\nrenders to verified results."

# name -> (module below cosmos_houdini.cli, function, line of the help page)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "The main job on a generated shot, with the preview engine."),
    "submit": ("submit", "submit", "Run a shot: from scene and renders to a verified result."),
    "scene": ("scene", "scene", "What a .hip file says: rate, ranges, cameras, outputs."),
    "check": ("check", "check", "Find and verify image sequences."),
    "convert-sequence": ("convert", "convert_sequence", "Verified sequences become one video a pass."),
    "standardize": ("standardize", "standardize", "Bring a video to another rate and size."),
    "extract-frame": ("standardize", "extract_frame", "Write one frame of a video as PNG, or all of them."),
    "restore": ("restore", "restore", "Bring a result back to the size and position of its plate."),
    "create-spec": ("spec", "create_spec", "Write a prompt spec: prompt, colour video, controls."),
    "create-run": ("spec", "create_run", "Write a run spec: engine, weights, parameters."),
    "run": ("run", "run", "Run one inference to a verified result."),
    "create-batch": ("batch", "create_batch", "Write a batch: many runs, with randomized parameters."),
    "run-batch": ("run_batch", "run_batch", "Run a batch to verified results, so many runs at once."),
    "batch": ("batch_control", "batch", "Follow, pause, resume, reorder, cancel a batch."),
    "promote": ("promote", "promote", "Chosen runs of a batch at full quality, after --scout."),
    "report": ("report", "report", "Results side by side: grid, page, table, best parameters."),
    "status": ("jobs", "status", "The jobs of this project."),
    "show": ("show", "show", "How a result came about, and the command that makes it again."),
    "logs": ("jobs", "logs", "What a job has printed."),
    "attach": ("jobs", "attach", "Follow jobs to their end, whoever started them."),
    "cancel": ("jobs", "cancel", "Stop jobs on their hosts."),
    "retry": ("jobs", "retry", "Start a new attempt of jobs that have no results."),
    "fetch": ("jobs", "fetch", "Bring and verify the results of jobs again."),
    "doctor": ("doctor", "doctor", "Look whether this machine, or a host, has what jobs need."),
    "clean": ("clean", "clean", "Remove old jobs from a host, and the inputs that no job needs."),
    "install-houdini": ("houdini", "install_houdini", "Let every Houdini of this user load the package."),
    "uninstall-houdini": ("houdini", "uninstall_houdini", "Undo install-houdini."),
    "config": ("config", "config", "What is configured, and where each value came from."),
}


def help_page() -> str:
    """Return what ``cosmos-houdini --help`` prints."""
    width = max(map(len, COMMANDS))
    lines = (f"  {name:<{width}}  {line}" for name, (_, _, line) in COMMANDS.items())
    commands = "\n".join(lines)
    return f"""Usage: cosmos-houdini [--version] [-h | --help] COMMAND ...

{SUMMARY}

Commands (each takes --help, and --debug to add the traceback to an error):
{commands}
"""
