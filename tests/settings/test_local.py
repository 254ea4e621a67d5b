"""`./workbench.toml`: what it may add, what it may not touch, and when it is not even looked at."""

# ruff: noqa: E501 - the tables are wide
from __future__ import annotations

import os
import pwd
import socket
import threading
from pathlib import Path

import psycopg
import pytest
from support.openings import dsn_of

from workbench.data.errors import Invalid
from workbench.settings import load

LOCAL = f".{os.sep}workbench.toml"
USER = "~/.config/workbench/workbench.toml"


def test_it_may_add_sources_theme_and_columns(place) -> None:
    place.user('[sources.mine]\ntarget = "a.db"\nread_only = false\n')
    place.local(
        'theme = "workbench-dark"\ncolumns.source = ["name"]\n[sources.here]\ntarget = "b.db"\nread_only = true\n'
        "production = true\nallow_other_owner = false\n"
    )
    loaded = place.load()
    assert set(loaded.settings.sources) == {"mine", "here"}
    assert loaded.local_sources == {"here"}
    assert loaded.origins["sources.here.target"] == f"{LOCAL}:4"
    assert loaded.opening("here", write=True).read_only
    assert not loaded.opening("mine").read_only
    assert loaded.opening("mine", read_only=True, write=True).read_only
    assert [(file.role, file.read) for file in loaded.files] == [("user", True), ("local", True)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('operator = "root"', f':1: a file in the current directory may not set "operator"; set it in {USER}'),
        ('home = "x"', f':1: a file in the current directory may not set "home"; set it in {USER}'),
        ('log_file = "/etc/passwd"', f':1: a file in the current directory may not set "log_file"; set it in {USER}'),
        ('\ndefault_source = "mine"', f':2: a file in the current directory may not set "default_source"; set it in {USER}'),
        ("timeouts.connect = 1", f':1: a file in the current directory may not set "timeouts.connect"; set it in {USER}'),
        ('them = "x"', ':1: unknown setting "them"; did you mean "theme"?'),
        ('[sources.mine]\ntarget = "x"', ':2: the source "mine" is yours already, and a file in the current directory may only add new ones'),
        ('[sources.MINE]\ntarget = "x"', ':2: the source "MINE" is yours already'),
        ("[sources.mine]\nproduction = false", ':2: the source "mine" is yours already'),
        ('[sources.env]\ntarget = "x"', ':2: the source "env" is yours already'),
        ('[sources.n]\ntarget = "x"\nread_only = false', ":3: sources.n.read_only cannot be false here, because sources of a file in the current directory are always read-only"),
        ('[sources.n]\ntarget = "x"\npassfile = "p"', ":3: sources.n.passfile may not be used in a file in the current directory"),
        ('[sources.n]\ntarget = "x"\nallow_other_owner = true', ":3: sources.n.allow_other_owner cannot be true in a file in the current directory"),
        ('[sources.n]\ntarget = "${HOME}/x"', ":2: sources.n.target may not use ${} in a file in the current directory"),
        ('[sources.n]\ntarget = "postgresql://h/${SECRET}"', ":2: sources.n.target may not use ${} in a file in the current directory"),
        ('[sources.n]\ntarget = "service=prod"', ":2: sources.n.target may not use the connection option service="),
        ('[sources.n]\ntarget = " dbname=x service = prod"', ":2: sources.n.target may not use the connection option service="),
        ("[sources.n]\ntarget = \"dbname=x service='prod'\"", ":2: sources.n.target may not use the connection option service="),
        ('[sources.n]\ntarget = "postgresql://h/d?service=prod"', ":2: sources.n.target may not use the connection option service="),
        ('[sources.n]\ntarget = "postgres://h/d?%73ervice=prod"', ":2: sources.n.target may not use the connection option service="),
        ('[sources.n]\ntarget = "postgresql://h/d?sslmode=require&passfile=/x"', ":2: sources.n.target may not use the connection option passfile="),
        ('[sources.n]\ntarget = "host=h sslkeylogfile=/home/me/.bashrc"', ":2: sources.n.target may not use the connection option sslkeylogfile="),
        ('[sources.n]\ntarget = "host=h gssdelegation=1"', ":2: sources.n.target may not use the connection option gssdelegation="),
        ('[sources.n]\ntarget = "host=h passwrd=x"', ":2: sources.n.target cannot be understood: "),
        ("x = [", ":1: this is not TOML, correct the line: "),
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_its_line(place, text: str, sentence: str) -> None:
    place.user('[sources.mine]\ntarget = "a.db"\n')
    place.environ["WORKBENCH_SOURCES__ENV__TARGET"] = "e.db"
    place.local(text + "\n")
    with pytest.raises(Invalid) as caught:
        place.load()
    assert str(caught.value).startswith(LOCAL + sentence)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_a_file_of_somebody_else_is_ignored_with_a_notice(place) -> None:
    place.local('operator = "evil"\n')
    os.chown(place.local_file, pwd.getpwnam("nobody").pw_uid, -1)
    loaded = place.load()
    assert len(loaded.notices) == 1
    assert f"{place.local_file} is ignored: it belongs to nobody" in loaded.notices[0]
    assert [(file.role, file.exists, file.read) for file in loaded.files] == [
        ("user", False, False),
        ("local", True, False),
    ]


def test_a_file_that_others_can_write_is_ignored_with_a_notice(place) -> None:
    place.local("this is not even TOML\n")
    place.local_file.chmod(0o666)
    assert "everybody can write it" in place.load().notices[0]
    place.local_file.chmod(0o644)
    place.here.chmod(0o777)
    assert "everybody can replace it" in place.load().notices[0]
    place.here.chmod(0o755)
    with pytest.raises(Invalid, match="not TOML"):
        place.load()


def test_a_pipe_of_somebody_else_neither_stops_nor_delays(place) -> None:
    os.mkfifo(place.local_file)
    place.local_file.chmod(0o666)
    assert "is ignored" in place.load().notices[0]
    place.local_file.chmod(0o600)
    with pytest.raises(Invalid, match=r"workbench\.toml: this is not a regular file"):
        place.load()


def test_a_dangling_or_looping_link_is_no_traceback(place) -> None:
    place.local_file.symlink_to("nowhere")
    assert place.load().notices == ()
    place.local_file.unlink()
    place.local_file.symlink_to("workbench.toml")
    with pytest.raises(Exception, match=r"workbench\.toml: the settings cannot be read: "):
        place.load()


def test_the_users_own_directory_and_file_are_not_read_twice(place) -> None:
    place.user('operator = "me"\n')
    assert load({}, cwd=place.user_file.parent, environ={}).settings.operator == "me"
    place.local_file.symlink_to(place.user_file)
    assert place.load().settings.operator == "me"
    assert [file.role for file in place.load().files] == ["user"]
    place.local_file.unlink()
    place.local('operator = "named"\n')
    assert place.load(config="workbench.toml").settings.operator == "named"
    # Another file is named in the user's own directory: the usual one there is no local file.
    other = place.here / "other.toml"
    other.write_text("")
    assert load({"config": str(other)}, cwd=place.user_file.parent, environ={}).origins == {}


def test_it_is_read_beside_a_named_file_and_is_weaker_than_the_environment(place) -> None:
    (place.here / "mine.toml").write_text('columns.source = ["mode"]\n')
    place.local('columns.source = ["name"]\n')
    assert place.load(config="mine.toml").settings.columns == {"source": ["name"]}
    place.environ["WORKBENCH_COLUMNS__SOURCE"] = "state"
    assert place.load(config="mine.toml").settings.columns == {"source": ["state"]}


@pytest.fixture
def thief():
    """A server that asks whoever connects for the password, and keeps what it is given."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    while head := client.recv(8):
                        length, code = int.from_bytes(head[:4]), int.from_bytes(head[4:])
                        heard.append(head + client.recv(length - 8))
                        if code in (80877103, 80877104):  # SSL, GSS: no
                            client.sendall(b"N")
                            heard.pop()
                            continue
                        client.sendall(b"R\0\0\0\x08\0\0\0\x03")  # the password in clear text, please
                        heard.append(client.recv(1024))
                        break

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize(
    "form", ["postgresql://me@127.0.0.1:{port}/db", "host=127.0.0.1 port={port} user=me dbname=db"]
)
def test_a_hostile_local_source_draws_no_secret_of_the_operator(
    place, thief, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, heard = thief
    pgpass = place.root / "home" / ".pgpass"
    pgpass.write_text("*:*:*:*:sekret\n")
    pgpass.chmod(0o600)
    monkeypatch.setenv("PGPASSWORD", "sekret")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "5")
    place.user(f'[sources.mine]\ntarget = "{form.format(port=port)}"\n')
    place.local(f'[sources.theirs]\ntarget = "{form.format(port=port)}"\n')
    loaded = place.load()
    assert loaded.opening("theirs").display == form.format(port=port)

    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(dsn_of(loaded.opening("theirs")))
    assert heard
    assert b"sekret" not in b"".join(heard)

    # The same target in the operator's own settings does use them: the test would notice.
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn_of(loaded.opening("mine")))
    assert b"sekret" in b"".join(heard)


def test_a_local_source_may_have_a_password_of_its_own(place) -> None:
    place.local('[sources.theirs]\ntarget = "postgresql://me:own@h/db"\n')
    target = dsn_of(place.load().opening("theirs"))
    options = psycopg.conninfo.conninfo_to_dict(target)
    assert options["password"] == "own"
    assert not Path(str(options["passfile"])).exists()
