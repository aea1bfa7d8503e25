"""``hython scripts/cosmos_scene.py``: a scene as Houdini evaluates it, or compared with the offline reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.hython.command_lines import scene_parser
from cosmos_houdini.houdini.hython.comparison import compare_scenes, unresolved_fields
from cosmos_houdini.houdini.hython.script import exit_code, print_result, say
from cosmos_houdini.houdini.open_scene import load_scene, read_open_scene, sample_open_scene
from cosmos_houdini.schemas import schema_id


def main(argv: Sequence[str]) -> int:
    """Print the scene's document, or with ``--compare`` each difference; 1 where there is one."""
    options = scene_parser().parse_args(argv)
    return exit_code(lambda: _run(options.file, with_samples=options.samples, compare=options.compare))


def _run(file: Path, *, with_samples: bool, compare: bool) -> int:
    load_scene(file)
    scene = read_open_scene()
    document = {"schema": schema_id("scene"), **scene.document(sample_open_scene(scene) if with_samples else None)}
    if not compare:
        print_result(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    offline = worker.call("scene", {"file": str(file), "samples": with_samples})
    found = compare_scenes(document, offline)
    for difference in found:
        print_result(str(difference))
    for camera in offline["cameras"]:
        if unresolved_fields(camera):
            say(f"{camera['path']}: known to Houdini alone: {', '.join(camera['unresolved'])}")
    say(f"{len(found)} difference{'s' * (len(found) != 1)} in {file}")
    return 1 if found else 0
