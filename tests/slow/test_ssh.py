"""Through a real `ssh` to this machine, at 80×24: what is seen, what is decided, and what a lost connection leaves."""

import getpass
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from servers import free_port, until
from support.running import PROGRAM, agents_database, environment, status_of
from support.terminal import Terminal

from workbench.desk.audit import Audit

TOOLS = {name: shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") for name in ("ssh", "sshd", "tmux")}
pytestmark = pytest.mark.skipif(not all(TOOLS.values()), reason="openssh-server, openssh-client or tmux is missing")


@dataclass(frozen=True)
class Login:
    """How to log in to this machine."""

    folder: Path
    port: int

    def __call__(self, command: str) -> str:
        options = (
            f"-p {self.port} -i {self.folder}/user -o StrictHostKeyChecking=no -o BatchMode=yes -o LogLevel=ERROR"
            f" -o UserKnownHostsFile={self.folder}/known -o IdentitiesOnly=yes -F none"
        )
        return f"{TOOLS['ssh']} -tt {options} {getpass.getuser()}@127.0.0.1 {shlex.quote(command)}"


@pytest.fixture
def login(tmp_path: Path) -> Iterator[Login]:
    """A server of this test's own, with keys of its own."""
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copyfile(folder / "user.pub", folder / "authorized")
    port = free_port()
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"PidFile {folder}/pid\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where a server of root keeps its unprivileged children
    log = (folder / "log").open("ab")
    server = subprocess.Popen([TOOLS["sshd"] or "", "-D", "-e", "-f", folder / "config"], stdout=log, stderr=log)
    try:
        found = Login(folder, port)
        until(lambda: logged_in(found), what=f"a login; {folder}/log says why not")
        yield found
    except AssertionError:
        if "account is locked" in (folder / "log").read_text():
            pytest.skip("this user's account is locked, and sshd lets nobody into those")
        raise
    finally:
        log.close()
        server.terminate()
        server.wait(timeout=30)


def logged_in(login: Login) -> bool:
    command = shlex.split(login("true"))
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def remote(home: Path, *arguments: str) -> str:
    """The command for the far side, which knows nothing of this side's environment."""
    variables = {**environment(home), "LC_ALL": "C.UTF-8"}
    words = ["env", *(f"{name}={value}" for name, value in variables.items()), *PROGRAM, *arguments]
    return f"cd {shlex.quote(str(home))} && exec {shlex.join(words)}"


def far_side(database: Path) -> list[str]:
    """The workbenches on the far side that have this database for an argument."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[1:3] == [b"-m", b"workbench"] and os.fsencode(database) in words:
            found.append(entry.parent.name)
    return found


def press_until(terminal: Terminal, key: str, text: str) -> str:
    for _ in range(20):
        terminal.press(key)
        try:
            return terminal.until(lambda screen: text in screen, seconds=1.5)
        except AssertionError:
            continue
    return terminal.until(lambda screen: text in screen)


def test_a_decision_is_made_through_ssh_and_the_audit_says_from_where(tmp_path: Path, login: Login) -> None:
    database = agents_database(tmp_path, "save_file", "run_shell")
    command = login(remote(tmp_path, str(database), "--write"))
    with Terminal(command, columns=80, lines=24, cwd=tmp_path, environment={"TERM": "xterm-256color"}) as terminal:
        screen = terminal.until(lambda text: "save_file" in text and "a Approve" in text and "● live" in text)
        rows = screen.splitlines()
        assert len(rows) <= 24 and max(map(len, rows)) <= 80 and "read-write" in rows[0]
        press_until(terminal, "a", "Approve save_file")
        terminal.press("y")
        terminal.until(lambda text: "approved: save_file" in text)
        terminal.press("q")
        screen = terminal.until(lambda text: "[exit 0]" in text)
    assert screen.replace("[exit 0]", "").strip() == ""
    assert status_of(database, "save_file") == "approved" and status_of(database, "run_shell") == "pending"
    (act,) = Audit(tmp_path / "data" / "workbench", "anybody").list()
    assert act.result == "approved" and act.entry.ssh is not None and "127.0.0.1" in act.entry.ssh
    assert far_side(database) == []


def test_a_lost_connection_leaves_nothing_running_and_nothing_half_done(tmp_path: Path, login: Login) -> None:
    database = agents_database(tmp_path, "save_file")
    with Terminal(login(remote(tmp_path, str(database), "--write")), columns=80, lines=24, cwd=tmp_path) as terminal:
        terminal.until(lambda text: "save_file" in text)
        press_until(terminal, "a", "Approve save_file")
        assert len(far_side(database)) == 1
    # The terminal and the ssh in it are gone.
    until(lambda: not far_side(database), what="the end of the far side")
    assert status_of(database, "save_file") == "pending"
    assert {path.name for path in database.parent.glob("agents.db*")} == {"agents.db"}
