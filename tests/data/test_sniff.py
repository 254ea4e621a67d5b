"""What a file is, by its first bytes: the fixtures in place, and bytes made up here."""

import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from workbench.data.sniff import HEAD_BYTES, identify

FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures"

# Every file there that is no SQLite database: its kind, and a word that its description has.
EXPECTED = {
    "GOLDENS.md": ("markdown", "Markdown"),
    "README.md": ("markdown", "Markdown"),
    "agents/cron.json": ("json", "JSON"),
    "agents/genie_damaged.json": ("json", "JSON"),
    "agents/genie_fleet_pg.sql.gz": ("postgres dump", "gzip"),
    "agents/small/README.txt": ("text", "text"),
    "agents/small/schema_postgres.sql": ("postgres dump", "plain SQL"),
    "agents/small/schema_sqlite.sql": ("sql script", "SQLite"),
    "expected/genie_fleet.json": ("json", "JSON"),
    "expected/genie_fleet_pg.json": ("json", "JSON"),
    "expected/kv.json": ("json", "JSON"),
    "expected/mammoth.json": ("json", "JSON"),
    "expected/skillbox_v18.json": ("json", "JSON"),
    "expected/skillbox_v6.json": ("json", "JSON"),
    "kv/flux.json": ("json", "JSON"),
    "kv/gostore/archive/journal-20261115-120000.000087901.jsonl.gz": ("journal archive", "gzip"),
    "kv/gostore/archive/journal-20261116-120000.000062222.jsonl.zst": ("journal archive", "zstd"),
    "kv/gostore/archive/journal-20261117-000000.000062814.jsonl.gz": ("journal archive", "gzip"),
    "kv/render.json": ("json", "JSON"),
    "kv/small/README.txt": ("text", "text"),
    "sandbox/skillbox_v18.sql.gz": ("postgres dump", "gzip"),
    "sandbox/skillbox_v6.sql.gz": ("postgres dump", "gzip"),
    "specs/accept.json": ("json", "JSON"),
    "specs/golden_home.tar.gz": ("tar.gz", "tar"),
    "specs/mammoth_home.tar.gz": ("tar.gz", "tar"),
    "specs/marshal.txt": ("event log", "event log"),
}
needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the shared fixtures are not here")


def zipped(content: bytes) -> bytes:
    """Compressed without a time in it, so that the tests have the same names each time."""
    return gzip.compress(content, mtime=0)


def head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def kind(name: str, content: bytes) -> str:
    return identify(Path(name), content).kind


# The fixtures


@needs_fixtures
def test_the_table_names_every_fixture_that_is_no_database() -> None:
    found = {p.relative_to(FIXTURES).as_posix(): identify(p, head(p)) for p in FIXTURES.rglob("*") if p.is_file()}
    assert {name for name, finding in found.items() if finding.kind != "sqlite"} == EXPECTED.keys()


@needs_fixtures
@pytest.mark.parametrize("name", EXPECTED)
def test_each_fixture_is_what_it_is(name: str) -> None:
    finding = identify(FIXTURES / name, head(FIXTURES / name))
    expected, word = EXPECTED[name]
    assert finding.kind == expected
    assert word in finding.words
    assert finding.advice


@needs_fixtures
@pytest.mark.parametrize("archive", ["mammoth_home", "golden_home"])
def test_each_file_of_an_unpacked_home(archive: str, tmp_path: Path) -> None:
    with tarfile.open(FIXTURES / "specs" / f"{archive}.tar.gz") as tar:
        for member in tar:
            if (content := tar.extractfile(member)) is not None and member.isfile():
                target = tmp_path / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    kinds = {
        "events.jsonl": "event log",
        "index.db": "sqlite",
        ".md": "markdown",
        ".yaml": "yaml",
        ".txt": "text",
    }
    seen = set()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            wanted = kinds.get(path.name) or kinds.get(path.suffix) or "snapshot"
            finding = identify(path, head(path))
            assert finding.kind == wanted, path
            if wanted != "sqlite" and path.suffix != ".txt":
                assert "spec home" in finding.advice
                assert finding.advice.startswith("open the spec home")
            seen.add(wanted)
    assert {"event log", "sqlite", "markdown", "yaml", "snapshot"} <= seen


# SQLite and what it keeps beside a database


