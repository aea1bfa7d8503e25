"""Ways to run a task on a host, detached, by name."""

from cosmos_houdini.launchers.base import Launcher, LauncherType, PollPart, StoragePart, SurveyPart, Task, Traits
from cosmos_houdini.launchers.registry import launcher_for, launcher_type, register_launcher

__all__ = [
    "Launcher",
    "LauncherType",
    "PollPart",
    "StoragePart",
    "SurveyPart",
    "Task",
    "Traits",
    "launcher_for",
    "launcher_type",
    "register_launcher",
]
