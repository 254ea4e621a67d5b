"""What a file is when it is no database that we open, told from its first bytes, and what to do with it.

Nothing here opens a file: the caller reads the head through the registry of open inodes (POSIX locks).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 65536

_LINES = 40  # so many are looked at
_HOME_ABOVE = "the spec home, the directory that has this specs/ in it"
_INSTEAD = "give an SQLite file, a spec home or a PostgreSQL URL instead"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a file is: `kind` for programs, `words` ("a tar archive") and `advice` (one clause) for people.

    `FILE` in the advice stands for the file, `NEWDB` and `NEW.db` for a database that the reader makes.
    """

    kind: str
    words: str
    advice: str


@dataclass(frozen=True, slots=True)
class _Packing:
    """A compression: its name, how its content is piped, how it is unpacked, how a tar in it is unpacked."""

    kind: str
    cat: str
    unpack: str
    tar: str


_GZIP = _Packing("gzip", "zcat FILE", "gunzip -k FILE", "tar xzf FILE")
_ZSTD = _Packing("zstd", "zstdcat FILE", "unzstd FILE", "tar --zstd -xf FILE")
_BZIP2 = _Packing("bzip2", "bzcat FILE", "bunzip2 -k FILE", "tar xjf FILE")
_XZ = _Packing("xz", "xzcat FILE", "unxz -k FILE", "tar xJf FILE")
_TAR_KINDS = {"gzip": "tar.gz", "zstd": "tar.zst", "bzip2": "tar.bz2", "xz": "tar.xz"}

_BESIDE = "open the database beside it, whose name is the same without"
_WAL = Finding("sqlite-wal", "the write-ahead log of an SQLite database", f"{_BESIDE} -wal")
_SHM = Finding("sqlite-shm", "the index of an SQLite database's write-ahead log", f"{_BESIDE} -shm")
_JOURNAL = Finding("sqlite-journal", "the rollback journal of an SQLite database", f"{_BESIDE} -journal")
# What SQLite keeps beside a database is known by its name when its bytes say nothing.
_COMPANIONS = (("-wal", _WAL), ("-shm", _SHM), ("-journal", _JOURNAL))

