"""What all tests share: real servers, started only when a test asks for one, and dumps restored into them."""

import gzip
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import Server, own_server, pooler, postgres15_server, postgres_database, postgres_dsn, postgres_server

__all__ = ["own_server", "pooler", "postgres15_server", "postgres_database", "postgres_dsn", "postgres_server"]

# A run in the background ignores ctrl+c, or the end of its terminal; every program that a test starts would do so too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def restored(postgres_server: Server) -> Iterator[Callable[[Path], str]]:
    """Restore a packed dump into a database of its own; the answer is its address."""
    names: list[str] = []

    def restore(dump: Path) -> str:
        names.append(postgres_server.new_database())
        dsn = postgres_server.dsn(names[-1])
        done = subprocess.run(
            [postgres_server.bin / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", dsn],
            input=gzip.decompress(dump.read_bytes()),
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
        return dsn

    yield restore
    for name in names:
        postgres_server.drop_database(name)
