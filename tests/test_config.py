"""Layers of the configuration, their order, and the sentence that a wrong value gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.config import load, unknown_variables
from cosmos_houdini.config.variables import NOT_CONFIGURATION, section_variables
from cosmos_houdini.errors import BadInput
from cosmos_houdini.yaml_text import read_yaml

PACKAGE = Path(__file__).resolve().parent.parent / "python3.10libs" / "cosmos_houdini"

PROJECT = """
defaults: {host: gpu01, engine: transfer1}
hosts:
  gpu01: {address: art@gpu01.example, port: 22, root: /data/cosmos, launcher: docker, image: "cosmos", gpus: [0, 1]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "cosmos-houdini.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "shots" / "sh010").mkdir(parents=True)
    return tmp_path


def test_without_a_file_the_built_in_defaults_hold(tmp_path: Path) -> None:
    config = load(tmp_path, {})
    assert (config.settings.defaults.host, config.settings.defaults.engine) == ("local", "preview")
    assert config.origins == {}
    assert config.project == tmp_path


def test_the_project_file_is_found_from_a_folder_below(project: Path) -> None:
    config = load(project / "shots" / "sh010", {})
    assert config.settings.hosts["gpu01"].gpus == (0, 1)
    assert config.origins["defaults.engine"] == str(project / "cosmos-houdini.yaml")
    assert config.project == project


def test_the_project_file_wins_over_the_users_and_a_variable_over_both(project: Path) -> None:
    user = Path.home() / ".config" / "cosmos-houdini"
    user.mkdir(parents=True)
    (user / "cosmos-houdini.yaml").write_text("defaults: {engine: preview, host: other}\n", encoding="utf-8")
    config = load(project, {"COSMOS_HOUDINI_DEFAULTS_HOST": "local"})
    assert config.settings.defaults.engine == "transfer1"
    assert config.settings.defaults.host == "local"
    assert config.origins["defaults.host"] == "$COSMOS_HOUDINI_DEFAULTS_HOST"


def test_a_variable_reaches_a_host_whose_field_has_an_underscore(project: Path) -> None:
    environ = {"COSMOS_HOUDINI_HOSTS_GPU01_ENGINE_PATH": "/opt/ct1", "COSMOS_HOUDINI_HOSTS_NEW_BOX_PORT": "2222"}
    hosts = load(project, environ).settings.hosts
    assert hosts["gpu01"].engine_path == "/opt/ct1"
    assert hosts["gpu01"].address == "art@gpu01.example"
    assert hosts["new_box"].port == 2222


def test_a_named_file_stands_instead_of_all_others(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("defaults: {engine: preview}\n", encoding="utf-8")
    config = load(project, {"COSMOS_HOUDINI_CONFIG": str(other)})
    assert config.settings.hosts == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("defaults: {egine: preview}", "defaults.egine"),
        ("hosts: {a: {adress: x}}", "did you mean 'address'?"),
        ("hosts: {a: {port: 99999}}", "hosts.a.port = 99999"),
        ("- a list", "list"),
        ("defaults: {host: [", "is no YAML"),
        ("hosts:\n\ta: {}", "is no YAML: line 2, column 1: found character '\\t' that cannot start any token"),
        ("hosts: {a: {}}\nhosts: {b: {}}", "line 2, column 1: 'hosts' is a duplicate key"),
        ("[" * 9999, "nested too deeply"),
        ("a: \0", "is no YAML: unacceptable character"),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load(tmp_path, {})
    assert said in str(caught.value)
    assert "cosmos-houdini.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_host_local_is_never_another_machine(tmp_path: Path) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("hosts: {local: {address: elsewhere, root: /data}}\n")
    with pytest.raises(BadInput, match=r"hosts\.local\.address = 'elsewhere': this host is this machine"):
        load(tmp_path, {})


def test_an_unknown_host_is_answered_with_the_nearest(project: Path) -> None:
    with pytest.raises(BadInput, match=r"no host 'gpu1' is configured; allowed: gpu01, local; did you mean 'gpu01'\?"):
        load(project, {}).settings.host("gpu1")


def test_a_missing_named_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"COSMOS_HOUDINI_CONFIG"):
        load(tmp_path, {"COSMOS_HOUDINI_CONFIG": str(tmp_path / "none.yaml")})


def test_the_layers_of_passes_are_no_words_that_tell_them(tmp_path: Path) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("passes: {depth: [zz], layers: {depth: Pz}}\n", encoding="utf-8")
    passes = load(tmp_path, {}).settings.passes
    assert passes.words["depth"] == ("zz",)
    assert "layers" not in passes.words
    assert passes.layers == {"depth": "Pz"}


def test_a_variable_reaches_every_section(tmp_path: Path) -> None:
    settings = load(
        tmp_path, {"COSMOS_HOUDINI_CONTROLS_EDGE": "low", "COSMOS_HOUDINI_DEPTH_KIND": "near-dark"}
    ).settings
    assert (settings.controls.edge, settings.depth.kind) == ("low", "near-dark")
    with pytest.raises(BadInput, match=r"controls.edge = 'lwo'"):
        load(tmp_path, {"COSMOS_HOUDINI_CONTROLS_EDGE": "lwo"})


def test_words_that_older_yaml_takes_for_truth_and_numbers_are_what_they_say(tmp_path: Path) -> None:
    text = "notify: {on: [finish]}\ncontrols: {edge: off}\nhosts: {a: {time: 12:00:00, jobs_per_gpu: 2}}\n"
    (tmp_path / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")
    settings = load(tmp_path, {}).settings
    assert settings.notify.on == ("finish",)
    assert settings.controls.edge == "off"
    assert (settings.hosts["a"].time, settings.hosts["a"].jobs_per_gpu) == ("12:00:00", 2)


def test_relative_paths_begin_at_the_file_in_which_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "notify: {urls_file: private/urls}\nhosts: {a: {identity: ~/.ssh/id, known_hosts: known}}\n"
    (tmp_path / "cosmos-houdini.yaml").write_text(f"{text}programs: {{ffmpeg: ffmpeg}}\n", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    settings = load(tmp_path / "sub", {"COSMOS_HOUDINI_SEG_PALETTE": "show.json"}).settings
    assert settings.notify.urls_file == tmp_path / "private" / "urls"
    assert settings.hosts["a"].known_hosts == tmp_path / "known"
    others = (settings.hosts["a"].identity, settings.programs.ffmpeg, settings.seg.palette)
    assert others == (Path("~/.ssh/id"), Path("ffmpeg"), Path("show.json"))
    (tmp_path / "ffmpeg").touch()
    assert load(tmp_path / "sub", {}).settings.programs.ffmpeg == tmp_path / "ffmpeg"


def test_a_variable_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\$COSMOS_HOUDINI_DEFAULTS_HOST is no YAML"):
        load(tmp_path, {"COSMOS_HOUDINI_DEFAULTS_HOST": "["})


# Halves of characters are refused; see test_strangers_text.py.
_TEXTS = st.text(st.characters(blacklist_categories=["Cs"]))
_SCALARS = st.one_of(_TEXTS, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False), st.dates().map(str))


@given(st.recursive(_SCALARS, lambda some: st.lists(some) | st.dictionaries(_TEXTS, some)))
def test_what_pyyaml_writes_is_read_as_it_was(data: object) -> None:
    assert read_yaml(yaml.safe_dump(data), "it") == data


def test_every_parent_folder_adds_its_file_and_the_innermost_is_the_project(tmp_path: Path) -> None:
    shot = tmp_path / "show" / "seq" / "shot"
    (shot / "work").mkdir(parents=True)
    show, middle, inner = (folder / "cosmos-houdini.yaml" for folder in (tmp_path / "show", shot.parent, shot))
    show.write_text("defaults: {engine: transfer1, attempts: 5}\nhosts: {a: {address: a, root: /data}}\n")
    middle.write_text("defaults: {engine: preview}\nhosts: {a: {root: /fast}, b: {address: b}}\n")
    inner.write_text("defaults: {host: a}\n")
    config = load(shot / "work", {})
    assert (config.project, config.files) == (shot, (show, middle, inner))
    assert (config.settings.defaults.host, config.settings.defaults.attempts) == ("a", 5)
    assert (config.settings.hosts["a"].address, config.settings.hosts["a"].root) == ("a", "/fast")
    assert config.origins == {
        "defaults.engine": str(middle),
        "defaults.attempts": str(show),
        "defaults.host": str(inner),
        "hosts.a.address": str(show),
        "hosts.a.root": str(middle),
        "hosts.b.address": str(middle),
    }


def test_a_relative_path_starts_at_the_folder_of_its_own_file(tmp_path: Path) -> None:
    inner = tmp_path / "shot"
    inner.mkdir()
    (tmp_path / "cosmos-houdini.yaml").write_text("color: {config: show.ocio}\nseg: {palette: a.json}\n")
    (inner / "cosmos-houdini.yaml").write_text("seg: {palette: b.json}\n")
    settings = load(inner, {}).settings
    assert settings.color.config == str(tmp_path / "show.ocio")
    assert settings.seg.palette == inner / "b.json"
    assert load(inner, {"COSMOS_HOUDINI_COLOR_CONFIG": "ocio://default"}).settings.color.config == "ocio://default"


def test_the_users_file_is_read_once_where_it_lies_in_a_parent_folder(tmp_path: Path) -> None:
    user = Path.home() / ".config" / "cosmos-houdini"
    (user / "below").mkdir(parents=True)
    (user / "cosmos-houdini.yaml").write_text("defaults: {attempts: 2}\n", encoding="utf-8")
    config = load(user / "below", {})
    assert config.files == (user / "cosmos-houdini.yaml",)
    assert load(tmp_path, {}).settings.defaults.attempts == 2


def test_a_named_file_replaces_all_files_of_the_cascade(tmp_path: Path) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("defaults: {attempts: 2}\n", encoding="utf-8")
    (tmp_path / "other.yaml").write_text("defaults: {host: local}\n", encoding="utf-8")
    config = load(tmp_path, {"COSMOS_HOUDINI_CONFIG": str(tmp_path / "other.yaml")})
    assert (config.settings.defaults.attempts, config.files) == (3, (tmp_path / "other.yaml",))


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("COSMOS_HOUDINI_DEFAULTS_HOTS", "did you mean 'COSMOS_HOUDINI_DEFAULTS_HOST'?"),
        ("COSMOS_HOUDINI_PYHTON", "did you mean 'COSMOS_HOUDINI_PYTHON'?"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_one(name: str, action: str) -> None:
    (unknown,) = unknown_variables({name: "x", "PATH": "/bin"})
    assert (unknown.name, unknown.action) == (name, action)


def test_known_variables_are_not_unknown() -> None:
    names = [*section_variables(), *NOT_CONFIGURATION, "COSMOS_HOUDINI_TESTS_REQUIRE", "COSMOS_HOUDINI_HOSTS_A_PORT"]
    assert not list(unknown_variables(dict.fromkeys([*names, "COSMOS_HOUDINI", "COSMOS_PROGRESS"], "x")))


def test_every_variable_that_the_sources_read_is_known() -> None:
    sources = [path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".sh"}]
    read = {name for path in sources for name in re.findall(r"(?<!_)COSMOS_HOUDINI_[A-Z_]+[A-Z]", path.read_text())}
    shown = {"COSMOS_HOUDINI_HOSTS", "COSMOS_HOUDINI_TESTS"}
    assert not {u.name for u in unknown_variables(dict.fromkeys(read - shown, "x"))}
