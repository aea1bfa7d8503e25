"""Documents of scenes, image sequences and videos; each structure describes one JSON object."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

Numbers = list[float]


class CameraSample(Struct):
    """A camera at one frame."""

    frame: int
    translate: Numbers | None
    rotate: Numbers | None
    focal_mm: float | None


class Camera(Struct, kw_only=True):
    """One camera; parameters that cannot be evaluated offline are named under unresolved."""

    path: str
    kind: Literal["obj", "lop"]
    type: str
    resolution: list[int] | None
    pixel_aspect: float | None
    focal_mm: float | None
    aperture_mm: float | None
    near: float | None
    far: float | None
    animated: bool
    keyframes: Numbers
    translate: Numbers | None
    rotate: Numbers | None
    parent: str | None
    unresolved: list[str]
    prim: str | UnsetType = UNSET
    samples: list[CameraSample] | UnsetType = UNSET


class RenderOutput(Struct):
    """A node that renders pictures."""

    path: str
    type: str
    picture: str | None
    camera: str | None
    frame_range: Numbers | None
    delegate: str | UnsetType = UNSET
    take: str | UnsetType = UNSET
    renders: list[str] | UnsetType = UNSET
    rendered_by: str | UnsetType = UNSET
    vars: list[str] | UnsetType = UNSET


class LensFact(Struct):
    """A lens; full_frame_mm is the focal length with the same view on film of 36 mm width."""

    focal_mm: float
    full_frame_mm: float | None
    view_deg: float | None
    words: str


class CameraMove(Struct):
    """The moves of the camera; each of moves has word, direction, amount, unit and comes_back."""

    word: str
    sentence: str
    moves: list[dict[str, Any]]


class SceneFacts(Struct, kw_only=True):
    """The facts of a scene about its shot; null where it does not say. unresolved names what hides the camera's way."""

    fps: float
    frames: int
    duration_s: float
    camera: str | None
    lens: LensFact | None
    camera_move: CameraMove | None
    camera_angle: str | None
    unresolved: list[str]
    lights: list[dict[str, Any]]
    materials: list[dict[str, Any]]
    objects: list[str]
    time_of_day: str | None


class SceneDocument(Struct, kw_only=True):
    """The contents of a .hip file."""

    path: str
    license: Literal["commercial", "indie", "apprentice"]
    houdini_version: str | None
    saved_at: str | None
    fps: float
    current_frame: float
    frame_range: list[int]
    playback_range: Numbers
    cameras: list[Camera]
    outputs: list[RenderOutput]
    facts: SceneFacts | UnsetType = UNSET


class CaptionDocument(Struct, kw_only=True):
    """The words of a model for a shot; confidence is 0 to 1, and null where the model gives none."""

    text: str
    tags: list[str]
    name: str
    confidence: float | None
    model: str
    revision: str
    settings: dict[str, Any]


class PromptPart(Struct):
    """A part of a prompt: its place in a caption of Cosmos 3, its words, and where they come from."""

    key: str
    text: str
    source: Literal["model", "scene", "user"]


class PromptDocument(Struct, kw_only=True):
    """A first prompt for a shot; left_out has the keys of parts for which there was no room."""

    format: Literal["text", "cosmos3"]
    prompt: str
    parts: list[PromptPart]
    left_out: list[str]
    words: int
    tokens: int


class CorruptFrame(Struct):
    """A file that cannot be used."""

    frame: int
    file: str
    reason: str


class ImageSequence(Struct, kw_only=True):
    """One image sequence and what is wrong with it."""

    pattern: str
    shot: str
    pass_: str = field(name="pass")
    why: str
    first: int
    last: int
    step: int
    count: int
    missing: list[int]
    duplicates: list[str]
    corrupt: list[CorruptFrame]
    size: list[int] | None
    mismatched: list[int]
    bit_depth: int | None
    channels: int | None
    format: str | None
    aside: list[str]
    ok: bool


class TakenPass(Struct, kw_only=True):
    """A pass that a conversion would take, from which files and layer, and the evidence in words."""

    shot: str
    pass_: str = field(name="pass")
    pattern: str
    layer: str | None
    why: str


class CheckDocument(Struct, kw_only=True):
    """Image sequences; problems make ok false, notes do not."""

    ok: bool
    sequences: list[ImageSequence]
    problems: list[str]
    notes: list[str]
    taken: list[TakenPass]
    layers: dict[str, list[dict[str, Any]]] | UnsetType = UNSET


class Video(Struct, kw_only=True):
    """One encoded video."""

    path: str
    sha256: str
    frames: int
    size: list[int]
    fps: float
    codec: str
    pix_fmt: str
    preset: str
    crf: int
    color: dict[str, Any]


class ConversionDocument(Struct, kw_only=True):
    """The videos of a shot, one per pass; also the file metadata.json."""

    name: str
    fps: int
    frames: int
    size: list[int]
    videos: dict[str, Video]
    scene: dict[str, Any] | None
    caption: CaptionDocument | None
    sources: dict[str, dict[str, Any]]
    frame: dict[str, Any] | UnsetType = UNSET


class ConversionsDocument(Struct):
    """The conversions of several shots, each a document of its own."""

    conversions: list[dict[str, Any]]


class VideoFileDocument(Struct, kw_only=True):
    """A video that was written."""

    path: str
    frames: int
    size: list[int]
    fps: float


class FilesDocument(Struct):
    """Files that were written: one path, or a pattern with a number of frames."""

    path: str
    frames: int


class DeliveryFacts(Struct, kw_only=True):
    """One result as comp wants it: its files, and what comp has to know of them."""

    job: str
    format: Literal["exr", "exr-linear", "prores", "prores4444", "dnxhr", "png16", "png", "tiff", "mp4"]
    path: str
    files: list[str]
    frames: list[int]
    held: list[int]
    size: list[int]
    rate: float
    timecode: str | None
    color: str
    remarks: list[str]


class DeliveriesDocument(Struct):
    """What ``deliver`` has written."""

    deliveries: list[DeliveryFacts]
