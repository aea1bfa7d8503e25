"""Turn a RunSpec and its decoded videos into a complete InferenceRequest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cosmos_houdini.engines.captions import reads_captions
from cosmos_houdini.engines.estimates import COMPUTED, find_estimates
from cosmos_houdini.engines.registry import engine_names, find_engine
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.videos.ffmpeg import FFmpeg
from cosmos_houdini.media.videos.probe import inspect_video, sha256_of
from cosmos_houdini.model.control import DEFAULT_WEIGHT, Control
from cosmos_houdini.model.extras import IMAGE_CONTEXT, KINDS, spec_extras
from cosmos_houdini.model.parameter import Parameter, ParameterValue, resolve
from cosmos_houdini.model.prompt_length import MOST_WORDS, count_words
from cosmos_houdini.model.request import Clip, ControlInput, InferenceRequest
from cosmos_houdini.model.spec import RunSpec
from cosmos_houdini.specs.prompts import fit_prompt

PICTURES = (".png", ".jpg", ".jpeg")

Probe = Callable[[Mapping[str, Path]], Mapping[str, Clip]]


def build_request(
    run: RunSpec, parameters: Mapping[str, Parameter], *, probe: Probe, num_gpu: int | None = None
) -> tuple[InferenceRequest, tuple[str, ...]]:
    """Return the request of a run, and warnings about it.

    Args:
        run: the run spec.
        parameters: the parameters of the run's engine, by name.
        probe: the function that decodes the videos; see ``caching_probe``.
        num_gpu: the number of GPUs for one inference, 1 to 64; None for the run's own number.

    Raises:
        BadInput: a parameter or weight is invalid, a weight has no video, a video cannot be read, or the videos differ
            in length, size or frame rate.
    """
    weights = resolve_weights(run)
    given = _with_distilled_steps(resolve(parameters, run.parameters, engine=run.engine), run)
    given_videos = {str(kind): run.spec.controls[kind] for kind in weights if kind in run.spec.controls}
    extras = _extras(run)
    pictures = {role: path for role, path in extras.items() if role == IMAGE_CONTEXT}
    matte_videos = {role: path for role, path in extras.items() if role not in pictures}
    clips = dict(probe({"color": run.spec.input_video} | given_videos | matte_videos))
    check_alike(clips)
    clips |= {role: picture_clip(path) for role, path in pictures.items()}
    request = InferenceRequest(
        name=run.name,
        engine=run.engine,
        prompt=run.spec.prompt,
        negative_prompt=run.spec.negative_prompt,
        video=clips["color"],
        controls=tuple(ControlInput(kind=kind, weight=w, clip=clips.get(str(kind))) for kind, w in weights.items()),
        parameters=_with_input_fps(given, parameters, run, clips["color"]),
        num_gpu=run.num_gpu if num_gpu is None else num_gpu,
        extras={role: clips[role] for role in extras},
        regions=tuple(run.spec.regions),
    )
    fitted, told = fit_prompt(request)
    return fitted, (*_warnings(fitted), *told)


def _extras(run: RunSpec) -> dict[str, Path]:
    """Return the further inputs of a run by role.

    Raises:
        BadInput: the engine takes no input of a kind, or a mask belongs to a control that takes no part.
    """
    taken = getattr(find_engine(run.engine), "extras", ())
    for kind, words in KINDS.items():
        if getattr(run.spec, kind) and kind not in taken:
            able = [name for name in engine_names() if kind in getattr(find_engine(name), "extras", ())]
            raise BadInput(
                f"{run.name}: {run.engine} takes no {kind} ({words})",
                allowed=f"with {', '.join(able)}",
                action="take one of these engines, or leave it out of the prompt spec",
            )
    weights = resolve_weights(run)
    for control in run.spec.masks:
        if control not in weights:
            raise BadInput(
                f"{run.name}: a mask for {control}, which takes no part",
                allowed=f"masks for {', '.join(map(str, weights)) or 'no control'}",
                action=f"give {control} a weight, or leave its mask out",
            )
    return spec_extras(run.spec)


def picture_clip(path: Path) -> Clip:
    """Return the facts of a picture; it counts as one frame.

    Raises:
        BadInput: it is no PNG or JPEG that can be read.
    """
    # Imported here: few runs have a picture.
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    if path.suffix.lower() not in PICTURES:
        raise BadInput(f"{path} is no picture", allowed=f"a file that ends with {', '.join(PICTURES)}")
    try:
        with Image.open(path) as picture:
            picture.load()
            return Clip(path=path, sha256=sha256_of(path), frames=1, size=picture.size, fps=1.0)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}", allowed="a whole PNG or JPEG") from error


def resolve_weights(run: RunSpec) -> dict[Control, float]:
    """Return the weight of every control that takes part, in the order of the Control type.

    A control without a weight gets DEFAULT_WEIGHT. A control with weight 0 takes no part.

    Raises:
        BadInput: a control has a weight but no video, this program does not compute it, and the engine does not
            estimate it.
    """
    made = COMPUTED | find_estimates(run.engine).keys()
    for kind, weight in run.weights.items():
        if weight > 0 and kind not in run.spec.controls and kind not in made:
            raise BadInput(
                f"{run.name}: weight {weight:g} for {kind}, but there is no {kind} video, and {run.engine} estimates "
                "none",
                allowed=f"weights for {_names(run.spec.controls)}",
                action=f"give one with create-spec --control {kind}=VIDEO, set its weight to 0, or take an engine that "
                "estimates it (transfer1, transfer2.5)",
            )
    kinds = [kind for kind in Control if kind in run.spec.controls or kind in run.weights]
    weights = {kind: run.weights.get(kind, DEFAULT_WEIGHT) for kind in kinds}
    return {kind: float(weight) for kind, weight in weights.items() if weight > 0}


def probe_videos(videos: Mapping[str, Path], *, ffmpeg: FFmpeg) -> dict[str, Clip]:
    """Decode videos in parallel and return a Clip for each.

    Raises:
        BadInput: a video cannot be read to its end, is marked as rotated, or has a varying frame rate. Cosmos and
            FFmpeg would read such a rotated or varying video differently.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(videos))) as pool:
        return dict(zip(videos, pool.map(lambda path: _plain_clip(path, ffmpeg), videos.values()), strict=True))


