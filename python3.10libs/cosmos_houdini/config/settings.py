"""What can be configured: the sections of the configuration, their values, and what holds without any."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.model.presets import Preset

LOCAL = "local"

FILE_NAME = "cosmos-houdini.yaml"


class Defaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds when a command line names nothing.

    Attributes:
        attempts: most that is tried for a job without a person's order.
        currency: of ``price_per_hour`` and ``max_cost``, as in ``EUR``; every cost is shown with it.
    """

    host: str = LOCAL
    engine: str = "preview"
    attempts: Annotated[int, Meta(ge=1, le=20)] = 3
    currency: str = ""


class Programs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """External programs of this machine.

    Attributes:
        ffmpeg: FFmpeg instead of the one that imageio-ffmpeg brings.
    """

    ffmpeg: Path | None = None


class PassNames(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words in folder and file names that tell a pass, beside the built-in ones.

    Attributes:
        layers: pass to the name of the EXR layer that feeds it, before the usual names.
    """

    color: tuple[str, ...] = ()
    depth: tuple[str, ...] = ()
    seg: tuple[str, ...] = ()
    edge: tuple[str, ...] = ()
    vis: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    layers: dict[str, str] = {}

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """The words of each pass."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "layers"}


class ColorConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How scene-linear colour is shown in the colour video.

    Attributes:
        config: OpenColorIO configuration; $OCIO or the built-in one without it.
        input: colour space of the pictures; what their header says without it.
        exposure: in stops.
    """

    config: str | None = None
    display: str | None = None
    view: str | None = None
    input: str | None = None
    exposure: Annotated[float, Meta(ge=-20, le=20)] = 0.0


class DepthConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How depth passes are read.

    Attributes:
        far: scene units from which everything is sky.
    """

    kind: Literal["auto", "camera-z", "ray-distance", "near-bright", "near-dark"] = "auto"
    percentiles: tuple[float, float] = (0.0, 99.9)
    far: Annotated[float, Meta(gt=0)] = 1e9


class SegConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which objects are told apart, and in which colours.

    Attributes:
        objects: names of Cryptomatte objects, with * and ?; all without any.
        palette: table of the show's colours; .cosmos/palette.json without it.
    """

    objects: tuple[str, ...] = ()
    palette: Path | None = None


class ControlsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is computed from the colour pass where no such pass is rendered, and how passes fill the engine's frame."""

    edge: Preset = "off"
    vis: Preset = "off"
    fit: Literal["auto", "fit", "letterbox", "crop", "none"] = "auto"


class NotifyConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told what becomes of a batch.

    Attributes:
        urls_file: addresses of Apprise, one a line, in a file that its owner alone can read; more of them stand in
            $COSMOS_HOUDINI_NOTIFY_URLS. They hold passwords, so that no other place takes them.
        on: what is told.
        failed_share: share of the runs of a batch whose failure is told while it goes on.
    """

    urls_file: Path | None = None
    on: tuple[Literal["finish", "failures", "budget", "hold"], ...] = ("finish", "failures", "budget", "hold")
    failed_share: Annotated[float, Meta(gt=0, le=1)] = 0.2


class OvernightConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which terms a batch goes on without anyone watching.

    Attributes:
        window: times of day, as in ``22:00-07:00``, between which runs are started.
        gpu_hours: the most that all attempts of a batch may take.
        max_cost: the most that they may cost, in ``defaults.currency``, at the host's price_per_hour.
        max_gpu_temp_c: temperature of a GPU from which nothing is started on its host.
        min_free_disk_gb: room, in 1e9 bytes, that has to be free on the host and on this machine.
    """

    window: str | None = None
    gpu_hours: Annotated[float, Meta(gt=0)] | None = None
    max_cost: Annotated[float, Meta(gt=0)] | None = None
    max_gpu_temp_c: Annotated[float, Meta(gt=0)] = 90.0
    min_free_disk_gb: Annotated[float, Meta(ge=0)] = 2.0


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration."""

    defaults: Defaults = Defaults()
    hosts: dict[str, HostConfig] = {}
    programs: Programs = Programs()
    passes: PassNames = PassNames()
    color: ColorConfig = ColorConfig()
    depth: DepthConfig = DepthConfig()
    seg: SegConfig = SegConfig()
    controls: ControlsConfig = ControlsConfig()
    notify: NotifyConfig = NotifyConfig()
    overnight: OvernightConfig = OvernightConfig()

    def host(self, name: str | None) -> tuple[str, HostConfig]:
        """Return a host's name and configuration; without a name the default host's.

        Raises:
            BadInput: no host of that name is configured.
        """
        wanted = name or self.defaults.host
        if wanted in self.hosts:
            return wanted, self.hosts[wanted]
        if wanted == LOCAL:
            return wanted, HostConfig()
        known = [*self.hosts, LOCAL]
        raise BadInput(
            f"no host {wanted!r} is configured",
            allowed=", ".join(known),
            action=did_you_mean(wanted, known) or f"add it under 'hosts' in {FILE_NAME}",
        )


# The sections that have a fixed set of keys.
SECTIONS: Mapping[str, type[Struct]] = {
    name: type(default)
    for name, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True)
    if isinstance(default, Struct)
}
