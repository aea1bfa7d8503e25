"""The SSH configuration as we read it, beside what OpenSSH's own client says of it (``ssh -G``)."""

from __future__ import annotations

import getpass
import os
import pwd
import random
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput, HostUnreachable
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.config import Settings, SshConfig
from cosmos_houdini.hosts.ssh.route import Hop, route
from cosmos_houdini.hosts.ssh.tokens import LocalUser, this_user
from support.programs import need_program

ALIASES = ["gpu01", "gpu02", "GPU01", "login.example", "a.b.example", "10.0.0.7", "x-y_z", "gpu1"]
PATTERNS = ["gpu01", "gpu*", "gpu0?", "*", "!gpu02", "*.example", "GPU01", "10.0.0.*", "login.example", "x-*", "!*.b.*"]
EXECUTED = ['"true"', "false", '"test %h = gpu01"', '"test %n-%r-%p = gpu02-ana-22"', "\"[ -n '%u' ]\""]
# Their jump hosts have none, or most routes would be circles.
FIRST = "Host jump first second\n  ProxyJump none\n"
USERS = ["ana", "bob", "render"]
CONFIGURATIONS = 200
PLAIN = {
    "hostkeyalias": ["studio", "alias-1"],
    "connecttimeout": ["7", "1m", "1m30s", "none", "2H"],
    "serveraliveinterval": ["0", "15", "2m"],
    "serveralivecountmax": ["2", "5"],
    "bindaddress": ["127.0.0.1", "10.1.1.1"],
    "addressfamily": ["any", "inet", "inet6"],
    "identitiesonly": ["yes", "no", "true", "false"],
    "compression": ["yes", "no"],
    "tcpkeepalive": ["yes", "no"],
    "connectionattempts": ["1", "3"],
    "proxycommand": ["nc %h %p", "ssh -W %h:%p jump # no comment", "none", "sh -c 'exec nc \"$0\" %p' %h", "= nc %h"],
    "proxyjump": ["jump", "ana@jump:2222", "first,second", "none"],
    "certificatefile": ["~/.ssh/own-cert.pub", '"/with space/x-cert.pub"'],
    "identityfile": ["~/.ssh/id_%h", '"/with space/key"', "/k/%r@%h", "${HOME}/key", "none", "'/a b/c'", "/a\\ b/c"],
    "identityagent": ["~/agent", "/run/agent-%h-%p-%r", "none", "SSH_AUTH_SOCK", "/run/%n/%i/%u/%l/%L/%C/%d/%k"],
    "userknownhostsfile": ["~/.ssh/other", "/k/%h /k/%k", '"/k/a" /k/%n', "/k/%%/%r/%u"],
    "globalknownhostsfile": ["/etc/other", "/k/1 /k/2"],
    "hostname": ["%h.example", "10.0.0.9", "Render.Example", "%h", "login.example", "%%h.example"],
    "port": ["22", "2222", "ssh", "65535", "http"],
    "user": [*USERS, '"a b"'],
    "sendenv": ["LANG", "A B"],
    "loglevel": ["ERROR"],
}
SPELLED = {
    "certificatefile": "CertificateFile",
    "hostname": "HostName",
    "identityfile": "IDENTITYFILE",
    "proxycommand": "ProxyCommand",
}


def line_of(draw: random.Random, keyword: str, value: str) -> str:
    """Return a directive in one of the ways in which people write it."""
    name = draw.choice([keyword, SPELLED.get(keyword, keyword.upper()), keyword.capitalize()])
    sign = draw.choice([" ", " ", "  ", "\t", "=", " = ", "= "]) if not value.startswith("=") else " "
    end = draw.choice(["", "", " ", "\t", "\r"])
    if keyword not in {"proxycommand", "proxyjump"}:
        end = draw.choice(["", "", " # vpn", "  #", ' #a "b"']) + end
        if value.isalnum() and draw.random() < 0.2:
            value = f'"{value}"'
    return f"{draw.choice(['', '  ', chr(9)])}{name}{sign}{value}{end}"


