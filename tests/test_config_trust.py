"""Which configuration files count, and what a project file may change: tried with owners, modes and links."""

from __future__ import annotations

import grp
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cosmos_houdini.cli import main
from cosmos_houdini.config import load, trust, trust_file, user_file
from cosmos_houdini.config.settings import FILE_NAME
from cosmos_houdini.errors import BadInput

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no owner is told there")

NOBODY = 65534
needs_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a file to another user"
)
EVIL = {"hosts": {"gpu01": {"address": "evil.example", "known_hosts": "theirs"}}, "programs": {"ffmpeg": "./evil.sh"}}


@pytest.fixture
def own() -> Path:
    """Return the user's own file, which defines the host gpu01 and an FFmpeg."""
    path = user_file()
    path.parent.mkdir(parents=True)
    write(
        path,
        {
            "hosts": {"gpu01": {"address": "artist@gpu01", "root": "/data", "gpus": [0, 1]}},
            "programs": {"ffmpeg": sys.executable},
            "defaults": {"host": "gpu01"},
        },
    )
    return path


def write(path: Path, content: object) -> Path:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def give_away(path: Path) -> None:
    os.chown(path, NOBODY, NOBODY)


def open_folder(path: Path) -> None:
    path.parent.chmod(0o1777)


def open_file(path: Path) -> None:
    path.chmod(0o666)


def open_to_the_group(path: Path) -> None:
    path.chmod(0o664)
    os.chown(path, -1, NOBODY)


def give_folder_away(path: Path) -> None:
    os.chown(path.parent, NOBODY, NOBODY)


def link_from_an_open_folder(path: Path) -> None:
    target = path.parent / "target"
    target.mkdir(mode=0o777)
    target.chmod(0o777)
    path.rename(target / "file")
    path.symlink_to(target / "file")


def link_of_another(path: Path) -> None:
    (path.parent / "target").mkdir()
    path.rename(path.parent / "target/file")
    path.symlink_to("target/file")
    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


DOUBTS = [
    pytest.param(give_away, "belongs to nobody, and neither to you nor to root", marks=needs_root),
    pytest.param(give_folder_away, "belongs to nobody", marks=needs_root),
    pytest.param(link_of_another, "belongs to nobody", marks=needs_root),
    pytest.param(open_to_the_group, "others may write", marks=needs_root),
    (open_folder, "others may write to its folder {folder}, which has mode 1777"),
    (open_file, "others may write to it, which has mode 0666"),
    (link_from_an_open_folder, "others may write to the folder {folder}/target of its target, which has mode 0777"),
]


@pytest.mark.parametrize(("spoil", "why"), DOUBTS)
@pytest.mark.parametrize("below", ["", "shots/sh010"])
def test_a_file_that_others_may_have_written_is_refused_with_both_remedies(
    spoil: Callable[[Path], None], why: str, below: str, tmp_path: Path, own: Path
) -> None:
    file = write(tmp_path / FILE_NAME, EVIL)
    (tmp_path / below).mkdir(parents=True, exist_ok=True)
    spoil(file)
    with pytest.raises(BadInput) as caught:
        load(tmp_path / below, {})
    said = str(caught.value)
    assert said.startswith(f"the configuration {file} does not count: ")
    assert why.format(file=file, folder=tmp_path) in said
    assert f"config trust {tmp_path}" in said
    assert f"config ignore {tmp_path}" in said
    assert "\n" not in said
    assert own.exists()


@pytest.mark.parametrize(("spoil", "why"), DOUBTS)
def test_a_file_that_a_variable_names_is_held_to_the_same(
    spoil: Callable[[Path], None], why: str, tmp_path: Path
) -> None:
    file = write(tmp_path / "named.yaml", EVIL)
    spoil(file)
    with pytest.raises(BadInput, match=r"does not count") as caught:
        load(tmp_path, {"COSMOS_HOUDINI_CONFIG": str(file)})
    assert why.format(file=file, folder=tmp_path) in str(caught.value)


