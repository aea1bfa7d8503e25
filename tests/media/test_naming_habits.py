"""Real habits of naming files, layers and channels, each with the passes that a person would take from them.

The habits are made from rules: what each renderer calls its layers, times where the files lie; how each renderer calls
the files of its passes, times how studios build names; and names of shots and departments that hold a pass word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.media.controls.pass_sources import PassSettings, resolve_layers
from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.model.control import Pass
from support.media import pictures
from support.media.exr_files import write_exr, write_parts

PLANE = np.linspace(1, 9, 24, dtype=np.float32).reshape(4, 6)

Parts = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Habit:
    """Files by their names, with the channels of each part; and the file and layer of each pass."""

    label: str
    files: Mapping[str, Parts]
    passes: Mapping[str, tuple[str, str]]


def channels(layer: str, letters: str = "RGBA") -> tuple[str, ...]:
    return tuple(f"{layer}.{letter}" if layer else letter for letter in letters)


def one(*names: str) -> Parts:
    return {"": names}


CRYPTO = channels("crypto_object00")
# By renderer: the parts of one file, and the layers of colour, depth and segmentation in it.
MULTILAYER: Mapping[str, tuple[Parts, str, str, str | None]] = {
    "mantra": (one(*"RGBA", "Pz", "Op_Id", *channels("N", "XYZ")), "rgba", "Pz", "Op_Id"),
    "karma": ({"C": tuple("RGBA"), "depth": ("Z",), "P": tuple("XYZ"), "primid": ("Y",)}, "C", "depth", "primid"),
    "karma hit": (one(*channels("C"), "hitPz", *channels("hitN", "xyz")), "C", "hitPz", None),
    "arnold": (one(*"RGBA", "Z", *channels("N", "XYZ"), *channels("P", "XYZ"), *CRYPTO), "rgba", "Z", "crypto_object"),
    "arnold parts": ({"RGBA": tuple("RGBA"), "Z": ("Z",), "N": tuple("XYZ"), "ID": ("ID",)}, "RGBA", "Z", "ID"),
    "redshift": (one(*"RGBA", "Z", *channels("Normals", "RGB"), "ObjectID"), "rgba", "Z", "ObjectID"),
    "redshift beauty": (
        one(*channels("Beauty"), *channels("Depth", "Z"), *channels("P", "XYZ")),
        "Beauty",
        "Depth",
        None,
    ),
    "v-ray": (one(*"RGBA", "zDepth", *channels("normals", "XYZ"), "renderID"), "rgba", "zDepth", "renderID"),
    "v-ray elements": (
        one(*channels("RGB_color", "RGB"), "VRayZDepth.Z", *channels("VRayNormals", "XYZ"), "VRayMtlID"),
        *("RGB_color", "VRayZDepth", "VRayMtlID"),
    ),
    "renderman": (one(*"RGBA", "z", *channels("Nn", "xyz"), *channels("__Pworld", "xyz"), "id"), "rgba", "z", "id"),
    "renderman ci": (one(*channels("Ci", "rgb"), "zfiltered", *channels("albedo", "rgb")), "Ci", "zfiltered", None),
    "octane": (
        one(*channels("Beauty"), *channels("Z-Depth", "RGB"), *channels("Object ID", "RGB")),
        "Beauty",
        "Z-Depth",
        "Object ID",
    ),
    "cycles": (
        one(*channels("ViewLayer.Combined"), "ViewLayer.Depth.Z", *channels("ViewLayer.CryptoObject00", "rgba")),
        *("ViewLayer.Combined", "ViewLayer.Depth", "ViewLayer.CryptoObject"),
    ),
    "cycles 4": (
        one(*channels("View Layer.Combined"), "View Layer.Depth.V", "View Layer.Mist.Z", "View Layer.IndexOB.X"),
        *("View Layer.Combined", "View Layer.Depth", "View Layer.IndexOB"),
    ),
    "nuke": (one(*"RGBA", "depth.Z", *channels("forward", "uv"), *channels("mask", "a")), "rgba", "depth", None),
    "nuke parts": (
        {"rgba_main": ("red", "green", "blue", "alpha"), "depth_main": ("Z",), "N_main": tuple("XYZ")},
        *("rgba_main", "depth_main", None),
    ),
    "stereo": (
        {"rgba_right": tuple("RGBA"), "rgba_left": tuple("RGBA"), "depth_right": ("Z",), "depth_left": ("Z",)},
        *("rgba_left", "depth_left", None),
    ),
    "stereo layers": (one(*"RGBA", "Z", *channels("right"), "right.Z"), "rgba", "Z", None),
    "maya": (one(*channels("masterLayer.beauty"), "masterLayer.Z.Z"), "masterLayer.beauty", "masterLayer.Z", None),
    "lower case": (one(*"rgba", "z"), "rgba", "z", None),
    "grey": (one("Y", "Z"), "rgba", "Z", None),
    "position": ({"C": tuple("RGBA"), "P": tuple("xyz"), "N": tuple("xyz"), "depth": ("Z",)}, "C", "depth", None),
}
# A folder of these names tells nothing of a file with named layers, and nothing of a plate.
PLACES = ("", "N010", "vis_dev", "sh010_depth_v2", "edge_of_tomorrow", "lighting")

# By renderer: the names of its passes in files, and the channels in these.
SPLIT: Mapping[str, tuple[str, str, str | None, Parts]] = {
    "v-ray": ("RGB_color", "VRayZDepth", "VRayRenderID", one(*"RGB")),
    "redshift": ("Beauty", "Z", "Cryptomatte", one(*"RGB")),
    "arnold": ("RGBA", "Z", "crypto_object", one(*"RGB")),
    "karma": ("C", "depth", "primid", one(*"RGB")),
    "mantra": ("beauty", "Pz", "Op_Id", one(*"RGB")),
    "cycles": ("Combined", "Depth", "IndexOB", one(*"RGB")),
    "studio": ("bty", "zdepth", "objectID", one(*"RGB")),
}
# How a name is built of shot, pass and frame.
BUILDS = (
    *("{shot}.{pass_}.1001.exr", "{shot}_{pass_}.1001.exr", "{shot}_{pass_}_v003.1001.exr"),
    "{shot}-{pass_}_1001.exr",
    *(
        "{pass_}_{shot}.1001.exr",
        "{pass_}/{shot}.1001.exr",
        "{shot}_comp_v012_{pass_}_1001.exr",
        "{shot}.1001.{pass_}.exr",
    ),
)
# A colour file whose name has no pass, as V-Ray, Arnold and Redshift write it by default, beside elements.
BARE = ("{shot}.{pass_}.1001.exr", "{shot}_{pass_}.1001.exr")

# A plate with such a name, or in such a folder, is a plate.
PLATES = (
    *(
        "N010/plate.1001.png",
        "Z020/plate.1001.png",
        "C130/plate.1001.png",
        "P001/plate.1001.png",
        "vis_dev/shot.1001.png",
    ),
    *(
        "edge_of_tomorrow/sh010.1001.png",
        "mask_man_010/sh.1001.png",
        "depth_charge/sh.1001.png",
        "normal_people/a.1001.png",
    ),
    *("seg_0010/sh.1001.png", "id4_0010/sh.1001.png", "matte_painting/sh.1001.png", "crypto_heist_020/sh.1001.png"),
    *("n010.1001.png", "Z020.1001.png", "c010_0020.1001.png", "edge_010.1001.png", "mask_man.1001.png", "N1001.png"),
    *(
        "vis_dev.1001.png",
        "pre_vis.1001.png",
        "postvis_v02.1001.png",
        "sh010_techvis.1001.png",
        "edge_of_tomorrow.1001.png",
    ),
    *(
        "sh010_comp.1001.png",
        "sh010_comp_v003.1001.png",
        "comp/sh010.1001.png",
        "sh010_plate.1001.png",
        "plate.1001.png",
    ),
    *(
        "sh010_reflection.1001.png",
        "pole_position.1001.png",
        "sh010_fog.1001.png",
        "Z/plate.1001.png",
        "N/plate.1001.png",
    ),
)


def habits() -> Iterator[Habit]:
    for (renderer, (parts, color, depth, seg)), place in product(MULTILAYER.items(), PLACES):
        name = f"{place}/sh.1001.exr" if place else "sh.1001.exr"
        layers = {"color": color, "depth": depth, **({"seg": seg} if seg else {})}
        yield Habit(
            f"{renderer} in {place or 'no folder'}", {name: parts}, {p: (name, layer) for p, layer in layers.items()}
        )
    for (renderer, (color, depth, seg, parts)), build in product(SPLIT.items(), BUILDS):
        named = {"color": color, "depth": depth, **({"seg": seg} if seg else {})}
        files = {pass_: build.format(shot="sh010", pass_=word) for pass_, word in named.items()}
        yield Habit(
            f"{renderer} as {build}", dict.fromkeys(files.values(), parts), {p: (f, "rgba") for p, f in files.items()}
        )
    for (renderer, (_, depth, _, parts)), build in product(SPLIT.items(), BARE):
        files = {"color": "sh010.1001.exr", "depth": build.format(shot="sh010", pass_=depth)}
        yield Habit(
            f"{renderer} beside a bare colour as {build}",
            dict.fromkeys(files.values(), parts),
            {p: (f, "rgba") for p, f in files.items()},
        )
    for plate in PLATES:
        yield Habit(plate, {plate: {}}, {"color": (plate, "")})


HABITS = list(habits())


def write(path: Path, parts: Parts) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not parts:
        path.write_bytes(pictures.png_bytes())
    elif "" in parts:
        write_exr(path, dict.fromkeys(parts[""], PLANE))
    else:
        write_parts(path, {part: dict.fromkeys(names, PLANE) for part, names in parts.items()})


def test_there_are_more_than_two_hundred() -> None:
    assert len({habit.label for habit in HABITS}) == len(HABITS) > 200


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.label)
def test_a_person_and_the_program_take_the_same_for_each_pass(tmp_path: Path, habit: Habit) -> None:
    folder = tmp_path / "renders"
    for name, parts in habit.files.items():
        write(folder / name, parts)
    sequences = verify(find_sequences(folder, {}))
    assert len({sequence.shot for sequence in sequences}) == 1
    found = {
        str(fed.pass_): (fed.frames[0].file.relative_to(folder).as_posix(), fed.layer)
        for fed in resolve_layers(sequences, PassSettings())
        if fed.pass_ in {Pass.COLOR, Pass.DEPTH, Pass.SEG, Pass.EDGE, Pass.VIS, Pass.MASK}
    }
    found.pop("mask", None)  # Nuke's mask is one
    assert found == habit.passes


@pytest.mark.parametrize("plate", PLATES)
def test_the_folder_of_a_plate_may_be_the_one_that_is_searched(tmp_path: Path, plate: str) -> None:
    write(tmp_path / plate, {})
    (sequence,) = find_sequences((tmp_path / plate).parent, {})
    assert sequence.pass_ is Pass.COLOR