def test_real_companions_of_a_database(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE t (a)")
        found = {p.name: kind(p.name, head(p)) for p in tmp_path.iterdir()}
    assert found == {"a.db": "sqlite", "a.db-wal": "sqlite-wal", "a.db-shm": "sqlite-shm"}


def test_a_real_rollback_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA cache_size=1")
        db.execute("CREATE TABLE t (a)")
        db.execute("INSERT INTO t VALUES (zeroblob(100000))")
        db.execute("BEGIN")
        db.execute("INSERT INTO t SELECT zeroblob(100000) FROM t")
        journal = tmp_path / "a.db-journal"
        finding = identify(journal, head(journal))
        assert kind("copied", head(journal)) == "sqlite-journal"
        db.execute("ROLLBACK")
    assert finding.kind == "sqlite-journal"
    assert "without -journal" in finding.advice


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.db-wal", b"", "sqlite-wal"),
        ("a.db-shm", b"\0" * 32768, "sqlite-shm"),
        ("a.db-journal", b"\0" * 512, "sqlite-journal"),  # journal_mode=PERSIST zeroes the header
        ("a.db-wal", b"SQLite format 3\0", "sqlite"),
        ("travel-journal", b"Monday: rain.\n", "text"),
        ("travel-journal", b"", "empty"),
        ("whatever", b"\x37\x7f\x06\x82\0\x2d\xe2\x18", "sqlite-wal"),
        ("whatever", b"\x37\x7f\x06\x83\0\x2d\xe2\x18", "sqlite-wal"),
    ],
)
def test_companions_by_magic_and_by_name(name: str, content: bytes, expected: str) -> None:
    assert kind(name, content) == expected


def test_the_extension_is_not_believed() -> None:
    assert kind("notes.txt", b"SQLite format 3\0" + b"\0" * 84) == "sqlite"
    assert kind("orphan.duckdb", b"SQLite format 3\0" + b"\0" * 84) == "sqlite"
    assert kind("store.db", b"\x12\x34\x56\x78\x9a\xbc\xde\xf0DUCK\x40\0\0\0\0\0\0\0" + b"\0" * 100) == "duckdb"
    assert kind("duck.txt", b"My good DUCK, where have you been?\n") == "text"


def test_a_database_cut_in_its_first_bytes() -> None:
    finding = identify(Path("a.db"), b"SQLite for")
    assert finding.kind == "unknown"
    assert "first bytes of an SQLite database" in finding.words


def test_a_damaged_or_encrypted_database() -> None:
    finding = identify(Path("a.db"), bytes(range(256)) * 16)
    assert finding.kind == "unknown"
    assert "without the header of a database" in finding.words
    assert "backup" in finding.advice


# Dumps and scripts

PLAIN = b"--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n"
RESTRICTED = b"\\restrict abc\n" + PLAIN
CLUSTER = PLAIN.replace(b"database dump", b"database cluster dump")


@pytest.mark.parametrize(
    ("name", "content", "words", "command"),
    [
        ("x.sql", PLAIN, "plain SQL)", "`psql -d NEWDB -f FILE`"),
        ("x", RESTRICTED, "plain SQL)", "`psql -d NEWDB -f FILE`"),
        ("x.sql.gz", zipped(PLAIN), "plain SQL, gzip)", "`zcat FILE | psql -d NEWDB`"),
        ("x.sql.zst", zstandard.compress(PLAIN), "plain SQL, zstd)", "`zstdcat FILE | psql -d NEWDB`"),
        ("x.sql.bz2", bz2.compress(PLAIN), "plain SQL, bzip2)", "`bzcat FILE | psql -d NEWDB`"),
        ("x.sql.xz", lzma.compress(PLAIN), "plain SQL, xz)", "`xzcat FILE | psql -d NEWDB`"),
        ("x.sql", CLUSTER, "whole server", "`psql -d postgres -f FILE`"),
        ("x.gz", zipped(CLUSTER), "whole server", "`zcat FILE | psql -d postgres`"),
        ("x.dump", b"PGDMP\x01\x0e\0", "custom format)", "`pg_restore -d NEWDB FILE`"),
        ("x.dump.gz", zipped(b"PGDMP\x01"), "custom format, gzip)", "`zcat FILE | pg_restore -d NEWDB`"),
        ("toc.dat", b"PGDMP\x01\x0e\0", "directory format)", "`pg_restore -d NEWDB DIRECTORY`"),
    ],
)
def test_postgres_dumps(name: str, content: bytes, words: str, command: str) -> None:
    finding = identify(Path(name), content)
    assert finding.kind == "postgres dump"
    assert words in finding.words
    assert command in finding.advice