@pytest.mark.parametrize("spoil", [open_file, pytest.param(give_away, marks=needs_root)])
def test_the_users_own_file_is_held_to_the_same(spoil: Callable[[Path], None], own: Path, tmp_path: Path) -> None:
    spoil(own)
    with pytest.raises(BadInput, match=r"does not count"):
        load(tmp_path, {})


def test_one_command_lets_a_folder_count_and_another_goes_on_without_it(
    tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "it's a show"
    folder.mkdir()
    file = write(folder / FILE_NAME, {"hosts": {"gpu01": {"address": "other"}}})
    open_folder(file)
    monkeypatch.chdir(folder)
    assert main(["config", "show"]) == 2
    assert main(["config", "ignore"]) == 0
    assert main(["config", "show"]) == 0
    told = capsys.readouterr().out
    assert f"ignored: {file}" in told
    assert "hosts.gpu01.address: artist@gpu01" in told
    assert load().project == folder
    assert main(["config", "trust", str(folder)]) == 0
    assert load().settings.hosts["gpu01"].address == "other"
    assert load().ignored == ()
    assert trust_file().stat().st_mode & 0o777 == 0o600
    assert trust_file().parent == own.parent
    assert main(["config", "trust", str(folder / "nowhere")]) == 2
    assert "is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "counts"), [("trust", True), ("ignore", False)])
def test_both_say_as_json_what_they_noted(
    tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str], *, command: str, counts: bool
) -> None:
    file = write(tmp_path / FILE_NAME, {})
    assert main(["config", command, str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"schema": "cosmos-houdini/config-trust/1", "file": str(file.resolve()), "counts": counts}
    assert trust_file().parent == own.parent


def test_trust_in_a_folder_is_none_in_those_below_or_beside(tmp_path: Path) -> None:
    for name in ("show", "show/shot", "show2"):
        (tmp_path / name).mkdir()
        open_file(write(tmp_path / name / FILE_NAME, {}))
    trust.write_trust(trust_file(), tmp_path / "show", ignored=False)
    load(tmp_path / "show", {})
    for name in ("show/shot", "show2"):
        with pytest.raises(BadInput, match=r"does not count"):
            load(tmp_path / name, {})


@pytest.mark.parametrize("spoil", [open_file, open_folder, pytest.param(give_away, marks=needs_root)])
def test_a_list_that_others_may_have_written_trusts_nothing(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    trust.write_trust(trust_file(), tmp_path, ignored=False)
    spoil(trust_file())
    with pytest.raises(BadInput, match=r"the list of trusted folders .* does not count"):
        load(tmp_path, {})


@pytest.mark.parametrize("text", ["trusted: 3", "- a", "trusted: [1]", "trsuted: []", "a: ["])
def test_a_list_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    trust_file().parent.mkdir(parents=True)
    trust_file().write_text(text)
    with pytest.raises(BadInput, match=r"trusted-folders\.yaml"):
        load(tmp_path, {})


def test_files_of_root_count_for_every_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("the file of the test is not root's")
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    assert trust.find_doubt(write(tmp_path / FILE_NAME, {})) == ""


def test_the_group_that_a_user_has_alone_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where useradd makes a group for each user, the umask is 0002."""
    file = write(tmp_path / FILE_NAME, {})
    file.chmod(0o664)
    tmp_path.chmod(0o775)
    owner = pwd.getpwuid(file.stat().st_uid).pw_name
    for name, members, counts in (
        (owner, [], True),
        (owner, [owner], True),
        (owner, ["mallory"], False),
        ("artists", [], False),
    ):
        group = grp.struct_group((name, "x", file.stat().st_gid, members))
        monkeypatch.setattr(grp, "getgrgid", lambda _gid, found=group: found)
        assert (trust.find_doubt(file) == "") is counts, (name, members)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"hosts": {"gpu01": {"address": "evil@gpu01"}}}, "hosts.gpu01.address"),
        ({"hosts": {"gpu01": {"port": 23}}}, "hosts.gpu01.port"),
        ({"hosts": {"gpu01": {"known_hosts": "k"}}}, "hosts.gpu01.known_hosts"),
        ({"hosts": {"gpu01": {"identity": "k"}}}, "hosts.gpu01.identity"),
        ({"hosts": {"gpu01": {"root": "/evil"}}}, "hosts.gpu01.root"),
        ({"hosts": {"gpu01": {"connection": "local"}}}, "hosts.gpu01.connection"),
        ({"hosts": {"gpu01": {"ffmpeg": "/evil"}}}, "hosts.gpu01.ffmpeg"),
        ({"hosts": {"gpu01": {"python": "/evil"}}}, "hosts.gpu01.python"),
        ({"hosts": {"gpu01": {"engine_path": "/evil"}}}, "hosts.gpu01.engine_path"),
        ({"hosts": {"gpu01": {"image": "evil"}}}, "hosts.gpu01.image"),
        ({"hosts": {"gpu01": {"launcher": "docker"}}}, "hosts.gpu01.launcher"),
        ({"hosts": {"gpu01": {"env": {"LD_PRELOAD": "/evil"}}}}, "hosts.gpu01.env"),
        ({"hosts": {"gpu01": {"secrets": ["AWS_KEY"]}}}, "hosts.gpu01.secrets"),
        ({"hosts": {"gpu01": {"sbatch": ["--wrap=x"]}}}, "hosts.gpu01.sbatch"),
        ({"hosts": {"gpu01": None}}, "hosts.gpu01"),
        ({"programs": {"ffmpeg": "./evil.sh"}}, "programs.ffmpeg"),
    ],
)
def test_no_project_file_changes_a_host_or_program_of_the_users_own_file_without_the_users_word(
    content: object, key: str, tmp_path: Path, own: Path
) -> None:
    file = write(tmp_path / FILE_NAME, content)
    with pytest.raises(BadInput) as caught:
        load(tmp_path, {})
    assert str(caught.value).startswith(f"{file}: {key} = ")
    assert f"your own file {own} defines it" in str(caught.value)
    assert f"config trust {tmp_path}" in str(caught.value)
    if content != {"hosts": {"gpu01": None}}:
        trust.write_trust(trust_file(), tmp_path, ignored=False)
        load(tmp_path, {})


def test_a_project_file_may_add_hosts_repeat_values_and_limit_the_users_hosts(tmp_path: Path, own: Path) -> None:
    hosts = {"gpu01": {"address": "artist@gpu01", "gpus": [1], "time": "02:00:00"}, "gpu02": {"address": "b"}}
    write(tmp_path / FILE_NAME, {"hosts": hosts})
    found = load(tmp_path, {}).settings.hosts
    assert (found["gpu01"].gpus, found["gpu01"].root, found["gpu02"].address) == ((1,), "/data", "b")
    assert own.exists()


def test_a_variable_is_the_users_word_on_any_host(tmp_path: Path, own: Path) -> None:
    found = load(tmp_path, {"COSMOS_HOUDINI_HOSTS_GPU01_ADDRESS": "elsewhere"}).settings.hosts
    assert found["gpu01"].address == "elsewhere"
    assert own.exists()


@needs_root
def test_a_file_of_another_user_in_a_parent_folder_redirects_no_job(tmp_path: Path, own: Path) -> None:
    """The first finding of the attack: /scratch is everybody's, and the token would go where its file says."""
    scratch = tmp_path / "scratch"
    (scratch / "me/shot").mkdir(parents=True)
    give_away(write(scratch / FILE_NAME, EVIL))
    scratch.chmod(0o1777)
    done = subprocess.run(
        [sys.executable, "-m", "cosmos_houdini", "submit", "x.hip", "--renders", ".", "--prompt", "x"],
        cwd=scratch / "me/shot",
        env={**os.environ, "HF_TOKEN": "hf_secret"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "does not count: " in done.stderr
    assert done.stderr.count("\n") == 1
    assert own.exists()
