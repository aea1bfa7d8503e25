"""The table of commands, from which the help page is written without loading any of them."""

from __future__ import annotations

import importlib

import click

from cosmos_houdini.errors import did_you_mean

# name -> (module below cosmos_houdini.cli, function, line of the help page)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "The main job on a generated shot, with the preview engine."),
    "submit": ("submit", "submit", "Run a shot: from scene and renders to a verified result."),
    "scene": ("scene", "scene", "What a .hip file says: rate, ranges, cameras, outputs."),
    "check": ("check", "check", "Find and verify image sequences."),
    "convert-sequence": ("convert", "convert_sequence", "Verified sequences become one video a pass."),
    "standardize": ("standardize", "standardize", "Bring a video to another rate and size."),
    "extract-frame": ("standardize", "extract_frame", "Write one frame of a video as PNG."),
    "create-spec": ("spec", "create_spec", "Write a prompt spec: prompt, colour video, controls."),
    "create-run": ("spec", "create_run", "Write a run spec: engine, weights, parameters."),
    "run": ("run", "run", "Run one inference to a verified result."),
    "status": ("jobs", "status", "The jobs of this project."),
    "logs": ("jobs", "logs", "What a job has printed."),
    "attach": ("jobs", "attach", "Follow jobs to their end, whoever started them."),
    "cancel": ("jobs", "cancel", "Stop jobs on their hosts."),
    "retry": ("jobs", "retry", "Start a new attempt of jobs that did not succeed."),
    "fetch": ("jobs", "fetch", "Bring and verify the results of jobs again."),
    "install-houdini": ("houdini", "install_houdini", "Let every Houdini of this user load the package."),
    "uninstall-houdini": ("houdini", "uninstall_houdini", "Undo install-houdini."),
    "config": ("config", "config", "What is configured, and where each value came from."),
}


class CommandTable(click.Group):
    """A group that imports a command when it is called, and adds ``--debug`` to each."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, function, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"cosmos_houdini.cli.{module}"), function)
        if all(option.name != "debug" for option in command.params):
            command.params.append(_debug_option())
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line; an unknown name is answered with the nearest."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            hint = did_you_mean(args[0], COMMANDS) or "see cosmos-houdini --help"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


def _debug_option() -> click.Option:
    return click.Option(["--debug"], is_flag=True, expose_value=False, help="Add the traceback to an error.")
