"""The program that starts upstream's where it estimates a segmentation: the same colours for every seed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.cosmos import steady_colors

# As the modules of upstream do: a function draws each colour from Python's random numbers, another paints with them.
PAINTER = """\
import random

def generate_distinct_colors():
    return random.random()

def segmentation_color_mask(count):
    return [generate_distinct_colors() for _ in range(count)]
"""
PROGRAM = """\
import random, sys
import first
random.seed(int(sys.argv[1]))
from package.painter import segmentation_color_mask
print(first.seen, sys.argv[1:], __name__)
print(segmentation_color_mask(2) == segmentation_color_mask(3)[:2])
print(segmentation_color_mask(2))
print(random.random())
"""


def run_program(folder: Path, *arguments: str, steady: bool) -> list[str]:
    start = [steady_colors.__file__, "package.painter"] if steady else []
    argv = [sys.executable, *start, "code/program.py", *arguments]
    env = {"PYTHONPATH": str(folder)}
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=True).stdout.splitlines()


def test_colours_are_those_of_every_seed_and_all_else_is_as_before(tmp_path: Path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "painter.py").write_text(PAINTER, "utf-8")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "program.py").write_text(PROGRAM, "utf-8")
    (tmp_path / "code" / "first.py").write_text("import sys\nseen = 'package.painter' in sys.modules\n", "utf-8")
    one, two = (run_program(tmp_path, seed, steady=True) for seed in ("1", "2"))
    assert one[0] == "False ['1'] __main__"
    assert one[1] == two[1] == "True"
    assert one[2] == two[2]
    # The random numbers of the program itself still follow its seed.
    assert one[3] != two[3]
    plain = run_program(tmp_path, "1", steady=False)
    assert plain[1] == "False"


def test_an_engine_knows_the_module_that_paints():
    for engine in ("transfer1", "transfer2.5"):
        module = sys.modules[type(find_engine(engine)).__module__]
        assert module.PAINTER.startswith("cosmos_transfer")