@pytest.mark.parametrize(
    ("name", "content", "words", "command"),
    [
        ("x", b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "SQLite", "`sqlite3 NEW.db < FILE`"),
        ("x.gz", zipped(b"PRAGMA foreign_keys=OFF;\n"), "SQLite", "`zcat FILE | sqlite3 NEW.db`"),
        ("x", b"/* a\nb */ -- c\n\ncreate table t (a jsonb);", "PostgreSQL", "`psql -d NEWDB -f FILE`"),
        ("x", b"INSERT INTO t VALUES (1);", "an SQL script", "`psql -d NEWDB -f FILE`"),
        ("x.sql", b"-- nothing but a comment", "an SQL script", "sqlite3"),
        ("x", b"-- MySQL dump 10.13  Distrib\n", "MySQL", "mysql"),
        ("x", b"copy t (a, b) from stdin;\n1\t2\n", "an SQL script", "psql"),
    ],
)
def test_sql_scripts(name: str, content: bytes, words: str, command: str) -> None:
    finding = identify(Path(name), content)
    assert finding.kind == "sql script"
    assert words in finding.words
    assert command in finding.advice


@pytest.mark.parametrize("text", [b"Create table reservations online.\n", b"-- \nBob\n", b"set up the house\n"])
def test_prose_is_not_sql(text: bytes) -> None:
    assert kind("x", text) == "text"


# Archives and compression


def tarball(member: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(member))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "expected", "command"),
    [
        (tarball("home/"), "tar", "`tar xf FILE`"),
        (zipped(tarball("home/")), "tar.gz", "`tar xzf FILE`"),
        (zstandard.compress(tarball("home/")), "tar.zst", "`tar --zstd -xf FILE`"),
        (bz2.compress(tarball("home/")), "tar.bz2", "`tar xjf FILE`"),
        (lzma.compress(tarball("home/")), "tar.xz", "`tar xJf FILE`"),
        (tarball("toc.dat"), "postgres dump", "`pg_restore -d NEWDB FILE`"),
        (zipped(tarball("toc.dat")), "postgres dump", "`zcat FILE | pg_restore -d NEWDB`"),
    ],
)
def test_tar_archives(content: bytes, expected: str, command: str) -> None:
    finding = identify(Path("x.tgz"), content)
    assert finding.kind == expected
    assert command in finding.advice


def test_a_zip() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "hello")
    assert kind("x.zip", out.getvalue()) == "zip"


@pytest.mark.parametrize(
    ("pack", "expected"),
    [(gzip.compress, "gzip"), (zstandard.compress, "zstd"), (bz2.compress, "bzip2"), (lzma.compress, "xz")],
)
def test_compressed_files_of_other_kinds(pack, expected: str) -> None:
    database = identify(Path("a.db.x"), pack(b"SQLite format 3\0" + b"\0" * 100))
    assert (database.kind, database.words) == (expected, f"an SQLite database ({expected})")
    binary = identify(Path("a.x"), pack(bytes(range(256))))
    assert (binary.kind, binary.words) == (expected, f"a {expected} file")
    assert kind("a.x", pack(pack(b"hello"))) == expected
    bomb = pack(b"\0" * 50_000_000)[:HEAD_BYTES]
    assert kind("a.x", bomb) == expected


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, bz2.compress, lzma.compress])
def test_a_compressed_head_that_is_cut_or_damaged(pack) -> None:
    packed = pack(os.urandom(3000).hex().encode())
    names = {"gzip", "zstd", "bzip2", "xz"}
    for end in range(10, len(packed), 97):
        assert kind("x", packed[:end]) in names
        damaged = packed[:end] + bytes(byte ^ 0xFF for byte in packed[end : end + 20]) + packed[end + 20 :]
        assert kind("x", damaged) in names
    finding = identify(Path("x"), packed[:10])
    assert "empty, damaged or cut off" in finding.words


def test_a_dump_is_recognised_before_the_damage_in_it() -> None:
    packed = zipped(PLAIN + os.urandom(20_000).hex().encode())
    assert kind("x.sql.gz", packed[:4000]) == "postgres dump"
    assert kind("x.sql.gz", packed[:4000] + b"\xff" * 4000) == "postgres dump"


# JSON

