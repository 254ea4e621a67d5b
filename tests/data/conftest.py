"""Dumps of real databases, restored into a real server."""

import gzip
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import Server


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
