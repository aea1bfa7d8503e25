"""``setup-host`` with a real git remote, a hub on loopback, and hosts here and behind SSH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from cosmos_houdini import config
from cosmos_houdini.cli import main
from cosmos_houdini.config import plain
from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.recipe import PreparableEngine, Recipe, Weights
from cosmos_houdini.errors import BadInput, JobError
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers.base import ImagePart, LauncherType
from cosmos_houdini.launchers.docker import DOCKER, DockerSettings
from cosmos_houdini.launchers.job_folder import HostJobState, Observation
from cosmos_houdini.launchers.process import PROCESS
from cosmos_houdini.launchers.registry import LAUNCHER_TYPES
from cosmos_houdini.launchers.slurm.launcher import SlurmSettings
from cosmos_houdini.setup import host_setup
from cosmos_houdini.setup.host_setup import HostSetup, plan_setup, run_setup
from cosmos_houdini.setup.script import SCRIPT, settings_after, setup_files
from support.documents import check_document
from support.programs import need_program
from support.recorder import Recorder
from support.servers.dockerd import DockerEngine
from support.servers.hub_server import Hub, running_hub
from support.servers.sshd import Sshd, running_sshd
from support.shellcheck import complaints

TOKEN = "hf_4711secret"  # noqa: S105 - of the hub of the tests
LARGE, SMALL = bytes(range(256)) * 400, b"{}\n"
FILES = {
    ("studio/model", "main", "model.safetensors"): LARGE,
    ("studio/model", "main", "config.json"): SMALL,
    ("studio/model", "main", "unwanted.bin"): LARGE[::-1],
    ("studio/guard", "main", "sub/guard.pt"): LARGE[5:],
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub(dict(FILES)) as running:
        running.gated["studio/guard"] = TOKEN
        yield running


@pytest.fixture
def remote(tmp_path: Path) -> tuple[str, str]:
    """Return the URL of a git repository, and its commit before the last one."""
    need_program("git")
    folder = tmp_path / "upstream"
    folder.mkdir()
    commits = []
    for number in range(2):
        (folder / "run.py").write_text(f"print({number})\n")
        (folder / "Dockerfile").write_text('FROM busybox-base\nCMD ["true"]\n')
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", str(number)]):
            git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.org"]
            subprocess.run([*git, *words], check=True, capture_output=True)
        told = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
        )
        commits.append(told.stdout.strip())
    return folder.as_uri(), commits[0]


@dataclass
class Site:
    """A project whose host is made ready for an engine with a recipe of the test."""

    folder: Path
    engine_path: Path
    recipe: Recipe
    monkeypatch: pytest.MonkeyPatch

    def configure(self, **host: object) -> None:
        settings = {"engine_path": str(self.engine_path), **host}
        text = yaml.safe_dump({"hosts": {"gpu01": settings}})
        (self.folder / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")
        self.monkeypatch.setattr(host_setup, "_recipe", lambda _engine: self.recipe)

    def plan(self) -> HostSetup:
        return plan_setup("gpu01", "transfer2.5", config.load(self.folder))

    def run(self) -> Recorder:
        recorder = Recorder()
        run_setup(self.plan(), recorder)
        return recorder


@pytest.fixture
def site(tmp_path: Path, hub: Hub, remote: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Site:
    recipe = Recipe(
        repository=remote[0],
        commit=remote[1],
        environment=(("sh", "-c", "echo made >>environment; test ! -e broken"),),
        image=True,
        weights=(
            Weights(repository="studio/model", files=("*.safetensors", "config.json"), folder="checkpoints/model"),
            Weights(repository="studio/guard"),
        ),
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    made = Site(tmp_path, tmp_path / "opt" / "it's an engine", recipe, monkeypatch)
    made.configure(env={"HF_ENDPOINT": hub.url, "PATH": os.environ["PATH"]})
    return made


def check_ready(site: Site, hub: Hub) -> None:
    path = site.engine_path
    assert (path / "run.py").read_text() == "print(0)\n", "the pinned commit, not the latest"
    assert (path / "checkpoints/model/model.safetensors").read_bytes() == LARGE
    assert (path / "checkpoints/model/config.json").read_bytes() == SMALL
    assert not (path / "checkpoints/model/unwanted.bin").exists()
    guard = path / "checkpoints/hub/models--studio--guard"
    commit = (guard / "refs/main").read_text()
    assert commit == hub.commit("studio/guard", "main")
    linked = guard / "snapshots" / commit / "sub/guard.pt"
    assert linked.is_symlink()
    assert linked.read_bytes() == LARGE[5:]
    assert not list(path.rglob("*.incomplete"))


def test_a_host_is_made_ready_and_nothing_is_done_twice(site: Site, hub: Hub) -> None:
    told = site.run().sentences
    check_ready(site, hub)
    assert told[-1] == "the host is ready"
    assert [line for line in told if line.startswith("step: ")][1:] == ["step: environment", "step: weights"]
    served = list(hub.served)
    again = site.run().sentences
    assert {"the checkout is there", "the environment is there", "all 3 files of weights are there and verified"} <= {
        *again
    }
    assert hub.served == served
    assert (site.engine_path / "environment").read_text() == "made\n"
    assert hub.storage_tokens == {None}, "the token goes to the hub alone"


@pytest.mark.sshd
def test_a_host_behind_ssh_is_made_ready(site: Site, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        connection: Mapping[str, object] = plain(sshd_config(server, site))
        site.configure(**{**connection, "engine_path": str(site.engine_path), "env": {"HF_ENDPOINT": hub.url}})
        site.run()
    check_ready(site, hub)


def sshd_config(server: Sshd, site: Site) -> HostConfig:
    return server.config(site.folder / "root")


def test_a_break_costs_only_what_was_under_way(site: Site, hub: Hub) -> None:
    hub.cut_at = [60_000]
    site.run()
    check_ready(site, hub)
    assert [begin for name, begin in hub.served if name == "model.safetensors"] == [0, 60_000]


def test_a_file_that_arrives_damaged_is_fetched_again_and_one_that_is_damaged_there_too(site: Site, hub: Hub) -> None:
    hub.damaged = ["model.safetensors"]
    site.run()
    check_ready(site, hub)
    (site.engine_path / "checkpoints/model/model.safetensors").write_bytes(bytes(len(LARGE)))
    site.run()
    check_ready(site, hub)


def test_a_setup_that_fails_names_the_cause_and_goes_on_where_it_stopped(site: Site, hub: Hub) -> None:
    site.monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(
        JobError, match=r"accept its licence at http://\S+/studio/guard with the account of your HF_TOKEN"
    ):
        site.run()
    site.monkeypatch.setenv("HF_TOKEN", TOKEN)
    site.run()
    check_ready(site, hub)
    kept = [path for path in site.folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert kept == []


def test_changed_files_of_a_checkout_are_not_overwritten(site: Site) -> None:
    site.run()
    (site.engine_path / "run.py").write_text("mine\n")
    told = subprocess.run(["git", "ls-remote", site.recipe.repository], capture_output=True, text=True, check=True)
    latest = told.stdout.split()[0]
    site.recipe = Recipe(repository=site.recipe.repository, commit=latest, environment=site.recipe.environment)
    with pytest.raises(JobError, match="were changed; commit or remove the changes"):
        site.run()
    assert (site.engine_path / "run.py").read_text() == "mine\n"


def test_a_folder_with_other_things_is_left_alone(site: Site) -> None:
    site.engine_path.mkdir(parents=True)
    (site.engine_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(JobError, match="is neither empty nor a checkout"):
        site.run()


def test_an_environment_that_cannot_be_made_is_made_the_next_time(site: Site) -> None:
    site.engine_path.parent.mkdir(parents=True)
    site.recipe = Recipe(environment=(("sh", "-c", "test -e ../mended"),), weights=site.recipe.weights[:1])
    with pytest.raises(JobError, match="the environment could not be made"):
        site.run()
    (site.engine_path.parent / "mended").touch()
    site.run()
    assert (site.engine_path / "checkpoints/model/config.json").exists()


def test_a_setup_that_runs_already_is_followed(site: Site, hub: Hub) -> None:
    site.recipe = Recipe(environment=(("sh", "-c", "until [ -e go ]; do sleep 0.1; done"),))
    with suppress(KeyboardInterrupt):
        site.monkeypatch.setattr(host_setup, "_follow", interrupted)
        site.run()
    site.monkeypatch.undo()
    site.monkeypatch.chdir(site.folder)
    site.configure(env={"HF_ENDPOINT": hub.url})
    site.engine_path.mkdir(parents=True, exist_ok=True)
    (site.engine_path / "go").touch()
    told = site.run().sentences
    assert told[-1] == "the host is ready"
    assert len(list((site.folder / ".cosmos/host/jobs").glob("setup-transfer2.5*"))) in {1, 2}


def test_new_lines_of_a_log_with_letters_of_several_bytes_are_told_once() -> None:
    old, new = "größe 4 GB\n", "fertig: 映画\n"
    seen = Observation(state=HostJobState.RUNNING, stdout_tail=old + new, stdout_bytes=len((old + new).encode()))
    assert host_setup._new_lines(seen, len(old.encode())) == ["fertig: 映画"]
    assert host_setup._new_lines(seen, seen.stdout_bytes) == []


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_command_prints_the_script_or_ends_with_doctor(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup-host", "gpu01", "--engine", "transfer2.5", "--dry-run"]) == 0
    script = capsys.readouterr().out
    assert script.startswith("#!/bin/sh\n# Makes this host ready for the engine transfer2.5.\n")
    assert not site.engine_path.exists()
    assert main(["setup-host", "gpu01", "--engine", "transfer2.5", "--dry-run", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    check_document(planned)
    assert (planned["script"], planned["doctor"]) == (script, None)
    assert not site.engine_path.exists()
    code = main(["setup-host", "gpu01", "--engine", "transfer2.5", "--json"])
    done = json.loads(capsys.readouterr().out)
    check_document(done)
    assert (done["host"], done["doctor"]["ok"]) == ("gpu01", code == 0)
    main(["setup-host", "gpu01", "--engine", "transfer2.5"])
    assert "engine transfer2.5" in capsys.readouterr().out
    assert main(["clean", "--host", "gpu01", "--older-than", "0d", "--all-projects", "--yes"]) == 0


@pytest.mark.docker
def test_an_image_is_built_from_the_checkout_or_loaded_once(site: Site, docker_engine: DockerEngine, hub: Hub) -> None:
    docker_engine.import_image({}, "busybox-base:latest")
    env = {"HF_ENDPOINT": hub.url, "DOCKER_HOST": docker_engine.address}
    site.configure(launcher="docker", image="built:1", env=env)
    site.run()
    check_ready(site, hub)
    entry = docker_engine.docker("image", "inspect", "--format", "{{json .Config.Entrypoint}}", "built:1")
    assert entry.strip() in {"null", "[]"}
    assert "the image is there" in site.run().sentences
    tar = site.folder / "image.tar"
    docker_engine.docker("tag", "built:1", "saved:1")
    docker_engine.docker("save", "-o", str(tar), "saved:1")
    docker_engine.docker("rmi", "saved:1")
    site.configure(launcher="docker", image="loaded:1", env=env)
    recorder = Recorder()
    run_setup(plan_setup("gpu01", "transfer2.5", config.load(site.folder), image_source=str(tar)), recorder)
    docker_engine.docker("image", "inspect", "loaded:1")


def test_the_file_of_apptainer_is_made_once(site: Site, hub: Hub) -> None:
    """Apptainer's own program is not on the machines of the tests; a stand-in makes the file."""
    programs = site.folder / "bin"
    programs.mkdir()
    (programs / "apptainer").write_text('#!/bin/sh\n[ "$1 $2" = "build --force" ] && echo "$4" >"$3"\n')
    (programs / "apptainer").chmod(0o755)
    image = site.folder / "images/cosmos.sif"
    env = {"HF_ENDPOINT": hub.url, "PATH": f"{programs}:{os.environ['PATH']}"}
    site.configure(launcher="slurm", container="apptainer", image=str(image), env=env)
    plan = plan_setup("gpu01", "transfer2.5", config.load(site.folder), image_source="docker://registry.example/c:1")
    run_setup(plan, Recorder())
    assert image.read_text() == "docker://registry.example/c:1\n"
    check_ready(site, hub)


