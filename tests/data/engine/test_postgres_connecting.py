"""A server that cannot be had: one sentence that says why and what to do, in time, and never a password."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from servers import PASSWORD, USER, Server, free_port, until
from support.things import COUNT, make_things

from workbench.data.engine import postgres
from workbench.data.engine.database import Timeouts
from workbench.data.engine.postgres import PostgresDatabase
from workbench.data.errors import Invalid, NotFound, Unavailable, WorkbenchError

pytestmark = pytest.mark.postgres
WRONG = "wrong-horse-8"


def refused(dsn: str, kind: type[WorkbenchError], words: str, **timeouts: float) -> str:
    """Open it, be refused, and check what every refusal must be like."""
    with pytest.raises(WorkbenchError) as caught:
        PostgresDatabase(dsn, display="the display", timeouts=Timeouts(**timeouts))
    error = caught.value
    assert type(error) is kind or (kind is Unavailable and isinstance(error, Unavailable))
    sentence = str(error)
    assert sentence.startswith("the display ") and "\n" not in sentence and re.search(words, sentence), sentence
    chain: list[BaseException] = [error]
    for each in chain:
        assert PASSWORD not in f"{each!r} {each}" and WRONG not in f"{each!r} {each}"
        chain += [other for other in (each.__cause__, each.__context__) if other is not None]
    return sentence


def test_a_wrong_password(postgres_server: Server, postgres_database: str) -> None:
    refused(postgres_server.dsn(postgres_database, password=WRONG), Unavailable, "refuses this user's password")
    refused(postgres_server.dsn(postgres_database, user="stranger"), Unavailable, "refuses this user's password")
    bare = f"host=127.0.0.1 port={postgres_server.port} user={USER} dbname={postgres_database}"
    refused(bare, Unavailable, "check user and password")


def test_a_password_in_the_wrong_place_is_not_repeated(postgres_server: Server) -> None:
    refused(postgres_server.dsn(f"{WRONG}", password=WRONG, user=WRONG), Unavailable, "check user and password")
    refused(
        f"host={postgres_server.base} port={postgres_server.port} user={WRONG} password={WRONG}", Unavailable, "user"
    )


def test_an_unknown_user_or_one_that_may_not_log_in(postgres_server: Server, postgres_database: str) -> None:
    refused(postgres_server.dsn(postgres_database, "stranger", None), Unavailable, "knows no user stranger")
    postgres_server.execute("CREATE ROLE asleep NOLOGIN")
    refused(postgres_server.dsn(postgres_database, "asleep", None), Unavailable, "does not let the user asleep log in")


def test_an_unknown_database(postgres_server: Server) -> None:
    refused(postgres_server.dsn("nowhere"), NotFound, "has no database nowhere: check its name")


def test_a_database_that_lets_nobody_in(postgres_server: Server, postgres_database: str) -> None:
    postgres_server.execute(f"REVOKE CONNECT ON DATABASE {postgres_database} FROM PUBLIC, {USER}")
    postgres_server.execute(f"ALTER DATABASE {postgres_database} OWNER TO postgres")
    refused(postgres_server.dsn(postgres_database), Unavailable, "ask its owner for CONNECT")
    postgres_server.execute(f"ALTER DATABASE {postgres_database} ALLOW_CONNECTIONS false")
    refused(postgres_server.dsn(postgres_database), Unavailable, "closed to everybody")


def test_an_unknown_host() -> None:
    refused("postgresql://u:secret@no-such-host.invalid/x", Unavailable, "host no-such-host.invalid that nobody knows")


def test_nobody_listens(tmp_path: Path) -> None:
    refused(f"host=127.0.0.1 port={free_port()} password={WRONG}", Unavailable, "start it, or check host and port")
    refused(f"host={tmp_path} dbname=x", Unavailable, "no server that listens there")


def test_an_unknown_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = tmp_path / "services"
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    services.write_text("[known]\nhost=127.0.0.1\n")
    refused("service=unknown", Invalid, "service unknown")
    services.write_text("[unknown]\nnonsense\n")
    refused("service=unknown", Invalid, "syntax error")


def test_tls_demanded_of_a_server_without(postgres_server: Server, postgres_database: str, tmp_path: Path) -> None:
    dsn = postgres_server.dsn(postgres_database)
    refused(f"{dsn}?sslmode=require", Unavailable, "offers no TLS, which sslmode demands")
    refused(f"{dsn}?sslmode=verify-full&sslrootcert={tmp_path}/none.pem", Unavailable, "TLS")


@pytest.mark.parametrize("dsn", [f"host='{WRONG}", f"port=5432 password {WRONG}", f"passwort={WRONG}",
                                 f"host=127.0.0.1 port={WRONG}", f"host=127.0.0.1 sslmode={WRONG}", f"postgresql://u@[{WRONG}/x",
                                 f"host=h password={WRONG}\ud800", f"host=h connect_timeout={WRONG}",
                                 "host=h connect_timeout=inf"])  # fmt: skip
def test_a_connection_text_that_cannot_be_read(dsn: str) -> None:
    refused(dsn, Invalid, "connection text")


@contextmanager
def silent_listener() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_listener_that_stays_silent() -> None:
    with silent_listener() as port:
        started = time.monotonic()
        refused(f"host=127.0.0.1 port={port}", Unavailable, "did not answer within 0.5 s", connect=0.5)
        refused(f"host=127.0.0.1 port={port} sslmode=disable", Unavailable, "did not answer within 0.5 s", connect=0.5)
        assert time.monotonic() - started < 2.5


def test_a_listener_that_is_no_postgresql() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dsn = f"host=127.0.0.1 port={listener.getsockname()[1]} sslmode=disable"
        script = (
            "import sys; from workbench.data.engine.postgres import PostgresDatabase as P; P(sys.argv[1], display='d')"
        )
        child = subprocess.Popen([sys.executable, "-c", script, dsn], stderr=subprocess.PIPE, text=True)
        with listener.accept()[0] as connection:
            connection.recv(1)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            _, said = child.communicate(timeout=20)
    last = said.splitlines()[-1]
    assert last.startswith("workbench.data.errors.Unavailable: d refuses the connection"), said


def test_a_server_without_a_free_connection(postgres_server: Server, postgres_database: str) -> None:
    postgres_server.execute(f"ALTER DATABASE {postgres_database} CONNECTION LIMIT 1")
    with psycopg.connect(postgres_server.dsn(postgres_database)):
        refused(postgres_server.dsn(postgres_database), Unavailable, "no connection left for us")


def test_a_source_waits_for_its_own_connection_where_the_server_has_no_other(
    postgres_server: Server, postgres_database: str
) -> None:
    dsn = postgres_server.dsn(postgres_database)
    with PostgresDatabase(dsn, display="d", timeouts=Timeouts(connect=20)) as database, ThreadPoolExecutor(1) as other:
        postgres_server.execute(f"ALTER DATABASE {postgres_database} CONNECTION LIMIT 0")
        pool = database._sessions._pools[-1]
        with database.transaction():
            waiting = other.submit(database.size)
            until(lambda: pool.door.crowded, what="a refusal by the server")
            assert not waiting.done()
        assert waiting.result(timeout=10)


def test_a_server_that_is_going_down(own_server: Server) -> None:
    with psycopg.connect(own_server.dsn()):
        assert own_server.process is not None
        own_server.process.send_signal(signal.SIGTERM)  # it waits for that client, and takes no other
        deadline = time.monotonic() + 10
        while True:
            try:
                psycopg.connect(own_server.dsn()).close()
            except psycopg.OperationalError:
                break
            assert time.monotonic() < deadline
        refused(own_server.dsn(), Unavailable, "starting up or shutting down")


def test_a_server_that_is_too_old(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "OLDEST", 99)
    sentence = refused(postgres_dsn, Unavailable, r"PostgreSQL \d+\.\d+, which is too old: workbench needs 99 or newer")
    assert "\n" not in sentence


def test_what_is_asked_of_the_server(postgres_server: Server, postgres_database: str) -> None:
    """A name to be seen by, and nothing else: no option, no setting of the session, nothing prepared."""
    dsn = postgres_server.dsn(postgres_database)
    names = f"SELECT application_name FROM pg_stat_activity WHERE datname = '{postgres_database}'"
    with PostgresDatabase(dsn, display="d") as database:
        make_things(database)
        for _ in range(20):
            database.one(COUNT)
        assert set(postgres_server.execute(names)) == {("workbench",)}
        changed = database._ask("SELECT name FROM pg_settings WHERE source IN ('client', 'session')")
        assert {row[0] for row in changed} <= {"application_name", "client_encoding"}
        assert database._ask("SELECT count(*) FROM pg_prepared_statements") == [(0,)]
        assert not database.pooled and not database.standby and int(database.version.split(".")[0]) >= 14
        assert database.database_name == postgres_database
    with PostgresDatabase(f"{dsn}?application_name=mine", display="d"):
        assert postgres_server.execute(names) == [("mine",)]


class _StrictPooler:
    """Lets everything through to a server, but refuses to be told a name, as some poolers do."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.refusals = 0

    def serve(self) -> None:
        with self.listener:
            while True:
                try:
                    client = self.listener.accept()[0]
                except OSError:
                    return
                Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.server.port)) as server:
            first = client.recv(65536)
            if b"application_name" in first:
                self.refusals += 1
                body = b"SFATAL\0C08P01\0Munsupported startup parameter: application_name\0\0"
                client.sendall(b"E" + (len(body) + 4).to_bytes(4, "big") + body)
                return
            server.sendall(first)
            other = Thread(target=_copy, args=(server, client), daemon=True)
            other.start()
            _copy(client, server)
            other.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_a_pooler_that_refuses_the_name_is_used_without(postgres_server: Server, postgres_database: str) -> None:
    pooler = _StrictPooler(postgres_server)
    port = pooler.listener.getsockname()[1]
    thread = Thread(target=pooler.serve, daemon=True)
    thread.start()
    dsn = f"host=127.0.0.1 port={port} user={USER} password={PASSWORD} dbname={postgres_database} sslmode=disable"
    with PostgresDatabase(dsn, display="d") as database:
        make_things(database)
        with database.transaction():
            assert database.one(COUNT) == 0
    assert pooler.refusals == 1
    pooler.listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)