def head_of(draw: random.Random) -> str:
    """Return the line that begins a block."""
    if draw.random() < 0.5:
        return "Host " + " ".join(draw.sample(PATTERNS, draw.randint(1, 3)))
    conditions = []
    for _ in range(draw.randint(1, 3)):
        negated = draw.choice(["", "", "!"])
        attribute = draw.choice(["host", "originalhost", "user", "localuser", "exec", "final", "canonical", "Host"])
        values = {
            "user": ",".join(draw.sample(USERS, 2)),
            "localuser": draw.choice([getpass.getuser(), "nobody", "*,!nobody"]),
            "exec": draw.choice(EXECUTED),
            "final": "",
            "canonical": "",
        }
        value = values.get(attribute.lower(), ",".join(draw.sample(PATTERNS, draw.randint(1, 2))))
        conditions.append(f"{negated}{attribute} {value}".strip())
    return "Match " + draw.choice([" ".join(conditions), " ".join(conditions), "all", "final all"])


def block_of(draw: random.Random) -> list[str]:
    keywords = draw.sample(sorted(PLAIN), draw.randint(1, 6))
    return [head_of(draw), *(line_of(draw, keyword, draw.choice(PLAIN[keyword])) for keyword in keywords)]


def configuration(draw: random.Random, folder: Path, depth: int = 0) -> str:
    """Return a configuration; the files that it includes are written into the folder."""
    lines = ["# größe"] if draw.random() < 0.3 else []
    for _ in range(draw.randint(0, 2)):
        keyword = draw.choice(sorted(PLAIN))
        lines.append(line_of(draw, keyword, draw.choice(PLAIN[keyword])))
    for _ in range(draw.randint(1, 4)):
        lines += block_of(draw)
        if depth < 2 and draw.random() < 0.3:
            stem = f"{depth}-{draw.randint(0, 10**9)}"
            for part in range(draw.randint(0, 2)):
                text = configuration(draw, folder, depth + 1)
                (folder / f"{stem} {part}.conf").write_text(text, encoding="latin-1", newline="")
            wanted = f"{folder}/{stem}"
            lines.append(draw.choice([f'Include "{wanted} *.conf"', f'include="{wanted}"?0.conf /no/file']))
    return "\n".join([*lines, ""])


