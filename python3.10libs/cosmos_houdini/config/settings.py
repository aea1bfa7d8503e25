"""The sections of the configuration, their keys and their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.media.control_settings import DepthKindName, Fit
from cosmos_houdini.model.presets import Preset

LOCAL = "local"

FILE_NAME = "cosmos-houdini.yaml"


class Defaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Defaults for commands that do not name a host or an engine.

    Attributes:
        attempts: the most attempts of a job that start without a person's order.
        currency: of ``price_per_hour`` and ``max_cost``, as in ``EUR``; every cost is shown with it.
    """

    host: str = LOCAL
    engine: str = "preview"
    attempts: Annotated[int, Meta(ge=1, le=20)] = 3
    currency: str = ""


class Programs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """External programs of this machine.

    Attributes:
        ffmpeg: path of FFmpeg; without it, the FFmpeg of imageio-ffmpeg.
    """

    ffmpeg: Path | None = None


class PassNames(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The marks of a pass, which count before everything that is built in.

    A text is a word in file and folder names, a pattern of files (``*zed*``, ``aux/zed.####.exr``), or the name of an
    EXR layer or channel.

    Attributes:
        layers: pass to the name of its EXR layer or channel, which has to be there.
    """

    color: tuple[str, ...] | str = ()
    depth: tuple[str, ...] | str = ()
    seg: tuple[str, ...] | str = ()
    edge: tuple[str, ...] | str = ()
    vis: tuple[str, ...] | str = ()
    normal: tuple[str, ...] | str = ()
    mask: tuple[str, ...] | str = ()
    layers: dict[str, str] = {}

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """The texts of each pass."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if name != "layers"}
        return {name: (texts,) if isinstance(texts, str) else texts for name, texts in given.items()}


class ColorConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The transform from scene-linear color to the color video.

    Attributes:
        config: path or ``ocio://`` name of an OpenColorIO configuration; without it, ``$OCIO`` or the built-in one.
        input: color space of the pictures; without it, the one in their header.
        exposure: in stops.
    """

    config: str | None = None
    display: str | None = None
    view: str | None = None
    input: str | None = None
    exposure: Annotated[float, Meta(ge=-20, le=20)] = 0.0


class DepthConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The reading of depth passes.

    Attributes:
        far: distance in scene units, beyond which everything is sky.
    """

    kind: DepthKindName = "auto"
    percentiles: tuple[float, float] = (0.0, 99.9)
    far: Annotated[float, Meta(gt=0)] = 1e9


class SegConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The objects of the segmentation, and their colors.

    Attributes:
        objects: names of Cryptomatte objects, with the wildcards * and ?; empty for all.
        palette: file with the colors of the show; without it, ``.cosmos/palette.json``.
    """

    objects: tuple[str, ...] = ()
    palette: Path | None = None


class ControlsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Controls that are computed from the color pass where none is rendered, and the fit to the engine's frame."""

    edge: Preset = "off"
    vis: Preset = "off"
    fit: Fit = "auto"


class CaptionConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model that describes shots, and the Python that runs it.

    Attributes:
        model: folder of a model, or its name in the local cache of Hugging Face.
        python: a Python with torch and transformers; without it, the environment that ``caption --install`` makes.
        device: where the model runs: ``auto``, ``cpu`` or ``cuda``.
    """

    model: Annotated[str, Meta(min_length=1)] = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
    python: Path | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"


class NotifyConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Notifications about batches.

    Attributes:
        urls_file: file with one address of Apprise per line; only its owner may read it, because addresses hold
            passwords. ``$COSMOS_HOUDINI_NOTIFY_URLS`` may hold more addresses.
        on: the events that are announced.
        failed_share: share of failed runs at which a batch that still runs is announced, 0 to 1.
    """

    urls_file: Path | None = None
    on: tuple[Literal["finish", "failures", "budget", "hold"], ...] = ("finish", "failures", "budget", "hold")
    failed_share: Annotated[float, Meta(gt=0, le=1)] = 0.2


class OvernightConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of batches.

    Attributes:
        window: two times of day; runs start only between them, as in ``22:00-07:00``.
        gpu_hours: the most GPU hours of all attempts of a batch.
        max_cost: the most that all attempts may cost at the host's ``price_per_hour``, in ``defaults.currency``.
        max_gpu_temp_c: temperature of a GPU at which no run starts on its host.
        min_free_disk_gb: free space that the host and this machine must have, in 1e9 bytes.
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
    caption: CaptionConfig = CaptionConfig()
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
