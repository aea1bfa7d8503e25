"""The page of parameters, which is made by changing each parameter of each engine."""

from __future__ import annotations

import sys
from pathlib import Path

from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.translation import find_place

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_parameters_is_that_of_the_engines() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from pages.parameters import page  # noqa: PLC0415 - found through the line above
    finally:
        sys.path.pop(0)
    assert (ROOT / "docs" / "parameters.md").read_text("utf-8") == page(), "run scripts/build_parameter_page.py"


def test_a_parameter_is_found_where_it_is_written() -> None:
    assert find_place(find_engine("transfer1"), "sigma_max") == "spec.json: `sigma_max`"
    assert (
        find_place(find_engine("transfer2.5"), "use_distilled")
        == "`--model`, variable `COSMOS_EXPERIMENTAL_CHECKPOINTS`"
    )
    assert find_place(find_engine("cosmos3"), "model") == "`--checkpoint-path`"
    assert find_place(find_engine("preview"), "use_distilled") == ""