EVENT = b'{"event_id":1,"spec_id":"01","timestamp":"2026","payload":{"type":"SpecCreated"}}\n'
ENTRY = b'{"bucket":"events","committed_at":1,"fields":{},"measurement":"m","tags":{}}\n'


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("specs/01/events.jsonl", EVENT * 3, "event log"),
        ("renamed.txt", EVENT, "event log"),
        ("events.jsonl", b"\0\0garbage\n" + EVENT, "event log"),
        ("events.jsonl", EVENT + b'{"event_id":2,"spec', "event log"),
        ("events.jsonl", EVENT[:60], "event log"),
        ("events.jsonl.gz", zipped(EVENT), "event log"),
        ("x.jsonl", ENTRY, "journal archive"),
        ("x.jsonl.gz", zipped(ENTRY)[:60], "journal archive"),
        ("x.jsonl.gz.tmp", zipped(ENTRY), "journal archive"),
        ("x.jsonl", b'{"a":1}\n', "json lines"),
        ("x", b'{"a":1}\n{"b":2}\n', "json lines"),
        ("x.jsonl", b'{"a":1}\nbroken', "json lines"),
        ("x.json", b'{"a":1}\n', "json"),
        ("x.json", b'[\n{"event_id":1,"spec_id":"a"},\n{"event_id":2,"spec_id":"a"}\n]', "json"),
        ("x.json", b'{"items": [\n{"a":1},\n{"a":2}\n]}', "json"),
        ("x.json", b'{"a": nonsense}', "json"),
        ("x", b'\xef\xbb\xbf{"a": 1}', "json"),
        ("state_7.json", b"{}", "snapshot"),
        ("old.json", b'{\n  "state": {\n    "core": {"spec_id": "01"}}}', "snapshot"),
        ("x.ini", b"[a]\nb=1\n", "text"),
        ("x", b"{not json}", "text"),
    ],
)
def test_json_and_its_kin(name: str, content: bytes, expected: str) -> None:
    assert kind(name, content) == expected


def test_damaged_json_says_so() -> None:
    assert "damaged" in identify(Path("x.json"), b'{"a": nonsense}').words


def test_json_cut_anywhere_is_json() -> None:
    whole = json.dumps({"a": [1.5e-7, True, None, 'x\\"y', {"b": -12}], "ключ": "значение"}, ensure_ascii=False)
    for text in (whole, json.dumps(json.loads(whole), indent=1), f"[{whole}]"):
        for end in range(1, len(text.encode()) + 1):
            assert kind("x", text.encode()[:end]) == "json", text.encode()[:end]


def test_json_too_deep_or_too_big_for_python() -> None:
    assert kind("x.json", b"[" * HEAD_BYTES) == "json"
    assert kind("x.json", b'{"a":' * 10_000) == "json"
    assert kind("x.json", b"[" + b"9" * 6000 + b"]") == "json"


# Text and the rest


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x", b"", "empty"),
        ("x.db", b"", "empty"),
        ("x.md", b"# title\n", "markdown"),
        ("X.YAML", b"a: 1\n", "yaml"),
        ("x.yml", b"a: 1\n", "yaml"),
        ("workbench.toml", b"a = 1\n", "toml"),
        ("x.csv", b"a,b\n1,2\n", "csv"),
        ("x", "schöne Grüße\n".encode(), "text"),
        ("x", "schöne Grüße\n".encode("latin-1"), "text"),
        ("x", "schöne Grüße\n".encode("utf-16"), "text"),
        ("x", "größe".encode() * 10_000 + b"\xc3", "text"),  # cut inside a character
        ("x", b"\x7fELF\x02\x01\x01\0", "unknown"),
        ("x", b"\x00\x01\x02\x03", "unknown"),
        ("x", b"\x01\x02\x03\x04", "unknown"),
        ("x", bytes(range(128, 256)) * 4, "unknown"),
    ],
)
def test_text_and_the_rest(name: str, content: bytes, expected: str) -> None:
    assert kind(name, content) == expected


magics = st.sampled_from(
    [b"", b"SQLite", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"BZh91AY&SY", b"\xfd7zXZ\0", b"{", b"[", b"--", b"PK"]
)


@given(magic=magics, rest=st.binary(max_size=600), name=st.sampled_from(["x", "x.gz", "a-wal", "x.jsonl", ".gz"]))
def test_no_bytes_break_it(magic: bytes, rest: bytes, name: str) -> None:
    finding = identify(Path(name), magic + rest)
    assert finding.kind
    assert finding.words.split()[0] in ("a", "an", "the")
    assert finding.advice
    assert not finding.advice.endswith(".")
