"""How a SQLite file is opened, so that looking changes nothing on disk.

Read-only goes by a ladder: a live write-ahead log is read through the writer's own `-shm`; a settled file is
read as immutable and checked again by `stat`; a file whose log has nobody to lead it (or a hot journal) is
copied, and the copy is what gets rolled back.
"""

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

from workbench.data.engine import inodes
from workbench.data.errors import (
    Conflict,
    Corrupt,
    Invalid,
    NotFound,
    ReadOnly,
    Unavailable,
    Unsupported,
    WorkbenchError,
)

MAGIC = b"SQLite format 3\0"
OLDEST = (3, 35, 0)
# SQLite's own wait is kept short and repeated by us, so that Ctrl-C and cancelling work in between.
BUSY_SLICE = 0.25
COPY_ATTEMPTS = 20
Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(slots=True)
class Plan:
    """One way to open a file for reading. With a `stamp`, every read checks that the files are still so."""

    uri: str
    stamp: Stamp | None = None
    scratch: Path | None = None

    def drop(self) -> None:
        """Remove the temporary copy, if this plan has one."""
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)
            self.scratch = None


def uri(path: Path, **options: str | int) -> str:
    """A SQLite URI for any path at all: spaces, `?`, `%`, `#`, newlines and bytes that are no UTF-8."""
    quoted = quote_from_bytes(os.fsencode(os.path.abspath(path)))  # noqa: PTH100 - links stay as they are
    return f"file://{quoted}?" + "&".join(f"{key}={value}" for key, value in options.items())


def side(path: Path, suffix: str) -> Path:
    """The file that SQLite keeps beside a database: `-wal`, `-shm` or `-journal`."""
    return path.with_name(path.name + suffix)


def stamp(path: Path) -> Stamp:
    """What the database's files look like from outside: inode, size and time of change of each."""
    return tuple(stat_of(file) for file in (path, side(path, "-wal"), side(path, "-journal")))


def stat_of(path: Path) -> tuple[int, int, int] | None:
    """Inode, size and time of change of a file, None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def check_head(path: Path) -> bytes:
    """The head of a SQLite file, or the error that says why this cannot be one."""
    try:
        head = inodes.head(path, 100)
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}: check the path, or make it with create=True") from None
    except PermissionError:
        raise Unavailable(f"{path} may not be read by this user: ask its owner for read access") from None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from None
    if not head:
        raise Unsupported(f"{path} is empty: no program has made a database of it yet")
    if not head.startswith(MAGIC):
        raise Corrupt(f"{path} is not a SQLite database: name the database file itself")
    if len(head) < 100:
        raise Corrupt(f"{path} is cut off inside its header: restore it from a backup")
    return head


def plan_reading(path: Path) -> Plan:
    """Choose the rung of the ladder for a file as it is now."""
    for _ in range(COPY_ATTEMPTS):
        before = stamp(path)
        wal_format = check_head(path)[18:20] == b"\2\2"
        _, wal, _journal = before
        if not wal_format:
            plan = Plan(uri(path, mode="ro", readonly_shm=1))
            if not _must_roll_back(plan):
                return plan
        elif wal is None or wal[1] == 0:
            if inodes.is_open(path) and side(path, "-shm").exists():
                return Plan(uri(path, mode="ro", readonly_shm=1))
            return Plan(uri(path, mode="ro", immutable=1), stamp=before)
        elif side(path, "-shm").exists():
            return Plan(uri(path, mode="ro", readonly_shm=1))
        if copied := _copy(path, before):
            return copied
    raise Unavailable(f"{path} is being rewritten by a program that holds it for itself: try again later")


def _must_roll_back(plan: Plan) -> bool:
    """Whether a dead writer left a journal that must be undone before anybody may read."""
    try:
        connection = connect(plan.uri)
    except sqlite3.Error:
        return False  # whoever opens it next says why
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error as error:
        return code(error) in NEEDS_NEW_PLAN
    finally:
        connection.close()
    return False


def _copy(path: Path, before: Stamp) -> Plan | None:
    """A private copy of a database that nobody leads, or None when it changed meanwhile."""
    try:
        scratch = Path(tempfile.mkdtemp(prefix="workbench-copy-"))
    except OSError as error:
        raise Unavailable(f"{path} must be copied to be read, for which there is no place: {error.strerror}") from None
    try:
        needed = sum(found[1] for found in before if found)
        if needed * 1.1 > shutil.disk_usage(scratch).free:
            raise Unavailable(
                f"{path} was left by a dead writer and must be copied to be read: {scratch.parent} is too full"
            )
        target = scratch / "copy.db"
        inodes.copy(path, target)
        for suffix, found in zip(("-wal", "-journal"), before[1:], strict=True):
            if found:  # there are no locks on these, so they may be opened and closed
                shutil.copyfile(side(path, suffix), side(target, suffix))
        if stamp(path) == before:
            return Plan(uri(target, mode="rw"), stamp=before, scratch=scratch)
    except FileNotFoundError:
        pass  # a side file vanished while we copied: look again
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise Unavailable(f"{path} must be copied to be read, which failed: {error.strerror}") from None
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    shutil.rmtree(scratch, ignore_errors=True)
    return None


def check_writable(path: Path) -> None:
    """Refuse, before anything is touched, what SQLite would silently open read-only."""
    check_head(path)
    if not os.access(path, os.W_OK):
        raise ReadOnly(f"{path} may not be written by this user: open it read-only")
    if not os.access(path.resolve().parent, os.W_OK):
        raise ReadOnly(f"{path} lies in a directory that may not be written: open it read-only")


class Held:
    """A connection as the threads hold it; when the last one lets go, it is closed.

    To close a connection while another thread is inside it ends the process. So what belongs to another thread is
    only let go of, and whoever is inside it holds it until the call returns.
    """

    __slots__ = ("_close", "connection")

    def __init__(self, connection: sqlite3.Connection, close: Callable[[sqlite3.Connection], None]) -> None:
        self.connection = connection
        self._close = close

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self._close(self.connection)


def connect(target: str) -> sqlite3.Connection:
    """A bare connection: explicit transactions only, usable from any thread (one at a time)."""
    if sqlite3.sqlite_version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise Unavailable(f"SQLite {sqlite3.sqlite_version} is too old: workbench needs {needed} or newer")
    return sqlite3.connect(
        target,
        uri=True,
        timeout=BUSY_SLICE,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )


def code(error: sqlite3.Error) -> int:
    """SQLite's extended result code, 0 when the error is the Python module's own."""
    return getattr(error, "sqlite_errorcode", 0) or 0


BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
NEEDS_NEW_PLAN = (
    sqlite3.SQLITE_READONLY_ROLLBACK,
    sqlite3.SQLITE_READONLY_RECOVERY,
    sqlite3.SQLITE_READONLY_CANTINIT,
    sqlite3.SQLITE_CANTOPEN,
)


def busy(error: sqlite3.Error) -> bool:
    """Whether somebody else's lock is in the way."""
    return (code(error) & 0xFF) in BUSY