def caching_probe(ffmpeg: FFmpeg, verified: Mapping[Path, Clip] | None = None) -> Probe:
    """Return a function that decodes each video only once, and a video in ``verified`` never."""
    known = dict(verified or {})

    def probe(videos: Mapping[str, Path]) -> dict[str, Clip]:
        new = {role: path for role, path in videos.items() if path not in known}
        known.update((clip.path, clip) for clip in probe_videos(new, ffmpeg=ffmpeg).values())
        return {role: known[path] for role, path in videos.items()}

    return probe


def _plain_clip(path: Path, ffmpeg: FFmpeg) -> Clip:
    facts = inspect_video(path, ffmpeg=ffmpeg)
    if facts.rotation_deg or not facts.constant_rate:
        found = (
            f"is marked as rotated by {facts.rotation_deg:g} degrees"
            if facts.rotation_deg
            else "has a varying frame rate"
        )
        raise BadInput(f"{path} {found}", action="standardize gives it upright frames at a constant rate")
    return facts.clip


def check_alike(clips: Mapping[str, Clip]) -> None:
    """Refuse controls that differ from the colour video in length, size or frame rate.

    Cosmos itself gives no message in these cases. It cuts longer videos to the shortest, mirrors the frames of shorter
    ones, and chooses a frame size for each video.

    Raises:
        BadInput: the videos differ; the error names every difference, with both values and both files.
    """
    color = clips["color"]
    differences = [
        f"{role} ({clip.path.name}) has {value}, color ({color.path.name}) has {wanted}"
        for role, clip in clips.items()
        for value, wanted in zip(_facts(clip), _facts(color), strict=True)
        if value != wanted
    ]
    if differences:
        raise BadInput(
            "the videos do not match: " + "; ".join(differences),
            action="convert all passes together with convert-sequence, or correct one with standardize",
        )


def _facts(clip: Clip) -> tuple[str, str, str]:
    return (f"{clip.frames} frames", f"{clip.size[0]}x{clip.size[1]} pixels", f"{clip.fps:g} fps")


def _with_distilled_steps(resolved: dict[str, ParameterValue], run: RunSpec) -> dict[str, ParameterValue]:
    """Use the steps for which the engine's distilled model was trained, if that model is asked for and no steps are."""
    steps = getattr(find_engine(run.engine), "distilled_steps", 0)
    if steps and resolved.get("use_distilled") and "num_steps" not in run.parameters:
        return {**resolved, "num_steps": steps}
    return resolved


def _with_input_fps(
    resolved: Mapping[str, ParameterValue], parameters: Mapping[str, Parameter], run: RunSpec, color: Clip
) -> dict[str, ParameterValue]:
    """Use the input's frame rate if the run sets none, because the engines' fixed default of 24 changes the speed."""
    if "fps" not in parameters or "fps" in run.parameters:
        return dict(resolved)
    if not float(color.fps).is_integer():
        raise BadInput(
            f"{color.path} has {color.fps:g} fps",
            allowed="a whole number of frames a second",
            action=f"standardize --fps gives it one; or keep its frames and name the rate of the result: --set "
            f"fps={round(color.fps)}",
        )
    try:
        return {**resolved, "fps": parameters["fps"].check_value(color.fps)}
    except BadInput as error:
        raise BadInput(
            f"{color.path} has {color.fps:g} fps",
            allowed=parameters["fps"].allowed,
            action="standardize --fps gives it another rate; or keep its frames and name the rate of the result with "
            "--set fps=N",
        ) from error


def _warnings(request: InferenceRequest) -> tuple[str, ...]:
    if reads_captions(request.engine, request.parameters):
        return ()
    words = {
        "prompt": count_words(request.prompt),
        "negative prompt": count_words(request.negative_prompt),
    }
    return tuple(
        f"the {what} has {count} words; the model reads about {MOST_WORDS} and ignores the rest"
        for what, count in words.items()
        if count > MOST_WORDS
    )


def _names(kinds: Mapping[Control, Path]) -> str:
    return ", ".join(str(kind) for kind in Control if kind in kinds) or "none"