_SQLITE = b"SQLite format 3\0"
_MAGIC = (
    (_SQLITE, Finding("sqlite", "an SQLite database", "open it")),
    (
        b"** This file contains an SQLite 2",
        Finding("unknown", "an SQLite 2 database", "convert it with `sqlite FILE .dump | sqlite3 NEW.db`"),
    ),
    (b"\x37\x7f\x06\x82", _WAL),
    (b"\x37\x7f\x06\x83", _WAL),
    (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", _JOURNAL),
    (
        b"PGDMP",
        Finding(
            "postgres dump",
            "a PostgreSQL dump (custom format)",
            "restore it into a database with `pg_restore -d NEWDB FILE` and open that",
        ),
    ),
    (b"PK\x03\x04", Finding("zip", "a zip archive", "unpack it with `unzip FILE` and open what was in it")),
    (b"PK\x05\x06", Finding("zip", "an empty zip archive", _INSTEAD)),
)
_DUCKDB = Finding("duckdb", "a DuckDB database", f"read it with the `duckdb` program, or {_INSTEAD}")


def identify(path: Path, head: bytes) -> Finding:
    """Say what the file at `path` is; `head` is its first bytes, HEAD_BYTES of them or the whole file."""
    for magic, packing, inflate in _PACKINGS:
        if magic.match(head):
            return _packed(path, packing, inflate(head))
    return _plain(path, head)


def _plain(path: Path, head: bytes) -> Finding:
    name = path.name.lower()
    for magic, finding in _MAGIC:
        if head.startswith(magic):
            return _of_directory_dump(name, finding)
    if head[8:12] == b"DUCK" and (len(head) < 20 or b"\0" in head[12:20]):
        return _DUCKDB
    if len(head) > 5 and _SQLITE.startswith(head):
        return Finding("unknown", "the first bytes of an SQLite database", "get a whole copy of the database")
    return _companion(name, head) or _tar(head) or _lines(path, head) or _text(path, head) or _binary(name)


def _companion(name: str, head: bytes) -> Finding | None:
    for suffix, finding in _COMPANIONS:
        stem = name.removesuffix(suffix)
        if stem != name and ("." in stem if not head else _decoded(head) is None):
            return finding
    return None


def _of_directory_dump(name: str, finding: Finding) -> Finding:
    if finding.kind == "postgres dump" and name == "toc.dat":
        return Finding(
            finding.kind,
            "the table of contents of a PostgreSQL dump (directory format)",
            "restore its directory into a database with `pg_restore -d NEWDB DIRECTORY` and open that",
        )
    return finding


def _tar(head: bytes) -> Finding | None:
    if head[257:262] != b"ustar":
        return None
    if head.startswith(b"toc.dat\0"):
        return Finding(
            "postgres dump",
            "a PostgreSQL dump (tar format)",
            "restore it into a database with `pg_restore -d NEWDB FILE` and open that",
        )
    return Finding("tar", "a tar archive", "unpack it with `tar xf FILE` and open the directory")


# Compressed files


def _packed(path: Path, packing: _Packing, inner: bytes) -> Finding:
    """Say what is inside a compressed file; `inner` is what could be unpacked of its head."""
    if not inner:
        words = f"a {packing.kind} file that is empty, damaged or cut off"
        return Finding(packing.kind, words, f"test it with `{packing.cat} >/dev/null` and get a whole copy")
    content = _plain(path.with_suffix(""), inner)
    words = _with(content.words, packing.kind)
    if content.kind == "tar":
        advice = f"unpack it with `{packing.tar}` and open the directory"
        return Finding(_TAR_KINDS[packing.kind], words, advice)
    if content.kind in ("postgres dump", "sql script"):
        return Finding(content.kind, words, _piped(content.advice, packing))
    if content.kind == "journal archive":
        return Finding(content.kind, words, content.advice.replace("`cat FILE`", f"`{packing.cat}`"))
    if content.kind in ("event log", "snapshot"):
        return Finding(content.kind, words, f"unpack it with `{packing.unpack}` and {content.advice}")
    if content.kind == "unknown":
        words = f"a {packing.kind} file"
    return Finding(packing.kind, words, f"unpack it with `{packing.unpack}` and open what was in it")


def _with(words: str, note: str) -> str:
    """Add a note to words that may have one: `a dump (custom format)` → `a dump (custom format, gzip)`."""
    return f"{words[:-1]}, {note})" if words.endswith(")") else f"{words} ({note})"


def _piped(advice: str, packing: _Packing) -> str:
    """Turn commands that read FILE into commands that read what `zcat FILE` writes."""
    for command in ("psql -d NEWDB", "psql -d postgres", "pg_restore -d NEWDB", "sqlite3 NEW.db"):
        for reading in (" -f FILE", " < FILE", " FILE"):
            advice = advice.replace(f"`{command}{reading}`", f"`{packing.cat} | {command}`")
    return advice


def _inflated(head: bytes, feed: Callable[[bytes, int], bytes], damage: type[Exception]) -> bytes:
    """Unpack in small steps, so that damage further on costs nothing of what came before it."""
    out = bytearray()
    for start in range(0, len(head), 512):
        try:
            out += feed(head[start : start + 512], HEAD_BYTES - len(out))
        except (damage, EOFError):
            break
        if len(out) >= HEAD_BYTES:
            break
    return bytes(out)


def _gunzip(head: bytes) -> bytes:
    import zlib

    return _inflated(head, zlib.decompressobj(wbits=31).decompress, zlib.error)


def _bunzip2(head: bytes) -> bytes:
    import bz2

    return _inflated(head, bz2.BZ2Decompressor().decompress, OSError)


def _unxz(head: bytes) -> bytes:
    import lzma

    return _inflated(head, lzma.LZMADecompressor(memlimit=1 << 28).decompress, lzma.LZMAError)


def _unzstd(head: bytes) -> bytes:
    import zstandard

    out = bytearray()
    with zstandard.ZstdDecompressor().stream_reader(head) as reader:
        try:
            while len(out) < HEAD_BYTES and (chunk := reader.read(4096)):
                out += chunk
        except zstandard.ZstdError:
            pass  # what came before the damage is enough
    return bytes(out)


_PACKINGS: tuple[tuple[re.Pattern[bytes], _Packing, Callable[[bytes], bytes]], ...] = (
    (re.compile(rb"\x1f\x8b"), _GZIP, _gunzip),
    (re.compile(rb"\x28\xb5\x2f\xfd"), _ZSTD, _unzstd),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), _BZIP2, _bunzip2),
    (re.compile(rb"\xfd7zXZ\x00"), _XZ, _unxz),
)


