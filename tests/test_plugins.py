"""Registries: what they hold, what other packages add, and what happens to a package that cannot be used."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.plugins import Registry


def check_text(name: str, thing: object) -> str:
    if not isinstance(thing, str):
        raise BadInput(f"{name} is a {type(thing).__name__} and no text")
    return thing


def make_registry() -> Registry[str]:
    return Registry("colour", group="cosmos_houdini.test_colours", builtin={"red": "#f00"}, check=check_text)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a function that puts a package with one entry point where Python finds it."""

    def install_package(package: str, name: str, value: str, source: str = "") -> None:
        folder = tmp_path / package
        metadata = folder / f"{package}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[cosmos_houdini.test_colours]\n{name} = {value}\n")
        (folder / f"{package}.py").write_text(source)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, package, raising=False)

    return install_package


def test_a_built_in_thing_is_found_without_any_package() -> None:
    assert make_registry().get("red") == "#f00"


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(BadInput, match=r"unknown colour 'rad'; allowed: red; did you mean 'red'\?"):
        make_registry().get("rad")


def test_a_package_adds_a_thing_and_is_imported_only_when_it_is_asked_for(install: Callable[..., None]) -> None:
    install("colours_blue", "blue", "colours_blue:BLUE", "BLUE = '#00f'")
    registry = make_registry()
    assert registry.get("red") == "#f00"
    assert "colours_blue" not in sys.modules
    assert registry.get("blue") == "#00f"
    assert registry.names() == ("red", "blue")


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("bad", "raise RuntimeError('no\\nlicence')", r"RuntimeError: no\nlicence"),
        ("bad", "raise SystemExit(3)", "SystemExit: 3"),
        ("bad", "import colours_nowhere", "ModuleNotFoundError: No module named 'colours_nowhere'"),
        ("bad", "", "AttributeError: module 'colours_bad' has no attribute 'VALUE'"),
        ("bad", "VALUE = 7", "BadInput: bad is a int and no text"),
        ("Bad Name", "VALUE = 'x'", "BadInput: the colour name 'Bad Name' cannot be used"),
        ("red", "VALUE = 'x'", "the name is that of a built-in colour"),
    ],
)
def test_a_package_that_cannot_be_used_is_named_once_and_left_out(
    install: Callable[..., None], caplog: pytest.LogCaptureFixture, name: str, source: str, reason: str
) -> None:
    install("colours_bad", name, "colours_bad:VALUE", source)
    registry = make_registry()
    with caplog.at_level(logging.WARNING):
        assert registry.names() == ("red",)
        assert registry.names() == ("red",)
        assert registry.find("bad") is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.messages[0].startswith(f"the colour {name!r} of colours_bad is left out: {reason}")


def test_the_second_package_of_one_name_is_left_out(
    install: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    install("colours_a", "blue", "colours_a:BLUE", "BLUE = 'first'")
    install("colours_b", "blue", "colours_b:BLUE", "BLUE = 'second'")
    with caplog.at_level(logging.WARNING):
        assert make_registry().get("blue") == "first"
    assert caplog.messages == ["the colour 'blue' of colours_b is left out: colours_a offers the same name"]


def test_a_registered_thing_lasts_until_it_is_unregistered() -> None:
    registry = make_registry()
    registry.register("blue", "#00f")
    registry.register("blue", registry.get("blue"))
    assert registry.names() == ("red", "blue")
    with pytest.raises(BadInput, match="the colour name 'blue' is taken"):
        registry.register("blue", "other")
    registry.unregister("blue")
    registry.unregister("red")
    assert registry.names() == ("red",)


@pytest.mark.parametrize("name", ["", "Blue", "b lue", "../blue", "b" * 41, "blue-"])
def test_a_name_that_could_lead_astray_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=r"the colour name .* cannot be used"):
        make_registry().register(name, "#00f")
