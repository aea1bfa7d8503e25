"""NVIDIA Cosmos video-to-video for Houdini shots.

A shot goes from its scene to a verified result like this::

    import cosmos_houdini as cosmos

    project = cosmos.Project.open("/shots/a")
    shot = project.shot("shot.hip", output="/out/mantra1")
    job = project.submit(shot, prompt="Rain", engine="preview", weights={"depth": 0.8})
    print(job.wait().video)

The names in ``__all__`` are the public API. Each loads when it is first used: Houdini's own Python imports this package
too, and has none of the libraries that the rest needs.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

TYPE_CHECKING = False
"""True to a type checker; typing's own constant would take as long to load as all the rest."""

if TYPE_CHECKING:
    from cosmos_houdini.api.batch import Batch as Batch
    from cosmos_houdini.api.job import Job as Job
    from cosmos_houdini.api.job import as_completed as as_completed
    from cosmos_houdini.api.project import Project as Project
    from cosmos_houdini.api.result import Result as Result
    from cosmos_houdini.api.shot import Shot as Shot
    from cosmos_houdini.api.variation import Uniform as Uniform
    from cosmos_houdini.api.variation import uniform as uniform
    from cosmos_houdini.engines import register_engine as register_engine
    from cosmos_houdini.errors import AuthRefused as AuthRefused
    from cosmos_houdini.errors import BadInput as BadInput
    from cosmos_houdini.errors import Cancelled as Cancelled
    from cosmos_houdini.errors import CheckFailed as CheckFailed
    from cosmos_houdini.errors import CosmosError as CosmosError
    from cosmos_houdini.errors import DiskFull as DiskFull
    from cosmos_houdini.errors import HostError as HostError
    from cosmos_houdini.errors import HostKeyError as HostKeyError
    from cosmos_houdini.errors import HostUnreachable as HostUnreachable
    from cosmos_houdini.errors import JobError as JobError
    from cosmos_houdini.errors import JobFailed as JobFailed
    from cosmos_houdini.errors import ToolError as ToolError
    from cosmos_houdini.hosts import register_host as register_host
    from cosmos_houdini.launchers import register_launcher as register_launcher
    from cosmos_houdini.model.delivery import Delivery as Delivery
    from cosmos_houdini.model.job import JobState as JobState
    from cosmos_houdini.reporter import Reporter as Reporter
    from cosmos_houdini.shots.options import EncodeOptions as EncodeOptions

# module below cosmos_houdini -> the public names that it defines
_MODULES = {
    "api.project": "Project",
    "api.shot": "Shot",
    "shots.options": "EncodeOptions",
    "api.job": "Job as_completed",
    "model.delivery": "Delivery",
    "model.job": "JobState",
    "api.result": "Result",
    "api.batch": "Batch",
    "api.variation": "Uniform uniform",
    "reporter": "Reporter",
    "engines": "register_engine",
    "launchers": "register_launcher",
    "hosts": "register_host",
    "errors": (
        "CosmosError BadInput CheckFailed JobError JobFailed DiskFull ToolError "
        "HostError HostUnreachable HostKeyError AuthRefused Cancelled"
    ),
}
_HOMES = {name: f"cosmos_houdini.{module}" for module, names in _MODULES.items() for name in names.split()}

__all__ = [
    "AuthRefused",
    "BadInput",
    "Batch",
    "Cancelled",
    "CheckFailed",
    "CosmosError",
    "Delivery",
    "DiskFull",
    "EncodeOptions",
    "HostError",
    "HostKeyError",
    "HostUnreachable",
    "Job",
    "JobError",
    "JobFailed",
    "JobState",
    "Project",
    "Reporter",
    "Result",
    "Shot",
    "ToolError",
    "Uniform",
    "__version__",
    "as_completed",
    "register_engine",
    "register_host",
    "register_launcher",
    "uniform",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names of the module with those that are not loaded yet."""
    return sorted({*globals(), *__all__})
