"""`open_source`: what every fixture is, every bad input in one sentence, and nothing changed on disk."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fixtures import FIXTURES, copied, fixture
from support.processes import SqlProcess, tree_hash

from workbench.data import open_source
from workbench.data.engine.database import Timeouts
from workbench.data.errors import (
    Corrupt,
    Invalid,
    NotFound,
    ReadOnly,
    Unavailable,
    Unsupported,
    WorkbenchError,
)
from workbench.data.rooms import kinds, layouts, rooms

DATABASES = {
    "agents/genie_damaged.db": "agents",
    "agents/genie_fleet.db": "agents",
    "agents/small/ckpt.db": "agents",
    "agents/small/genie_America_New_York.db": "agents",
    "agents/small/genie_UTC.db": "agents",
    "kv/flux.db": "groups",
    "kv/gostore/gostore_seed.db": "groups",
    "kv/gostore/legacy_v010_kv.db": "legacy groups",
    "kv/gostore/legacy_v020_kv.db": "legacy groups",
    "kv/gostore/state/empty-run.duckdb": "workspace",
    "kv/gostore/state/qa-core-agent-task-77.duckdb": "workspace",
    "kv/gostore/state/qa-core-docs-task-78.duckdb": "workspace",
    "kv/small/gostore_f202cfe_legacy_kv.db": "legacy groups",
    "kv/small/gostore_seed_shape_replay.db": "groups",
    "kv/small/gostore_v010_legacy_kv_no_ttl.db": "legacy groups",
    "kv/small/opstate_v071_no_expires.db": "opstate",
    "kv/small/opstate_v084.db": "opstate",
    "kv/small/orphan-session.sqlite-workspace.duckdb": "workspace",
    "kv/thane/opstate.db": "opstate",
    "kv/thane/opstate_v071.db": "opstate",
    "kv/thane/thane.db": "opstate",
}
# Whatever else lies among the fixtures, by its ending: a word of the answer, and a word of what to do.
OTHERS = {
    ".sql.gz": ("PostgreSQL dump", "psql"),
    ".tar.gz": ("tar archive", "tar xzf"),
    ".jsonl.gz": ("journal archive", "open"),
    ".jsonl.zst": ("journal archive", "open"),
    ".json": ("JSON", "instead"),
    ".md": ("Markdown", "instead"),
    "README.txt": ("text", "instead"),
    "marshal.txt": ("event log", "spec home"),
    "schema_sqlite.sql": ("SQL script", "sqlite3"),
    "schema_postgres.sql": ("PostgreSQL dump", "psql"),
}


# -- what the fixtures are -----------------------------------------------------------------------------------


@pytest.mark.parametrize("read_only", [True, False], ids=["read-only", "writable"])
@pytest.mark.parametrize("name", DATABASES)
def test_each_database_is_what_it_is(name: str, read_only: bool, tmp_path: Path) -> None:
    path = copied(name, tmp_path)
    before = tree_hash(tmp_path)
    with open_source(path, read_only=read_only) as source:
        assert source.kinds == (DATABASES[name],)
        health = source.health()
        assert health.reachable and health.size == path.stat().st_size and health.last_write is not None
        assert health.clock == "same machine" and health.problems == () and health.read_only is read_only
        assert source.integrity() == ()
    if read_only:
        assert tree_hash(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_no_fixture_is_forgotten() -> None:
    fixture("README.md")
    for path in FIXTURES.rglob("*"):
        name = str(path.relative_to(FIXTURES))
        if path.is_file() and name not in DATABASES:
            assert any(name.endswith(ending) for ending in OTHERS), name


@pytest.mark.parametrize("ending", OTHERS)
def test_every_other_file_is_named_with_what_to_do(ending: str, tmp_path: Path) -> None:
    fixture("README.md")
    paths = [path for path in FIXTURES.rglob(f"*{ending}") if path.is_file()]
    assert paths
    for path in paths:
        shutil.copyfile(path, tmp_path / path.name)
        before = tree_hash(tmp_path)
        with pytest.raises(Unsupported) as caught:
            open_source(tmp_path / path.name)
        what, advice = OTHERS[ending]
        sentence = str(caught.value)
        assert what in sentence.split(path.name, 1)[1] and advice in sentence and "\n" not in sentence
        assert tree_hash(tmp_path) == before


@pytest.mark.parametrize(("name", "inside"), [("mammoth_home", "mammoth_home"), ("golden_home", "home")])
def test_a_spec_home_is_one_source(name: str, inside: str, tmp_path: Path) -> None:
    with tarfile.open(fixture(f"specs/{name}.tar.gz")) as archive:
        archive.extractall(tmp_path, filter="data")
    home = tmp_path / inside
    before = tree_hash(home)
    with open_source(home, read_only=True) as source:
        assert source.kinds == ("spec home",) and source.engine == "files"
        assert source.health().reachable and source.health().size
        token = source.change_token()
        assert source.change_token() == token
        with pytest.raises(Unsupported, match="does not read them yet"):
            source.specs  # noqa: B018
        with pytest.raises(Unsupported, match="no approvals: it is a home of specs"):
            source.approvals  # noqa: B018
        log = next(home.glob("specs/*/events.jsonl"))
        assert tree_hash(home) == before
        with log.open("ab") as file:
            file.write(b"{}\n")
        assert source.change_token() != token
    with pytest.raises(Unsupported, match="directory above"):
        open_source(home / "specs")
    with open_source(log.parent) as source:
        assert source.kinds == ("spec",)
    with open_source(next(home.glob("specs/*/index.db")), read_only=True) as source:
        assert source.kinds == ("spec index",)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("dump", "kind"),
    [
        ("agents/genie_fleet_pg.sql.gz", "agents"),
        ("sandbox/skillbox_v6.sql.gz", "sandbox"),
        ("sandbox/skillbox_v18.sql.gz", "sandbox"),
    ],
)
def test_each_dump_is_what_it_is_once_restored(dump: str, kind: str, restored: Callable[[Path], str]) -> None:
    with open_source(restored(fixture(dump)), read_only=True) as source:
        assert source.kinds == (kind,) and source.engine == "postgresql"
        health = source.health()
        assert health.reachable and health.size and health.problems == ()
        assert health.clock_difference is not None and abs(health.clock_difference) < 1


# -- one database, many things; directories ------------------------------------------------------------------


def make(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


ENTRIES = "CREATE TABLE entries (group_name TEXT, entry_key TEXT, entry_value TEXT, expires_at INTEGER)"
OPSTATE = "CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT)"
EVENTS = "CREATE TABLE session_events (id INTEGER, app_name TEXT, session_id TEXT, event_data TEXT)"
WORKSPACE = "CREATE TABLE workspace_entries (entry_kind TEXT, entry_data TEXT)"


def test_one_database_may_be_several_things(tmp_path: Path) -> None:
    with open_source(make(tmp_path / "a.db", ENTRIES, OPSTATE, EVENTS), read_only=True) as source:
        assert source.kinds == ("agents", "groups", "opstate")
        with pytest.raises(Unsupported, match="has groups, but this version"):
            source.groups  # noqa: B018
        assert source.capabilities == {"activity"}
        with pytest.raises(Unsupported, match="has no approvals: it lacks the table approvals"):
            source.approvals  # noqa: B018
        with pytest.raises(AttributeError):
            source.nonsense  # noqa: B018


def test_a_view_is_no_table_and_a_main_store_is_no_workspace(tmp_path: Path) -> None:
    view = make(
        tmp_path / "w.duckdb",
        WORKSPACE,
        "CREATE VIEW entries AS SELECT 1 AS group_name, 2 AS entry_key, 3 AS entry_value",
    )
    with open_source(view, read_only=True) as source:
        assert source.kinds == ("workspace",)
    with open_source(make(tmp_path / "m.duckdb", WORKSPACE, ENTRIES), read_only=True) as source:
        assert source.kinds == ("groups",)


def test_a_directory_with_one_known_database_is_that_source(tmp_path: Path) -> None:
    make(tmp_path / "state.db", OPSTATE)
    make(tmp_path / "cache.db", "CREATE TABLE cache (x)")
    (tmp_path / "notes.md").write_text("# Notes\n")
    with open_source(tmp_path, read_only=True) as source:
        assert source.kinds == ("opstate",) and source.name == "state"
    make(tmp_path / "more.db", ENTRIES)
    with pytest.raises(Invalid, match=r"2 databases: more.db \(groups\), state.db \(opstate\); name one"):
        open_source(tmp_path)


def test_a_directory_with_nothing_known_lists_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="it is empty"):
        open_source(tmp_path)
    (tmp_path / "notes.md").write_text("# Notes\n")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        NotFound, match=r"notes.md \(a Markdown text\).*pipe \(no ordinary file\), folder \(a directory\)"
    ):
        open_source(tmp_path)


def test_rooms_plug_in_by_being_there() -> None:
    assert [room.name for room in rooms()] == ["agents", "kv", "sandbox", "specs"]
    names = [kind.name for kind in kinds()] + [layout.kind for layout in layouts()]
    assert len(set(names)) == len(names)


# -- bad input -----------------------------------------------------------------------------------------------


def refused(target: object, error: type[WorkbenchError], words: str, **options: object) -> None:
    """Opening it, either way, is refused in one sentence."""
    for read_only in (True, False):
        with pytest.raises(error, match=words) as caught:
            open_source(target, read_only=read_only, **options)
        assert "\n" not in str(caught.value).replace(str(target), "")


def test_files_that_are_no_database(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "garbage.db").write_bytes(b"\x00\x01\x02\xfe" * 2000)
    whole = make(tmp_path / "whole.db", OPSTATE, "CREATE INDEX i ON operational_state (value)")
    (tmp_path / "cut.db").write_bytes(whole.read_bytes()[:60])
    (tmp_path / "half.db").write_bytes(whole.read_bytes()[:1024])
    (tmp_path / "corrupt.db").write_bytes(whole.read_bytes()[:100] + b"\xff" * (whole.stat().st_size - 100))
    make(tmp_path / "foreign.db", "CREATE TABLE someone_elses (x)")
    make(tmp_path / "bare.db", "CREATE TABLE t (x)", "DROP TABLE t")
    os.mkfifo(tmp_path / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    (tmp_path / "duck.duckdb").write_bytes(b"\0" * 8 + b"DUCK" + b"\0" * 4000)
    before = tree_hash_without_nodes(tmp_path)
    refused(tmp_path / "missing.db", NotFound, "no file or directory .*missing.db: check the path")
    refused(tmp_path / "whole.db" / "below", NotFound, "no file or directory")
    refused(tmp_path / "empty.db", Unsupported, "empty")
    refused(tmp_path / "garbage.db", Corrupt, "garbage.db is ")
    refused(tmp_path / "cut.db", Corrupt, "cut off")
    refused(tmp_path / "half.db", Corrupt, "damaged")
    refused(tmp_path / "corrupt.db", Corrupt, "damaged")
    refused(tmp_path / "foreign.db", Unsupported, "nothing that workbench knows .*someone_elses")
    refused(tmp_path / "bare.db", Unsupported, "no tables yet")
    refused(tmp_path / "pipe", Invalid, "a pipe")
    refused(tmp_path / "socket", Invalid, "a socket")
    refused(tmp_path / "duck.duckdb", Unsupported, "DuckDB")
    refused("mysql://user:hunter2@host/db", Invalid, "mysql")
    refused("", Invalid, "empty")
    refused("x\0y", Invalid, "NUL")
    refused("x" * 5000, Invalid, "no path that can be opened")
    assert tree_hash_without_nodes(tmp_path) == before
    listener.close()


def tree_hash_without_nodes(folder: Path) -> list[tuple[str, int, bytes]]:
    return sorted(
        (path.name, path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir() if path.is_file()
    )


def test_odd_paths_are_only_paths(tmp_path: Path) -> None:
    for name in ("a b.db", "a?mode=rw.db", "a%20b.db", "a#b.db", "a\nb.db", "\udcff.db", "host=x.db"):
        make(tmp_path / name, OPSTATE)
        with open_source(tmp_path / name, read_only=True) as source:
            assert source.kinds == ("opstate",)
        with open_source(os.fspath(tmp_path / name)) as source:
            assert source.kinds == ("opstate",)
    assert len(list(tmp_path.iterdir())) == 7


def test_a_locked_file_is_unavailable_and_later_it_is_not(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", OPSTATE)
    with SqlProcess(path) as other:
        other.run("BEGIN EXCLUSIVE")
        refused(path, Unavailable, "locked by another program: try again", timeouts=Timeouts(lock=0.5))
        other.run("COMMIT")
        open_source(path, timeouts=Timeouts(lock=0.5)).close()


AS_NOBODY = """

