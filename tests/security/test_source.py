"""Things that the source of the package must not hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cosmos_houdini

PACKAGE = Path(cosmos_houdini.__file__).parent
CHECKOUT = PACKAGE.parent.parent
SOURCES = sorted(
    path for folder in ("python3.10libs", "scripts", "pdg_types") for path in (CHECKOUT / folder).rglob("*.py")
)
FORBIDDEN = {
    *("eval", "exec", "compile", "os.system", "os.popen", "pickle.load", "pickle.loads", "marshal.loads"),
    *("yaml.load", "yaml.full_load", "yaml.unsafe_load", "yaml.load_all", "shelve.open", "subprocess.getoutput"),
    *("tempfile.mktemp", "tarfile.open", "zipfile.ZipFile", "shutil.unpack_archive", "paramiko.SSHClient"),
    *("paramiko.AutoAddPolicy", "paramiko.WarningPolicy", "ssl._create_unverified_context"),
}

SHELL = re.compile(
    r"(?:^|[;&|\n({ ])(?:cd|rm|mv|ln|mkdir|cat|tail|head|chmod|echo|export|printf|sh|test|umask|find|touch|ls|wc|exec) "
    r"|\$\(|\|\| exit|>/dev/null|2>&1|\bset -- |=\"?\$\{?\w"
)
"""Signs by which a piece of shell differs from other text."""

QUOTING = {"quoted", "_quoted", "words", "assignments", "exports", "part", "shlex.quote", "variable_name", "shlex.join"}
HARMLESS = {
    "hosts/transfer/script.py": {
        "mark": "32 hexadecimal digits that were drawn here",
        "transfer.bytes": "a number, checked by Transfer",
        "transfer.sha256": "64 hexadecimal digits, checked by Transfer",
        "piece.bytes": "a number",
        "piece.start + 1": "a number",
        "chunk.key": "digits and dots, made of a hash",
        "chunk.bytes": "a number",
        "source": "a name that the pattern _LISTED admits",
        "offset": "a number",
        "names": "keys of chunks, or paths through shlex.quote",
        "_departures(slices)": "likewise",
        "cuts": "likewise",
        "kept": "likewise",
        "values": "likewise",
        "looks": "likewise",
        "lengths": "numbers",
        "''.join(asked)": "likewise",
    },
    "hosts/ssh/script.py": {
        "folder": "through shlex.quote",
        "made": "a script made here",
        "mark": "32 hexadecimal digits that were drawn here",
        "partial": "through shlex.quote",
        "final": "through shlex.quote",
        "size": "a number",
        "mode": "a number",
        "pack": "through shlex.quote",
        "total": "a number",
        "''.join(takes)": "numbers, and paths through shlex.quote",
        "len(script)": "a number",
    },
    "hosts/ssh/login_shell.py": {
        "mark": "32 hexadecimal digits that were drawn here",
        "action": "a script made here",
        "_if_marked(action, mark)": "likewise",
        "_EATEN": "words that stand here",
    },
    "hosts/ssh/program_channel.py": {
        "action": "a script made here",
        "mark": "32 hexadecimal digits that were drawn here",
    },
    "hosts/ssh/connection.py": {
        "command": "the ProxyCommand of the user's own SSH configuration, which is a shell command"
    },
    "launchers/slurm/launcher.py": {
        "head": "lines of #SBATCH, whose values _checked admits",
        "cases": "numbers, and folders through quoted",
    },
    "jobs/adopt.py": {"jobs": "through shlex.quote", "last": "likewise"},
    "jobs/collect.py": {
        "''.join(looks)": "a script made here",
        "index": "a number",
        "limit": "a number",
        "log": "through shlex.quote",
    },
    "jobs/logs.py": {"path": "through shlex.quote"},
    "jobs/store/provenance.py": {"name": "one of three constants"},
}


def scripts() -> Iterator[tuple[str, int, str]]:
    """Yield file, line and expression of everything that is written into a piece of shell."""
    for room in ("hosts", "launchers", "jobs"):
        for path in sorted((PACKAGE / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                name = str(path.relative_to(PACKAGE))
                for expression in _written(node):
                    yield name, node.lineno, ast.unparse(expression)  # type: ignore[attr-defined] -- expressions have one


def _written(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.JoinedStr):
        text = "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
        if SHELL.search(text):
            yield from (part.value for part in node.values if isinstance(part, ast.FormattedValue))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        if isinstance(node.func.value, ast.Constant) and SHELL.search(str(node.func.value.value)):
            yield from (*node.args, *(keyword.value for keyword in node.keywords))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(side, ast.Constant) and isinstance(side.value, str) and SHELL.search(side.value):
                yield other


def is_safe(file: str, expression: str) -> bool:
    node = ast.parse(expression, mode="eval").body
    if isinstance(node, ast.Constant) or expression.isupper() or expression.removeprefix("_").isupper():
        return True
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        # Its own pieces are looked at by themselves.
        return True
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called.endswith(".join") and isinstance(node.args[0], ast.GeneratorExp):
            return is_safe(file, ast.unparse(node.args[0].elt))
        if called in QUOTING or (called.endswith(".join") and ast.unparse(node.args[0]).startswith("map(shlex.quote,")):
            return True
    return expression in HARMLESS.get(file, {})


def test_nothing_gets_into_a_piece_of_shell_that_is_not_quoted():
    found = list(scripts())
    assert len(found) > 60
    assert [place for place in found if not is_safe(place[0], place[2])] == []


def test_what_is_named_as_harmless_still_stands_there():
    found = {(file, expression) for file, _, expression in scripts()}
    named = {(file, expression) for file, expressions in HARMLESS.items() for expression in expressions}
    assert named - found == set()


@pytest.mark.parametrize(
    "text", ['f"cd {folder} && ls"', '"rm -rf " + path', '"cat %s 2>&1" % path', '"tail -c 9 {}".format(path)']
)
def test_a_piece_of_shell_that_is_not_quoted_is_found(text: str):
    (expression,) = (ast.unparse(each) for node in ast.walk(ast.parse(text)) for each in _written(node))
    assert not is_safe("jobs/logs.py", expression.replace("path", "other"))


def _writes(call: ast.Call) -> bool:
    """Return whether an archive is only written: what is unpacked may name places outside of its folder."""
    return len(call.args) > 1 and ast.unparse(call.args[1]) == "'w'"


def test_nothing_that_runs_data_is_called_anywhere():
    assert len(SOURCES) > 150
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                shell = any(k.arg == "shell" and getattr(k.value, "value", True) for k in node.keywords)
                if (ast.unparse(node.func) in FORBIDDEN and not _writes(node)) or shell:
                    found.append((path.name, node.lineno, ast.unparse(node.func)))
    assert found == []


def test_the_fixed_parts_of_shell_never_evaluate_data():
    parts = sorted((PACKAGE / "launchers" / "scripts").rglob("*.sh"))
    assert len(parts) > 8
    for path in parts:
        lines = (
            line.partition("#")[0] if line.lstrip().startswith("#") else line for line in path.read_text().splitlines()
        )
        assert not [line for line in lines if re.search(r"(^|[;&|]\s*|\s)eval\s", line)], path.name
