"""Shell completion, driven by the shells themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cosmos_houdini.cli import main
from cosmos_houdini.cli.completion import SHELLS
from support.programs import need_program

CONFIGURATION = "hosts: {gpu01: {root: /data}, gpu02: {root: /data}}\n"

BASH = """
eval "$(cosmos-houdini completion bash)"
line="$1"
COMP_WORDS=($line); [[ $line == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE=$line; COMP_POINT=${#line}
compopt() { :; }
_cosmos_houdini_completion cosmos-houdini
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = """
cosmos-houdini completion fish | source
complete -C "$argv[1]" | string split -f 1 \\t
true
"""
# Nobody types into a terminal here: the words and compadd are those of zsh's own completion, seen from inside.
ZSH = """
compdef() { :; }
eval "$(cosmos-houdini completion zsh)"
line="$1"
words=(${=line}); [[ $line == *" " ]] && words+=("")
CURRENT=${#words}
compadd() { while [[ $1 != -a ]]; do shift; done; print -l -- ${(P)2}; }
_describe() { print -l -- ${(P)3}; }
_cosmos_houdini_completion
"""
DRIVERS = {"bash": (["bash", "-c", BASH, "bash"]), "zsh": ["zsh", "-fc", ZSH, "zsh"], "fish": ["fish", "-c", FISH]}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def completions(shell: str, line: str) -> list[str]:
    need_program(shell)
    done = subprocess.run([*DRIVERS[shell], line], capture_output=True, text=True, check=True, timeout=60)
    return [found.partition(":")[0] for found in done.stdout.split("\n") if found]


@pytest.mark.parametrize("shell", DRIVERS)
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cosmos-houdini stat", ["status"]),
        ("cosmos-houdini batch pr", ["priority"]),
        ("cosmos-houdini status --js", ["--json"]),
        ("cosmos-houdini run --host gpu", ["gpu01", "gpu02"]),
        ("cosmos-houdini run --host ", ["gpu01", "gpu02", "local"]),
        ("cosmos-houdini create-run --engine transfer1", ["transfer1"]),
        ("cosmos-houdini completion po", ["powershell"]),
    ],
)
def test_a_shell_completes(shell: str, line: str, expected: list[str]) -> None:
    assert completions(shell, line) == expected


@pytest.mark.parametrize("shell", DRIVERS)
def test_a_project_that_cannot_be_read_completes_to_nothing(shell: str, tmp_path: Path) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("hosts: 3\n", encoding="utf-8")
    assert completions(shell, "cosmos-houdini run --host ") == []
    assert completions(shell, "cosmos-houdini attach ") == []
    assert not (tmp_path / ".cosmos").exists()


def test_job_ids_complete(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["attach", "--help"]) == 0  # a command that was loaded before completes too
    capfd.readouterr()
    with monkeypatch.context() as inner:
        inner.setattr("cosmos_houdini.cli.completion._job_ids", lambda: ["rain-1", "rain-2", "snow-1"])
        inner.setenv("_COSMOS_HOUDINI_COMPLETE", "bash_complete")
        inner.setenv("COMP_WORDS", "cosmos-houdini\nattach\nrain")
        inner.setenv("COMP_CWORD", "2")
        with pytest.raises(SystemExit):
            main([])
    assert capfd.readouterr().out.split() == ["plain,rain-1", "plain,rain-2"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_names_the_program_and_its_variable(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "cosmos-houdini" in script
    assert "_COSMOS_HOUDINI_COMPLETE" in script
    assert f"{shell}_complete" in script
    assert main(["completion", shell, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["script"] == script.removesuffix("\n")


def test_powershell_is_asked_for_a_native_completer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "powershell"]) == 0
    script = capsys.readouterr().out
    assert "Register-ArgumentCompleter -Native -CommandName cosmos-houdini -ScriptBlock {" in script
    assert script.count("{") == script.count("}")


def test_powershell_gets_three_lines_a_completion(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_COSMOS_HOUDINI_COMPLETE", "powershell_complete")
    monkeypatch.setenv("COMP_WORDS", "cosmos-houdini run --host gpu")
    monkeypatch.setenv("COMP_CWORD", "3")
    with pytest.raises(SystemExit):
        main([])
    assert capfd.readouterr().out.split("\n")[:6] == ["plain", "gpu01", "_", "plain", "gpu02", "_"]


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "'bash', 'zsh', 'fish', 'powershell'" in capsys.readouterr().err
