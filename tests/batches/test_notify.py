from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmos_houdini.batches.notify import URLS_VARIABLE, Notice, Notifier
from cosmos_houdini.config.settings import NotifyConfig
from cosmos_houdini.errors import BadInput
from support.servers.message_receivers import Hook, Mailbox, hook, mailbox
from support.servers.sshd import free_port

NOTICE = Notice(
    occasion="finish", title="night: größe & 2 failed", body="failed\n  2 oom: <b>_1_</b> & *2*\n\ntable: a.csv\n"
)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def web() -> Iterator[Hook]:
    with hook() as web:
        yield web


def private(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o600)
    return path


def told(settings: NotifyConfig, *notices: Notice, environ: dict[str, str] | None = None) -> list[str]:
    said: list[str] = []
    notifier = Notifier(settings, environ or {}, said.append)
    for notice in notices:
        notifier.send(notice)
    notifier.close()
    return said


def test_mail_and_webhook_get_the_words_as_they_are(box: Mailbox, web: Hook, tmp_path: Path):
    file = private(tmp_path / "addresses", "# of the show", "", box.url)
    assert told(NotifyConfig(urls_file=file), NOTICE, environ={URLS_VARIABLE: web.url}) == []
    (message,) = box.messages
    assert (message["subject"], message["to"]) == (NOTICE.title, "artist@example.org")
    assert (message.get_content_type(), box.text().splitlines()) == ("text/plain", NOTICE.body.splitlines())
    (document,) = web.documents
    assert (document["title"], document["message"]) == (NOTICE.title, NOTICE.body.rstrip("\n"))


def test_a_server_that_is_not_there_is_said_once_and_hinders_no_other(web: Hook):
    gone = f"json://127.0.0.1:{free_port()}/hooks/SECRETTOKEN"
    said = told(NotifyConfig(), NOTICE, NOTICE, NOTICE, environ={URLS_VARIABLE: f"{gone} {web.url}"})
    assert len(said) == 1
    assert "a notification by JSON could not be delivered" in said[0]
    assert len(web.documents) == 3


def test_only_what_is_wanted_is_sent(web: Hook):
    settings = NotifyConfig(on=("budget", "hold"))
    held = Notice(occasion="hold", title="night: held", body="gpu01 is hot")
    assert told(settings, NOTICE, held, environ={URLS_VARIABLE: web.url}) == []
    assert [document["title"] for document in web.documents] == ["night: held"]


def test_addresses_that_others_can_read_are_refused(tmp_path: Path):
    file = private(tmp_path / "addresses", "json://host/SECRETTOKEN")
    file.chmod(0o640)
    with pytest.raises(BadInput, match=r"can be read by others \(mode 640\); chmod 600"):
        told(NotifyConfig(urls_file=file))
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        told(NotifyConfig(urls_file=tmp_path / "missing"))


def test_an_unknown_address_is_refused_without_showing_it():
    with pytest.raises(BadInput) as refused:
        told(NotifyConfig(), environ={URLS_VARIABLE: "json://host/x nonsense://user:SECRETTOKEN@host"})
    assert f"kind of address 2 of ${URLS_VARIABLE}" in str(refused.value)
    assert "SECRETTOKEN" not in str(refused.value)


def test_no_word_of_an_address_reaches_the_terminal(tmp_path: Path):
    """Apprise logs what it could not do, with the address in it; Python prints warnings that nobody handles."""
    script = (
        "import os\n"
        "from cosmos_houdini.config.settings import NotifyConfig\n"
        "from cosmos_houdini.batches.notify import Notice, Notifier\n"
        "notifier = Notifier(NotifyConfig(), os.environ, print)\n"
        "notifier.send(Notice(occasion='finish', title='t', body='b'))\n"
        "notifier.close()\n"
    )
    mail = f"mailto://u:SECRETPASS@127.0.0.1:{free_port()}?from=a@example.org&to=b@example.org"
    urls = f"json://u:SECRETPASS@127.0.0.1:{free_port()}/SECRETTOKEN {mail}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(sys.path), URLS_VARIABLE: urls},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("could not be delivered") == 2
    assert "SECRET" not in done.stdout + done.stderr


def test_apprise_is_loaded_by_nobody_who_is_told_nothing():
    script = (
        "import sys\n"
        "from cosmos_houdini.config.settings import NotifyConfig\n"
        "from cosmos_houdini.batches.notify import Notifier\n"
        "Notifier(NotifyConfig(), {}, print)\n"
        "assert 'apprise' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}, check=True)