def undecodable(error: sqlite3.Error) -> bool:
    """Whether a text in the result is not UTF-8."""
    return code(error) == 0 and "decode to UTF-8" in str(error)


_SENTENCES: dict[int, tuple[type[WorkbenchError], str]] = {
    sqlite3.SQLITE_READONLY: (
        ReadOnly,
        "cannot be written: open it read-only, or ask its owner for write access",
    ),
    sqlite3.SQLITE_CORRUPT: (
        Corrupt,
        "is damaged: check it with `workbench doctor`, and restore it from a backup",
    ),
    sqlite3.SQLITE_NOTADB: (
        Corrupt,
        "is not a SQLite database (or is encrypted): name the database file itself",
    ),
    sqlite3.SQLITE_FULL: (
        Unavailable,
        "cannot grow because the disk is full: free some space; nothing was changed",
    ),
    sqlite3.SQLITE_IOERR: (
        Unavailable,
        "cannot be read or written (input/output error): check the disk it lies on",
    ),
    sqlite3.SQLITE_CANTOPEN: (Unavailable, "cannot be opened: check the rights on it and on its directory"),
    sqlite3.SQLITE_PERM: (Unavailable, "may not be used by this user: ask its owner for access"),
    sqlite3.SQLITE_INTERRUPT: (Unavailable, "was asked to stop what it was doing: try again"),
    sqlite3.SQLITE_NOMEM: (Unavailable, "needs more memory than there is: ask for less at once"),
}


def translated(error: sqlite3.Error, display: str) -> WorkbenchError:
    """The error of our own tree for what SQLite reported, as a sentence that says what to do."""
    if busy(error):
        return Unavailable(f"{display} is locked by another program: try again when that program is done")
    primary = code(error) & 0xFF
    if primary == sqlite3.SQLITE_CONSTRAINT:
        if code(error) in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
            return Conflict(f"{display} already has such a row ({error}): read it again before you change it")
        return Invalid(f"{display} refuses the row ({error}): give every value that it needs")
    if primary in _SENTENCES:
        kind, sentence = _SENTENCES[primary]
        return kind(f"{display} {sentence}")
    text = str(error)
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in text:
        return Unavailable(f"{display} is closed: open it again")
    if text.startswith(("no such table", "no such column")):
        return Unsupported(f"{display} has {text.replace('no such', 'no')}: it was made by another program or version")
    return WorkbenchError(f"{display}: SQLite says: {text}")
