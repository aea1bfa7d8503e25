"""The table of commands, and the help page from it; neither loads a command or click."""

from __future__ import annotations

SUMMARY = "NVIDIA Cosmos video-to-video for Houdini shots: from a scene and its comp\nrenders to verified results."

COMPLETION_VARIABLE = "_COSMOS_HOUDINI_COMPLETE"
"""The script of a shell sets it when it asks for completions; the name is click's choice."""

# name -> (module below cosmos_houdini.cli, function, line of the help page)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "Run a generated shot with the preview engine."),
    "submit": ("submit", "submit", "Run a shot, from scene and renders to a verified result."),
    "scene": ("scene", "scene", "Print frame rate, ranges, cameras and outputs of a .hip file."),
    "check": ("check", "check", "Find and verify image sequences."),
    "convert-sequence": ("convert", "convert_sequence", "Verify image sequences and encode one video per pass."),
    "standardize": ("standardize", "standardize", "Convert a video to another frame rate and size."),
    "extract-frame": ("standardize", "extract_frame", "Write one frame or all frames of a video as PNG."),
    "restore": ("restore", "restore", "Restore a result to the size and position of its plate."),
    "caption": ("caption", "caption", "Describe a video by a model on this machine: caption, tags, name."),
    "write-prompt": ("prompt", "write_prompt", "Write a first prompt from caption, scene facts and your words."),
    "deliver": ("deliver", "deliver", "Write results for comp: EXR, ProRes, DNxHR, 16 bits; over their plates."),
    "create-spec": ("spec", "create_spec", "Write a prompt spec: prompt, color video, controls."),
    "create-run": ("spec", "create_run", "Write a run spec: engine, weights, parameters."),
    "run": ("run", "run", "Run one inference to a verified result."),
    "upscale": ("finishing", "upscale", "Upscale a result or a video to 4K."),
    "enhance-prompt": ("finishing", "enhance_prompt", "Let the engine write the prompt of a spec out."),
    "create-batch": ("batch", "create_batch", "Write a batch: many runs with varied parameters."),
    "run-batch": ("run_batch", "run_batch", "Run a batch to verified results, several runs in parallel."),
    "batch": ("batch_control", "batch", "Follow, pause, resume, reorder or cancel a batch."),
    "promote": ("promote", "promote", "Run chosen runs of a scouted batch at full quality."),
    "report": ("report", "report", "Compare results: grid, page, table, best parameters."),
    "next": ("next_sweep", "next_sweep", "Write the next sweep, around chosen runs of a batch."),
    "watch": ("watch", "watch", "Convert, submit and deliver what a render finishes."),
    "status": ("jobs", "status", "List the jobs of this project."),
    "show": ("show", "show", "Print how a result was made, and the command to repeat it."),
    "logs": ("jobs", "logs", "Print the log of a job."),
    "attach": ("jobs", "attach", "Follow jobs until they end; any machine may have started them."),
    "cancel": ("jobs", "cancel", "Stop jobs on their hosts."),
    "retry": ("jobs", "retry", "Start a new attempt of jobs without results."),
    "fetch": ("jobs", "fetch", "Download and verify the results of jobs again."),
    "doctor": ("doctor", "doctor", "Check that this machine or a host can run jobs."),
    "setup-host": ("setup_host", "setup_host", "Make a host ready for an engine: checkout, image, weights."),
    "clean": ("clean", "clean", "Remove old jobs and unused inputs from a host."),
    "install-houdini": ("houdini", "install_houdini", "Make every Houdini of this user load the package."),
    "uninstall-houdini": ("houdini", "uninstall_houdini", "Undo install-houdini."),
    "mcp": ("mcp", "mcp", "Serve this project to an agent by the Model Context Protocol."),
    "config": ("config", "config", "Print the configuration, and the origin of each value."),
    "completion": ("completion", "completion", "Print the script that lets a shell complete commands."),
    "schema": ("schema", "schema", "Print the JSON Schema of a document."),
    "help": ("help", "show_help", "Print this page, or the help of a command."),
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