RECIPES = ("transfer1", "transfer2.5", "diffusers", "cosmos3")
LAUNCHERS = {
    "process": HostConfig(engine_path="/opt/engine"),
    "docker": HostConfig(engine_path="/opt/engine", launcher="docker", extra=(DockerSettings(image="cosmos:1"),)),
    "apptainer": HostConfig(
        engine_path="/opt/engine",
        launcher="slurm",
        extra=(SlurmSettings(container="apptainer", image="/scratch/cosmos.sif"),),
    ),
}


@pytest.mark.parametrize("launcher", LAUNCHERS)
@pytest.mark.parametrize("name", RECIPES)
def test_shellcheck_finds_nothing_in_any_script(name: str, launcher: str) -> None:
    engine = find_engine(name)
    assert isinstance(engine, PreparableEngine)
    source = "docker://registry.example/cosmos:1" if launcher == "apptainer" else ""
    if launcher == "docker" and not engine.recipe.image:
        source = "registry.example/cosmos:1"
    if launcher == "process" and not engine.recipe.environment:
        with pytest.raises(BadInput, match="no environment that a script could make"):
            setup_files("gpu01", name, engine.recipe, LAUNCHERS[launcher])
        return
    files = setup_files("gpu01", name, engine.recipe, LAUNCHERS[launcher], image_source=source)
    assert complaints(files[SCRIPT]) == ""
    assert len(engine.recipe.commit) in {0, 40}
    assert json.loads(files["in/weights.json"])["weights"]


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (HostConfig(), "engine_path"),
        (HostConfig(engine_path="opt"), "an absolute folder"),
        (HostConfig(engine_path="/opt", launcher="docker"), "not given: hosts.gpu01.image"),
        (
            HostConfig(engine_path="/opt", launcher="slurm", extra=(SlurmSettings(container="apptainer"),)),
            "not given: hosts.gpu01.image, --image-from; allowed: a path as /scratch/cosmos.sif",
        ),
    ],
)
def test_a_configuration_that_lacks_a_value_is_refused(host: HostConfig, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        setup_files("gpu01", "x", Recipe(image=True), host)


def test_a_launcher_of_another_package_names_its_image_and_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    image = ImagePart(find=lambda _: "boxed:1", step="make_docker_image", takes_dockerfile=True, allowed="a name")
    boxed = LauncherType(make=DOCKER.make, image=image)
    monkeypatch.setattr(LAUNCHER_TYPES, "get", lambda name, **_: boxed if name == "boxed" else PROCESS)
    host = HostConfig(engine_path="/opt", launcher="boxed")
    script = setup_files("gpu01", "x", Recipe(image=True), host)[SCRIPT]
    assert "image=boxed:1\n" in script
    assert "\nmake_docker_image\n" in script
    recipe = Recipe(settings=(("python", "{engine_path}/bin/python"),))
    assert settings_after(recipe, host) == {}
    assert settings_after(recipe, HostConfig(engine_path="/opt")) == {"python": "/opt/bin/python"}


def test_an_engine_without_a_recipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("hosts: {gpu01: {engine_path: /opt}}\n")
    with pytest.raises(BadInput, match="nothing is set up for the engine preview"):
        plan_setup("gpu01", "preview", config.load(tmp_path))


def test_the_program_that_fetches_needs_the_standard_library_alone() -> None:
    text = setup_files("gpu01", "x", Recipe(environment=(("true",),)), LAUNCHERS["process"])["in/fetch_weights.py"]
    imports = [line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert {*imports} <= set(sys.stdlib_module_names)