from workbench.data import open_source, WorkbenchError
open_source(sys.argv[1]).close()  # everything is imported while it can be
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for target in sys.argv[1:]:
    for read_only in (True, False):
        try:
            with open_source(target, read_only=read_only) as source:
                print("opened", source.kinds)
        except WorkbenchError as error:
            print(type(error).__name__, error)
"""


@pytest.fixture
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that another user can reach."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="workbench-public-"))
    folder.chmod(0o755)
    return folder


def as_nobody(*targets: Path) -> list[str]:
    code = "import os, sys\n" + AS_NOBODY
    done = subprocess.run([sys.executable, "-c", code, *map(str, targets)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_another_user(public: Path) -> None:
    secret = make(public / "secret.db", OPSTATE)
    secret.chmod(0o600)
    readable = make(public / "readable.db", OPSTATE)
    readable.chmod(0o644)
    closed = public / "closed"
    closed.mkdir(mode=0o700)
    make(closed / "a.db", OPSTATE)
    try:
        lines = as_nobody(secret, readable, closed, closed / "a.db")
        assert lines[0].startswith("Unavailable") and "may not be read by this user" in lines[0]
        assert lines[1] == lines[0]
        assert lines[2] == "opened ('opstate',)"
        assert lines[3].startswith("ReadOnly") and "read-only" in lines[3]
        assert all(line.startswith("Unavailable") for line in lines[4:8]), lines
        assert len(lines) == 8
    finally:
        shutil.rmtree(public)


def test_a_file_of_another_user_is_not_opened_writable_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "a.db", OPSTATE)
    monkeypatch.setattr("workbench.data.guards.refuse_foreign_owner", lambda path: f"{path} belongs to somebody else")
    with pytest.raises(ReadOnly, match="somebody else"):
        open_source(path)
    open_source(path, read_only=True).close()
    open_source(path, allow_other_owner=True).close()


def test_a_wal_on_a_network_file_system_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.data import guards

    real = guards.network_filesystem
    mounts = f"36 35 98:0 / / rw - ext4 /dev/root rw\n37 36 0:50 / {tmp_path} rw - nfs4 host:/export rw\n"
    monkeypatch.setattr("workbench.data.guards.network_filesystem", lambda path: real(path, mounts))
    plain = make(tmp_path / "plain.db", OPSTATE)
    wal = make(tmp_path / "wal.db", "PRAGMA journal_mode = WAL", OPSTATE)
    with open_source(plain, read_only=True) as source:
        assert source.health().problems == ()
    with open_source(wal, read_only=True) as source:
        (problem,) = source.health().problems
        assert "network file system (nfs4)" in problem and "local disk" in problem


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="durability"):
        open_source(tmp_path, durability="perhaps")  # type: ignore[arg-type]


def test_a_source_that_goes_away_is_unreachable_in_words(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", OPSTATE)
    with open_source(path) as source:
        assert source.health().reachable
        path.unlink()
        health = source.health()
        assert not health.reachable and "no longer there" in health.problems[0]
