"""Build the FFmpeg filter graph of the preview as text.

The filters are documented at ffmpeg.org/ffmpeg-filters.html. The graph uses only filters and options that FFmpeg 4.4
has.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cosmos_houdini.engines.labels import Label, label, label_column
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.request import ControlInput, FramePlan, InferenceRequest

BAR_HEIGHT = 60
TITLE_HEIGHT = 30
TEXT_HEIGHT = 20
MARGIN = 16
TIMELINE_HEIGHT = 4
MAX_SIGMA = 80.0
SEAM_HUE_DEG = 5
FULL_COLUMNS = 3
_BACKGROUND = "0x14171c"
_ACCENT = "0xf2a33a"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewGraph:
    """A filter graph and the pictures that it reads.

    The inputs are the colour video, then the controls in order, then ``files`` in order. The outputs are ``[result]``
    and ``[grid]``.
    """

    filters: str
    files: Mapping[str, str]
    fps: int
    grid_size: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """The look that a seed gives the picture: an angle by which to turn the hue, and the colour of the haze."""

    hue_deg: int
    air: str


def mood(seed: int) -> Mood:
    """Return the look for a seed, which is the same on every machine.

    >>> mood(1) == mood(1), mood(1) == mood(2)
    (True, False)
    """
    digest = hashlib.sha256(str(seed).encode()).digest()
    red, green, blue = (90 + value // 2 for value in digest[1:4])
    return Mood(hue_deg=digest[0] * 360 // 256 - 180, air=f"0x{red:02x}{green:02x}{blue:02x}")


def shares(controls: Sequence[ControlInput]) -> dict[Control, float]:
    """Return the weights as the model applies them: divided by their sum if the sum is more than 1."""
    total = max(1.0, sum(control.weight for control in controls))
    return {control.kind: control.weight / total for control in controls}


def preview_graph(request: InferenceRequest, plan: FramePlan) -> PreviewGraph:
    """Return the graph that makes the placeholder result with its marks, and the grid of all inputs and the result."""
    first_label = 1 + len(request.controls)
    captions = _captions(request, plan)
    pads = {name: f"{first_label + index}:v" for index, name in enumerate(captions)}
    size, sizes = plan.size, {name: caption.size for name, caption in captions.items()}
    grid, grid_size = _grid(request, size, pads, sizes)
    chains = [
        *_sources(request, size),
        *_stand_in(request, plan),
        *_marks(plan, int(request.parameters["fps"]), pads, sizes),
        *grid,
    ]
    return PreviewGraph(
        filters=";\n".join(chains),
        files={f"in/{name}.pgm": caption.pgm for name, caption in captions.items()},
        fps=int(request.parameters["fps"]),
        grid_size=grid_size,
    )


def _captions(request: InferenceRequest, plan: FramePlan) -> dict[str, Label]:
    parameters = request.parameters
    run = (
        f"no model has run   seed {parameters['seed']}   steps {parameters['num_steps']}   "
        f"guidance {parameters['guidance']:g}   sigma {parameters['sigma_max']:g}"
    )
    weights = "   ".join(f"{control.kind} {control.weight:g}" for control in request.controls)
    captions = {
        "title": label("PREVIEW", TITLE_HEIGHT),
        "details": label_column((run, f"weights   {weights}"), TEXT_HEIGHT),
        "chunks": label_column(tuple(f"chunk {n + 1}/{plan.chunks}" for n in range(plan.chunks)), TEXT_HEIGHT),
        "cell_color": label("color", TEXT_HEIGHT),
        "cell_result": label("result", TEXT_HEIGHT),
    }
    return captions | {
        f"cell_{control.kind}": label(f"{control.kind}   {control.weight:g}", TEXT_HEIGHT)
        for control in request.controls
    }


def _sources(request: InferenceRequest, size: tuple[int, int]) -> list[str]:
    """Scale each video to the frame size as cosmos-transfer1 does.

    The colour video is scaled by area, seg by nearest neighbour, and the other controls bilinearly.
    """
    scaled = f"scale={size[0]}:{size[1]}:flags="
    chains = [f"[0:v]{scaled}area,setsar=1,split=3[color_cell][color_plain][color_look]"]
    for index, control in enumerate(request.controls, start=1):
        how = "neighbor" if control.kind is Control.SEG else "bilinear"
        chains.append(f"[{index}:v]{scaled}{how},setsar=1,split[{control.kind}_cell][{control.kind}_look]")
    return chains


def _stand_in(request: InferenceRequest, plan: FramePlan) -> list[str]:
    """Return the chains of the placeholder result.

    The seed turns the hue, then each control changes the look by its share. At the end, sigma_max decides how much of
    the colour video is mixed back in.
    """
    parameters = request.parameters
    seed, look = int(parameters["seed"]), mood(int(parameters["seed"]))
    air = f"color=c={look.air}:s={plan.size[0]}x{plan.size[1]}:r={parameters['fps']}"
    saturation = 0.7 + 0.06 * float(parameters["guidance"])
    chunk = f"floor(max(n-1,0)/{plan.frames_per_chunk - plan.overlap})"
    chains = [
        f"[color_look]hue=h='{look.hue_deg}+{SEAM_HUE_DEG}*{chunk}':s={saturation:.3f},format=gbrp[look_0]",
        "[color_plain]format=gbrp[plain]",
    ]
    for index, (kind, share) in enumerate(shares(request.controls).items()):
        chains += _pull(kind, share, base=f"look_{index}", after=f"look_{index + 1}", air=air)
    kept = float(parameters["sigma_max"]) / MAX_SIGMA
    grain = max(1, round(18 / math.sqrt(int(parameters["num_steps"]))))
    chains.append(
        f"[look_{len(request.controls)}][plain]blend=all_mode=normal:all_opacity={kept:.4f},"
        f"scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,noise=c0s={grain}:c0f=t:all_seed={seed}[made]"
    )
    return chains


def _pull(kind: Control, share: float, *, base: str, after: str, air: str) -> list[str]:
    """Return the chains with which one control changes the look; a greater share changes it more.

    Args:
        kind: the control.
        share: the control's share, 0 to 1.
        base: the pad of the look so far.
        after: the pad of the changed look.
        air: the source with the colour of the haze.
    """
    control = f"[{kind}_look]format=gbrp"
    if kind is Control.VIS:
        return [f"{control}[vis_top]", f"[vis_top][{base}]blend=all_mode=normal:all_opacity={share:.4f}[{after}]"]
    if kind is Control.EDGE:
        return [f"{control}[edge_top]", f"[{base}][edge_top]blend=all_mode=screen:all_opacity={share:.4f}[{after}]"]
    if kind is Control.SEG:
        return [f"{control}[seg_top]", f"[{base}][seg_top]blend=all_mode=softlight:all_opacity={share:.4f}[{after}]"]
    if kind is not Control.DEPTH:
        raise ValueError(f"the preview draws no control {str(kind)!r}")
    # Depth is bright for near things, so far things fade into the haze.
    fade = f"lutrgb=r='(255-val)*{share:.4f}':g='(255-val)*{share:.4f}':b='(255-val)*{share:.4f}'"
    return [
        f"{control},{fade}[haze]",
        f"{air},format=gbrp[air]",
        f"[{base}][air][haze]maskedmerge[{after}]",
    ]


def _marks(plan: FramePlan, fps: int, pads: Mapping[str, str], sizes: Mapping[str, tuple[int, int]]) -> list[str]:
    """Return the chains that mark every frame as a preview, with its chunk and its position in the shot."""
    width, height = plan.size
    bar_y = height - BAR_HEIGHT
    title_y = bar_y + (BAR_HEIGHT - TITLE_HEIGHT) // 2
    details_x = MARGIN * 2 + sizes["title"][0]
    details_y = bar_y + (BAR_HEIGHT - 2 * TEXT_HEIGHT) // 2
    step = plan.frames_per_chunk - plan.overlap
    row = f"crop=iw:{TEXT_HEIGHT}:0:'{TEXT_HEIGHT}*min(floor(max(n-1,0)/{step}),{plan.chunks - 1})'"
    chunk_x = width - MARGIN - sizes["chunks"][0]
    chunk_y = bar_y + (BAR_HEIGHT - TEXT_HEIGHT) // 2
    seams = "".join(
        f",drawbox=x={round(width * seam / plan.frames)}:y={height - TIMELINE_HEIGHT * 2}:w=2:"
        f"h={TIMELINE_HEIGHT * 2}:color=white:t=fill"
        for seam in plan.seams
    )
    return [
        _words(pads["title"], "title", _ACCENT),
        _words(pads["details"], "details", "white"),
        f"[{pads['chunks']}]loop=loop=-1:size=1,setpts=N,{row}[chunk_row]",
        _words("chunk_row", "chunks", "white"),
        f"color=c={_ACCENT}:s={width}x{TIMELINE_HEIGHT}:r={fps}[timeline]",
        f"[made]drawbox=x=0:y={bar_y}:w={width}:h={BAR_HEIGHT}:color=black@0.62:t=fill[barred]",
        f"[barred][timeline]overlay=x='-w+w*(n+1)/{plan.frames}':y={height - TIMELINE_HEIGHT}{seams}[timed]",
        f"[timed][title]overlay={MARGIN}:{title_y}[titled]",
        f"[titled][details]overlay={details_x}:{details_y}[detailed]",
        f"[detailed][chunks]overlay={chunk_x}:{chunk_y}:shortest=1,{_tagged()},split[result][result_cell]",
    ]


def _words(pad: str, name: str, color: str) -> str:
    """Return the chain that turns a label into transparent words, with its grey as the opacity of ``color``."""
    return (
        f"[{pad}]format=gray,split[{name}_ink][{name}_shape];"
        f"[{name}_ink]format=gbrp,{_inked(color)}[{name}_full];"
        f"[{name}_full][{name}_shape]alphamerge[{name}]"
    )


def _inked(color: str) -> str:
    red, green, blue = (255, 255, 255) if color == "white" else (int(color[i : i + 2], 16) for i in (2, 4, 6))
    return f"lutrgb=r={red}:g={green}:b={blue}"


def _tagged() -> str:
    return "setsar=1,setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"


def _grid(
    request: InferenceRequest, size: tuple[int, int], pads: Mapping[str, str], sizes: Mapping[str, tuple[int, int]]
) -> tuple[list[str], tuple[int, int]]:
    """Return the chains of the grid and its size: colour, each control and the result, at half the frame size."""
    cells = ["color", *(str(control.kind) for control in request.controls), "result"]
    columns = 2 if len(cells) == 4 else FULL_COLUMNS  # noqa: PLR2004 - two by two fills a square
    width, height = size[0] // 2, size[1] // 2
    chains = []
    for cell in cells:
        how = "neighbor" if cell == "seg" else "area"
        box_w, box_h = sizes[f"cell_{cell}"][0] + MARGIN, TEXT_HEIGHT + 8
        scaled = f"scale={width}:{height}:flags={how}:out_color_matrix=bt709:out_range=tv,format=yuv420p"
        chains += [
            _words(pads[f"cell_{cell}"], f"{cell}_words", "white"),
            f"[{cell}_cell]{scaled},drawbox=x=0:y=0:w={box_w}:h={box_h}:color=black@0.62:t=fill[{cell}_boxed]",
            f"[{cell}_boxed][{cell}_words]overlay={MARGIN // 2}:4[{cell}_done]",
        ]
    places = [(index % columns * width, index // columns * height) for index in range(len(cells))]
    layout = "|".join(f"{x}_{y}" for x, y in places)
    inputs = "".join(f"[{cell}_done]" for cell in cells)
    chains.append(f"{inputs}xstack=inputs={len(cells)}:layout={layout}:fill={_BACKGROUND},{_tagged()}[grid]")
    return chains, (columns * width, math.ceil(len(cells) / columns) * height)
