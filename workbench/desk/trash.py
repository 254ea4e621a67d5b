"""The workbench's own trash: rows as they stood before they were deleted, on disk before anybody deletes them.

Each entry is a file in the home, for us alone: a line about the act, then a line for each row. An entry that was
undone has another ending. No entry is older than 30 days, and all together have at most 100 MB: the oldest go first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workbench.data.engine import file_locks
from workbench.data.engine.page import Cursor, Damage, Damaged, Page
from workbench.data.errors import Conflict, Corrupt, Invalid, NotFound, QuotaExceeded, Unavailable
from workbench.desk.trash_entry import About, Entry, Kept, head_line, read_head, read_row, reading, row_line

__all__ = ["LIMIT", "MOST_DAYS", "About", "Emptied", "Entry", "Kept", "Trash"]

FOLDER = "trash"
LIMIT = 100_000_000  # bytes of all entries together
MOST_DAYS = 30
_LOCK, _NEW, _WAITING, _UNDONE = "lock", ".new", ".jsonl", ".undone"
_NAME = re.compile(r"(\d{8}T\d{12})-([0-9a-f]{12})(\.jsonl|\.undone)")
_WAIT = 15.0  # seconds for another program that is at the trash
_STAMP = "%Y%m%dT%H%M%S%f"
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Emptied:
    """How many entries went for good, and how many bytes they had."""

    entries: int
    size: int


@dataclass(frozen=True, slots=True)
class _File:
    """An entry by the name of its file."""

    path: Path
    time: datetime
    id: str
    undone: bool


_Files = list[_File]  # by another name, as the class has a `list` of its own


class Trash:
    """The trash of a home. It holds nothing open between calls; any thread and process may use it."""

    def __init__(self, home: Path, *, limit: int = LIMIT, most_days: int = MOST_DAYS) -> None:
        self.folder = home / FOLDER
        self._limit = limit
        self._most = timedelta(days=most_days)

    # -- keeping ---------------------------------------------------------------------------------------------

    def keep(self, about: About, rows: Sequence[Kept], *, into: str | None = None) -> str:
        """Put rows into the trash, in an entry of their own or `into` one; when this returns they are on disk.

        Room is made first: what is too old goes, then the oldest. Rows that have no room even then are refused.
        """
        lines = "".join(map(row_line, rows)).encode("ascii")
        with self._locked():
            files = self._files()
            if into is None:
                id, time = os.urandom(6).hex(), datetime.now(UTC)
                lines = head_line(id, time, about).encode("ascii") + lines
                path = self.folder / f"{time:{_STAMP}}-{id}{_WAITING}"
                self._make_room(files, len(lines), 0)
                self._write_new(path, lines)
                return id
            found = next((each for each in files if each.id == into), None)
            if found is None:
                raise NotFound(f"the trash has no entry {into!r} any more, so nothing can join it: begin again")
            there = found.path.stat().st_size
            self._make_room([each for each in files if each is not found], len(lines), there)
            self._append(found.path, lines, there)
            return into

    def _make_room(self, others: Sequence[_File], new: int, there: int) -> None:
        """Let the oldest entries go until so many new bytes fit beside the others."""
        if new + there > self._limit:
            raise QuotaExceeded(
                f"these rows have {new + there:,} bytes, and the trash takes {self._limit:,} at most, so they could "
                "not be put back: they are not deleted; export them first, and delete fewer at once"
            )
        oldest = datetime.now(UTC) - self._most
        left = []
        for each in others:
            if each.time < oldest:
                _unlink(each.path)
            else:
                left.append((each.path, _size(each.path)))
        total = sum(size for _, size in left) + new + there
        for path, size in left:
            if total <= self._limit:
                return
            _unlink(path)
            total -= size

    def _write_new(self, path: Path, lines: bytes) -> None:
        """A file appears only when it is whole, and then its name is on disk too."""
        aside = path.with_suffix(_NEW)
        try:
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                _write_all(descriptor, lines)
            finally:
                os.close(descriptor)
            aside.rename(path)
            self._settle()
        except OSError as error:
            _unlink(aside)
            raise self._failed(error) from None

    def _append(self, path: Path, lines: bytes, end: int) -> None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            try:
                _write_all(descriptor, lines)
            except BaseException:
                with suppress(OSError):
                    os.ftruncate(descriptor, end)
                raise
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._failed(error) from None

    def _settle(self) -> None:
        for folder in (self.folder, self.folder.parent):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    # -- looking ---------------------------------------------------------------------------------------------

    def list(self, limit: int = 100, before: Cursor | None = None) -> Page[Entry]:
        """A page of entries, the newest first; a file that is none is told in the page's damage."""
        if limit < 1:
            raise Invalid(f"a page of {limit} entries makes no sense: ask for one or more")
        files = [each for each in reversed(self._files()) if before is None or each.path.name < str(before.values[0])]
        entries: list[Entry] = []
        damage = []
        for number, each in enumerate(files, 1):
            try:
                entries.append(self._read(each))
            except NotFound:
                continue  # it has just gone
            except Corrupt as error:
                damage.append(Damage((each.id,), "entry", Damaged(each.path.name, str(error))))
            if len(entries) == limit and number < len(files):
                return Page(tuple(entries), Cursor((each.path.name,)), tuple(damage))
        return Page(tuple(entries), None, tuple(damage))

    def get(self, id: str) -> Entry:
        """The entry of that id, else the only one whose id begins so."""
        if not id:
            raise Invalid("an id is needed: `workbench trash list` shows them")
        files = self._files()
        found = [each for each in files if each.id == id] or [each for each in files if each.id.startswith(id)]
        if not found:
            raise NotFound(f"the trash has no entry {id[:60]!r}: `workbench trash list` shows them")
        if len(found) > 1:
            some = ", ".join(each.id for each in found[:_TOLD])
            raise Invalid(f"{id!r} is the beginning of several entries: {some}; write more of it")
        return self._read(found[0])

    def newest(self, operator: str) -> Entry | None:
        """The newest entry of an operator that was not undone; None where there is none."""
        for each in reversed(self._files()):
            with suppress(NotFound, Corrupt):
                if not each.undone and (entry := self._read(each)).about.operator == operator:
                    return entry
        return None

    def rows(self, entry: Entry) -> Iterator[Kept]:
        """The rows of an entry, one after the other; `Corrupt` where one cannot be read."""
        with reading(entry.path, entry.id) as lines:
            next(lines)
            for number, text in enumerate(lines, 2):
                try:
                    yield read_row(text)
                except Invalid as error:
                    raise Corrupt(f"{entry.path}, line {number}: no row ({error}); nothing of it is put back") from None

    # -- what became of it -----------------------------------------------------------------------------------

    @contextmanager
    def undoing(self, entry: Entry) -> Iterator[None]:
        """Have an entry for us alone while its rows are put back, so that nobody puts them back a second time."""
        try:
            descriptor = file_locks.take(entry.path, os.O_RDONLY, _WAIT)
        except FileNotFoundError:
            if entry.path.with_suffix(_UNDONE).exists():
                raise Conflict(f"the entry {entry.id} has just been undone by another program") from None
            raise NotFound(f"the trash has no entry {entry.id!r} any more: its place was needed") from None
        except OSError as error:
            raise self._failed(error) from None
        if descriptor is None:
            raise Unavailable(f"the entry {entry.id} is being undone by another program: try again")
        try:
            yield
        finally:
            file_locks.release(descriptor)

    def mark_undone(self, entry: Entry) -> None:
        """Note that the rows of an entry are back. It takes no room on the disk."""
        with self._locked():
            try:
                os.utime(entry.path)
                entry.path.rename(entry.path.with_suffix(_UNDONE))
                self._settle()
            except FileNotFoundError:
                return  # it went meanwhile, to make room: then nobody can undo it twice
            except OSError as error:
                raise self._failed(error) from None

    def empty(self, older_than: timedelta | None = None) -> Emptied:
        """Let all entries go for good, or those that are older than this."""
        if not self.folder.is_dir():
            return Emptied(0, 0)
        with self._locked():
            until = None if older_than is None else datetime.now(UTC) - older_than
            gone = [(each, _size(each.path)) for each in self._files() if until is None or each.time < until]
            for each, _ in gone:
                _unlink(each.path)
            for left in self.folder.glob(f"*{_NEW}"):  # of a write that was killed: nothing was deleted then
                _unlink(left)
        return Emptied(len(gone), sum(size for _, size in gone))

    # -- files -----------------------------------------------------------------------------------------------

    def _files(self) -> _Files:
        """Every entry, the oldest first."""
        try:
            names = sorted(os.listdir(self.folder))  # noqa: PTH208 - names alone
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unavailable(f"{self.folder} cannot be read: {error.strerror}; check who may read it") from None
        found = []
        for name in names:
            if match := _NAME.fullmatch(name):
                with suppress(ValueError):
                    time = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
                    found.append(_File(self.folder / name, time, match[2], match[3] == _UNDONE))
        return found

    def _read(self, each: _File) -> Entry:
        with reading(each.path, each.id) as lines:
            about = read_head(next(lines, ""), each.path, each.id)
            rows = sum(1 for _ in lines)
            status = each.path.stat()
        undone = datetime.fromtimestamp(status.st_mtime, UTC) if each.undone else None
        return Entry(each.id, each.time, about, rows, status.st_size, undone, each.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self.folder / _LOCK
        try:
            for folder in (self.folder.parent, self.folder):  # each for us alone, which `parents` would not make it
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            descriptor = file_locks.take(path, os.O_RDWR, _WAIT)
        except OSError as error:
            raise self._failed(error) from None
        if descriptor is None:
            raise Unavailable(f"{self.folder} is in use by another program: try again when it is done")
        try:
            yield
        finally:
            file_locks.release(descriptor)

    def _failed(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"the trash {self.folder} cannot be written: {error.strerror}; free some space, or check who may write it"
        )


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:  # once, unless the disk fills up: then the second write says why
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _unlink(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