@pytest.fixture
def me(monkeypatch: pytest.MonkeyPatch) -> LocalUser:
    """Return the user as OpenSSH sees it, whatever HOME says."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    monkeypatch.setenv("HOME", str(home))
    return LocalUser(
        name=getpass.getuser(), uid=str(os.getuid()), home=home, machine=socket.gethostname(), environ=os.environ
    )


def opened(file: Path, me: LocalUser) -> SshConfig:
    return SshConfig(me=me, user_file=file, system_file=file.with_name("none"))


def asked(file: Path, address: str) -> dict[str, list[str]] | None:
    """Return what ``ssh -G`` prints, None where it refuses the configuration."""
    argv = [need_program("ssh"), "-G", "-F", str(file), address]
    done = subprocess.run(argv, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        return None
    found: dict[str, list[str]] = {}
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        keyword, _, value = line.partition(" ")
        found.setdefault(keyword, []).append(value)
    return found


def compared(hop: Hop, theirs: dict[str, list[str]]) -> tuple[dict[str, object], dict[str, object]]:
    """Return what we found and what they found, spelled alike."""
    ours = hop.settings
    defaults = {"serveraliveinterval": "0", "serveralivecountmax": "3", "connectionattempts": "1"}
    defaults |= {"connecttimeout": "none", "addressfamily": "any"}
    defaults |= {"tcpkeepalive": "yes", "identitiesonly": "no", "compression": "no"}
    mine: dict[str, object] = {key: ours.get(key) or default for key, default in defaults.items()}
    other: dict[str, object] = {key: theirs[key][0] for key in defaults}
    for key in ("bindaddress", "hostkeyalias"):
        mine[key], other[key] = ours.get(key), theirs.get(key, [None])[0]
    for key in ("proxycommand", "proxyjump"):
        value = ours.get(key)
        mine[key], other[key] = None if value == "none" else value, theirs.get(key, [None])[0]
    for key in ("identityfile", "certificatefile"):
        if ours.all(key):
            mine[key], other[key] = list(ours.all(key)), theirs[key]
    mine |= {"hostname": hop.hostname, "port": str(hop.port), "user": hop.user}
    other |= {key: theirs[key][0] for key in ("hostname", "port", "user")}
    if ours.get("identityagent"):
        agent = theirs["identityagent"][0].replace("//", "/")
        mine["identityagent"] = hop.agent
        other["identityagent"] = {"none": "", "SSH_AUTH_SOCK": None}.get(agent, agent)
    mine["known_hosts"] = " ".join(str(file) for file in hop.known_hosts)
    other["known_hosts"] = f"{theirs['userknownhostsfile'][0]} {theirs['globalknownhostsfile'][0]}"
    return mine, other


def test_the_route_is_that_of_openssh_over_generated_configurations(tmp_path: Path, me: LocalUser) -> None:
    need_program("ssh")
    draw = random.Random(12)
    differences = []
    refused = 0
    for number in range(CONFIGURATIONS):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = folder / "config"
        file.write_text(FIRST + configuration(draw, folder), encoding="latin-1", newline="")
        alias = draw.choice(ALIASES)
        address = draw.choice([alias, alias, f"{draw.choice(USERS)}@{alias}"])
        theirs = asked(file, address)
        if theirs is None:
            refused += 1
            continue
        mine, other = compared(route_of(address, opened(file, me)), theirs)
        if mine != other:
            found = {key: (mine[key], other[key]) for key in mine if mine[key] != other[key]}
            differences.append((number, address, found))
    assert differences == []
    assert refused < CONFIGURATIONS * 0.1


def route_of(address: str, ssh_config: SshConfig) -> Hop:
    """Return the last hop; jump hosts are asked from a configuration without any."""
    return route(HostConfig(address=address), ssh_config)[-1]


NONSENSE = ["*", "gpu01", "!x", "all", "final", "host", "exec", "%h", "%z", "%", "${HOME}", "${X", "~", "~zzz/y", '"']
NONSENSE += ["'", "\\", "#", "=", "none", "1m", "-", "a,b", "@", "[::1]:22", ":", "a@b:c", "..", "a/**", "[", "\udcff"]
NONSENSE += ["9" * 20, "9" * 5000, "\N{SUPERSCRIPT TWO}", "a..b", "\x85", "a." * 80]


def test_nonsense_is_read_or_refused(tmp_path: Path, me: LocalUser) -> None:
    draw = random.Random(77)
    keywords = [*PLAIN, "host", "match", "include", "canonicalizehostname", "canonicaldomains", "canonicalizemaxdots"]
    file = tmp_path / "config"
    for _ in range(500):
        lines = [
            f"{draw.choice(keywords)}{draw.choice(' =')}{draw.choice([' ', '', '=']).join(draw.choices(NONSENSE, k=3))}"
            for _ in range(draw.randint(1, 6))
        ]
        file.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
        with suppress(BadInput, HostUnreachable):
            assert route_of(draw.choice(["gpu01", "ana@gpu01"]), opened(file, me)).hostname


def looked_up(text: str | bytes, tmp_path: Path, me: LocalUser, alias: str = "gpu01") -> Settings:
    file = tmp_path / "config"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return opened(file, me).look_up(alias)


@pytest.mark.parametrize(
    ("text", "keyword", "value"),
    [
        ("Host gpu01\n  Port ssh\n", "port", "22"),
        ("HostName 10.0.0.1 # vpn\n", "hostname", "10.0.0.1"),
        (b"# gr\xf6\xdfe\nHost *  # \xe9\n  User ana\n", "user", "ana"),
        (b"\xef\xbb\xbfHost gpu01\r\n  User ana\r\n", "user", "ana"),
        ("Match host=gpu01\nUser ana\n", "user", "ana"),
        ("Match tagged fast\nUser bob\nMatch host gpu01\nTag fast\nMatch tagged fast\nUser ana\n", "user", "ana"),
        ("ProxyJump none\nProxyCommand nc %h\n", "proxycommand", "nc %h"),
        ("UnknownToUs with 'any value\n", "unknowntous", "with 'any value"),
    ],
)
def test_a_line_is_read_as_openssh_reads_it(
    tmp_path: Path, me: LocalUser, text: str | bytes, keyword: str, value: str | None
) -> None:
    assert looked_up(text, tmp_path, me).get(keyword) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\nPort abc\n", r"config line 2 has port 'abc'; allowed: 1 to 65535, or the name of a service"),
        ("Port 0\n", "port '0'"),
        ("Port 70000\n", "port '70000'"),
        ("Port\n", "no value for port"),
        ("HostName a b\n", "more than one value for hostname"),
        ('HostName "a\n', "a quote without an end"),
        ("IdentitiesOnly maybe\n", "identitiesonly 'maybe'; allowed: yes, no"),
        ("ConnectTimeout soon\n", "connecttimeout 'soon'"),
        ("ServerAliveCountMax x\n", "serveralivecountmax 'x'; allowed: a number"),
        ("Host\n", "no pattern behind Host"),
        ("Match\n", "no condition behind Match"),
        ("Match moon full\n", "a condition 'moon' behind Match; allowed: host,"),
        ("Match host\n", "a condition 'host' behind Match"),
        ("Match localnetwork 10.0.0.0/8\n", "localnetwork"),
        ("Include\n", "no file behind Include"),
        ("HostName %z\n", "'%z' in '%z' means nothing; allowed: %%, %h"),
        ("Host a\0", "is no plain text; save it as UTF-8"),
    ],
)
def test_what_openssh_refuses_is_refused_with_its_line(tmp_path: Path, me: LocalUser, text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        looked_up(text, tmp_path, me)


def test_a_configuration_that_includes_itself_is_refused(tmp_path: Path, me: LocalUser) -> None:
    with pytest.raises(BadInput, match=r"/config includes itself"):
        looked_up("Include config\n", tmp_path, me)


def test_a_configuration_that_others_can_write_is_refused(tmp_path: Path, me: LocalUser) -> None:
    (tmp_path / "config").touch(mode=0o600)
    (tmp_path / "config").chmod(0o666)
    with pytest.raises(BadInput, match=r"/config can be written by others; .*chmod 600"):
        opened(tmp_path / "config", me).look_up("gpu01")


def test_the_user_is_the_one_of_the_number_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody")
    assert this_user().name == pwd.getpwuid(os.getuid()).pw_name


def test_an_unset_variable_is_named(tmp_path: Path, me: LocalUser) -> None:
    (tmp_path / "config").write_text("IdentityFile ${NO_SUCH_VARIABLE}/key\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"the variable NO_SUCH_VARIABLE in .* is not set"):
        route_of("gpu01", opened(tmp_path / "config", me))


@pytest.mark.parametrize("address", ["-oProxyCommand=touch /tmp/x", "ana@-x", "gpu01:x"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, me: LocalUser, address: str) -> None:
    with pytest.raises(BadInput, match="is no SSH address"):
        route_of(address, opened(tmp_path / "config", me))


@pytest.fixture
def one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system know one name, an alias."""

    def look_up(name: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if name != "gpu01.other.example":
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "node7.real.", ("10.0.0.7", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.usefixtures("one_name")
@pytest.mark.parametrize(
    ("text", "alias", "hostname"),
    [
        ("CanonicalDomains studio.example other.example\n", "gpu01", "gpu01.other.example"),
        ("CanonicalDomains studio.example\n", "gpu01", "gpu01"),
        ("CanonicalDomains other.example\n", "10.0.0.1", "10.0.0.1"),
        ("CanonicalDomains example\nCanonicalizeMaxDots 0\n", "gpu01.other", "gpu01.other"),
        ("CanonicalDomains example\n", "gpu01.other", "gpu01.other.example"),
        ("CanonicalDomains other.example\nProxyJump jump\n", "gpu01", "gpu01"),
        ("CanonicalDomains other.example\nCanonicalizePermittedCNAMEs *.example:*.real\n", "gpu01", "node7.real"),
    ],
)
def test_short_names_are_completed(tmp_path: Path, me: LocalUser, text: str, alias: str, hostname: str) -> None:
    whole = f"CanonicalizeHostname yes\n{text}Match canonical host {hostname}\nUser ana\n"
    found = looked_up(whole, tmp_path, me, alias)
    assert (found.hostname, found.get("user")) == (hostname, "ana")


def test_a_short_name_that_no_domain_has_is_named(tmp_path: Path, me: LocalUser) -> None:
    text = "CanonicalizeHostname yes\nCanonicalDomains invalid\nCanonicalizeFallbackLocal no\n"
    with pytest.raises(HostUnreachable, match="in none of the CanonicalDomains"):
        looked_up(text, tmp_path, me)