# JSON, one value a line


def _lines(path: Path, head: bytes) -> Finding | None:
    """Recognise JSON lines, damaged ones too: NUL bytes in the middle of a log do not make it less of a log."""
    name = path.name.lower()
    *whole, rest = head.removeprefix(codecs.BOM_UTF8).split(b"\n", _LINES)
    records = [_keys(line.strip()) for line in whole if line.strip()]
    if rest.strip() and len(whole) < _LINES:
        records.append(_keys(rest.strip(), cut=True))
    named = name.endswith((".jsonl", ".ndjson", ".jsonl.tmp"))
    shapes = [keys for keys in (records if named else records[:1]) if keys is not None]
    if any({"event_id", "spec_id"} <= keys for keys in shapes):
        return _event_log(path)
    if any({"bucket", "committed_at"} <= keys for keys in shapes):
        return Finding(
            "journal archive",
            "a go-store journal archive (JSON lines)",
            "open the go-store database that it was archived from, which still has these rows, or read it "
            "with `cat FILE`",
        )
    if (named and shapes) or (len(records) > 1 and None not in records[:2]):
        return Finding("json lines", "a file of JSON lines", _INSTEAD)
    return None


def _keys(line: bytes, cut: bool = False) -> frozenset[str] | None:
    """Give the names in the JSON object on this line; of one that is cut off, those that can be seen."""
    if not line.startswith(b"{"):
        return None
    try:
        return frozenset(json.loads(line, parse_int=str))
    except RecursionError:
        return frozenset()
    except ValueError:
        if not cut or re.match(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:', line) is None:
            return None
        return frozenset(key.decode() for key in re.findall(rb'"([a-z_]+)":', line))


def _event_log(path: Path) -> Finding:
    words = "the event log of a spec (JSON lines)"
    if path.name == "events.jsonl" and path.parent.parent.name == "specs":
        return Finding("event log", words, f"open {_HOME_ABOVE}")
    return Finding("event log", words, "put it into a spec home as specs/ID/events.jsonl and open that home")


# Text


def _text(path: Path, head: bytes) -> Finding | None:
    if not head:
        return Finding("empty", "an empty file", _INSTEAD)
    text = _decoded(head)
    if text is None:
        return None
    name = path.name.lower()
    return _sql(name, text) or _json(name, text) or _named_text(path)


def _decoded(head: bytes) -> str | None:
    """Give the head as text if it is text in UTF-8, UTF-16 with a mark, or an 8-bit code."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return codecs.getincrementaldecoder("utf-16")("replace").decode(head)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
        foreign = 0
    except UnicodeDecodeError:
        text = head.decode("latin-1")
        foreign = sum(char >= "\x80" for char in text)
    controls = len(re.findall(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]", text))
    if "\0" in text or controls * 20 > len(text) or foreign * 3 > len(text):
        return None
    return text


_STATEMENT = re.compile(
    r"(create\s+(or|temp|temporary|unique|virtual|table|index|view|schema|trigger|database|function|type|role"
    r"|extension)\s|insert\s+(or|into)\s|pragma\s+\w+|begin(\s+(transaction|immediate))?\s*;"
    r"|set\s+[\w.]+\s*(=|to\s)|(alter|drop)\s+(table|index|view|schema|database|role)\s"
    r"|copy\s[^\n;]*\sfrom\s+stdin|select\s+pg_catalog\.)",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\\\w+[^\n]*\n)*", re.DOTALL)


def _sql(name: str, text: str) -> Finding | None:
    if re.match(r"(?:\s|--[^\n]*\n|\\\w+[^\n]*\n)*?-- PostgreSQL database cluster dump\s", text):
        words, command = "a PostgreSQL dump of a whole server (plain SQL)", "`psql -d postgres -f FILE`"
        return Finding("postgres dump", words, f"restore it into a server with {command} and open its database")
    if re.match(r"(?:\s|--[^\n]*\n|\\\w+[^\n]*\n)*?-- PostgreSQL database dump\s", text):
        advice = "restore it into a database with `psql -d NEWDB -f FILE` and open that"
        return Finding("postgres dump", "a PostgreSQL dump (plain SQL)", advice)
    if re.match(r"(/\*M?!.*\n)?-- (MySQL|MariaDB) dump ", text):
        return Finding("sql script", "a MySQL dump", f"load it with `mysql`, or {_INSTEAD}")
    start = _COMMENTS.match(text)
    statement = _STATEMENT.match(text, start.end() if start else 0)
    # "Create table reservations" begins a letter: nobody writes SQL like that.
    if not name.endswith(".sql") and (statement is None or statement[0][:2].istitle()):
        return None
    if text.startswith("PRAGMA foreign_keys=OFF;"):
        words, run = "a dump of an SQLite database (SQL)", "`sqlite3 NEW.db < FILE`"
    elif re.search(r"`\w+`\s|\bpragma\s|\bautoincrement\b", text, re.IGNORECASE):
        words, run = "an SQL script for SQLite", "`sqlite3 NEW.db < FILE`"
    elif re.search(r"\bpg_catalog\.|\bjsonb\b|\btimestamptz\b|\bcreate schema\b|\bbigserial\b", text, re.IGNORECASE):
        words, run = "an SQL script for PostgreSQL", "`psql -d NEWDB -f FILE`"
    else:
        words, run = "an SQL script", "`sqlite3 NEW.db < FILE` or `psql -d NEWDB -f FILE`"
    return Finding("sql script", words, f"run it in a new database with {run} and open that")


def _json(name: str, text: str) -> Finding | None:
    """Recognise one JSON value, cut off or not, and a spec's snapshot."""
    text = text.strip()
    if not text.startswith(("{", "[")):
        return None
    if not _begins_json(text):
        if name.endswith(".json"):
            return Finding("json", "a damaged JSON file", _INSTEAD)
        return None
    if re.match(r'\{\s*"state"\s*:\s*\{\s*"core"\s*:', text) or re.fullmatch(r"state_\d+\.json", name):
        advice = "open the spec home that it belongs to, the directory that has specs/ in it"
        return Finding("snapshot", "a snapshot of a spec (JSON)", advice)
    return Finding("json", "a JSON file", _INSTEAD)


def _begins_json(text: str) -> bool:
    try:
        json.loads(text, parse_int=str)
    except RecursionError:
        return True
    except json.JSONDecodeError as error:
        # Cut off by us or by an accident: the complaint is about the end, or about a string that has none.
        end = text[error.pos :]
        cut = any(word.startswith(end) for word in ("true", "false", "null", "NaN", "-Infinity"))
        cut = cut or re.fullmatch(r"[.eE]?[-+]?|\\|\\?u[0-9a-fA-F]{0,4}", end) is not None
        return cut or error.msg.startswith("Unterminated string")
    return True


_BY_NAME = {
    ".yaml": ("yaml", "a YAML file"),
    ".yml": ("yaml", "a YAML file"),
    ".md": ("markdown", "a Markdown text"),
    ".markdown": ("markdown", "a Markdown text"),
    ".toml": ("toml", "a TOML file"),
    ".csv": ("csv", "a CSV file"),
}


def _named_text(path: Path) -> Finding:
    kind, words = _BY_NAME.get(path.suffix.lower(), ("text", "a text file"))
    if path.parent.name == "exports" and path.parents[min(2, len(path.parents) - 1)].name == "specs":
        return Finding(kind, f"{words} exported from a spec", f"open {_HOME_ABOVE}")
    return Finding(kind, words, _INSTEAD)


def _binary(name: str) -> Finding:
    if name.endswith((".db", ".sqlite", ".sqlite3", ".duckdb")):
        advice = "restore it from a backup if it is damaged, or decrypt it if it is encrypted"
        return Finding("unknown", "a file without the header of a database", advice)
    return Finding("unknown", "a binary file of a kind that the workbench does not know", _INSTEAD)
