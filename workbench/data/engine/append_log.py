"""An append-only file of lines: under a lock, the tail checked, one write, on disk before anybody is told.

Reading takes no lock, unless the last line has no end and only the lock can tell whether it is being written.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import Path
from time import monotonic

from workbench.data.engine import file_locks, lines
from workbench.data.engine.lines import Line
from workbench.data.engine.page import Cursor, Page
from workbench.data.errors import Invalid, Unavailable

PAGE = 100
_LOOK = 1.0  # seconds that a reader waits to learn whether a line without its end is being written
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class Torn(Enum):
    """What becomes of a last line that has no end, when the next one is appended."""

    LINE = "only the newline was missing: it is a line like the others"
    KEPT = "it gets its newline and stays to be seen, but it does not count as the last line"
    CUT = "it goes"


def keep(torn: bytes) -> Torn:
    """Leave a torn line where it is, out of the way of the next one."""
    return Torn.KEPT


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of the log as it is under the lock, for whoever makes the next line."""

    torn: bytes  # what stood behind the last newline
    fate: Torn | None  # what becomes of that; None where nothing was torn
    _descriptor: int
    _end: int

    def newest(self) -> Iterator[Line]:
        """The lines that count, the last one first; only while the next line is being made."""
        return lines.backwards(self._descriptor, self._end)

    @property
    def last(self) -> Line | None:
        """The last line that counts."""
        return next(self.newest(), None)


class AppendLog:
    """A log of lines. It holds nothing open between calls, so any thread may use it, also after a fork."""

    def __init__(self, path: Path, *, wait: float = 15.0) -> None:
        self.path = path
        self.display = str(path)
        self._wait = wait

    # -- writing ---------------------------------------------------------------------------------------------

    def append(self, make: Callable[[Tail], bytes], *, torn: Callable[[bytes], Torn] = keep) -> Line:
        """Append the line that `make` gives; when this returns, it is on disk.

        Nobody else appends while `make` runs, and nothing is written if it raises. `torn` judges a last line
        without an end. After a failure (a full disk, say) the log is as it was before.
        """
        process = os.getpid()
        descriptor, made = self._take()
        try:
            end = os.fstat(descriptor).st_size
            try:
                tail = _tail(descriptor, end, torn)
                text = make(tail)
                _check(text)
                if os.getpid() != process:
                    raise Unavailable(f"{self.display}: the process was forked while it made a line; append again")
                return self._write(descriptor, end, tail, text)
            except BaseException:
                if made and end == 0 and os.getpid() == process:
                    with suppress(OSError):
                        self.path.unlink()  # under the lock: whoever waits for it looks for the file again
                raise
        finally:
            file_locks.release(descriptor)

    def _write(self, descriptor: int, end: int, tail: Tail, text: bytes) -> Line:
        begin = end - len(tail.torn) if tail.fate is Torn.CUT else end
        ending = b"\n" if tail.fate in (Torn.LINE, Torn.KEPT) else b""
        try:
            if begin < end:
                os.ftruncate(descriptor, begin)
            left = memoryview(ending + text + b"\n")
            while left:  # once, unless the disk fills up: then the second write says why
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
            if end == 0:
                self._settle()
        except BaseException as error:
            with suppress(OSError):
                os.ftruncate(descriptor, begin)
            if isinstance(error, OSError):
                raise self._failed(error) from None
            raise
        return Line(begin + len(ending), text)

    def _settle(self) -> None:
        """Put the name of a new log, and that of the directory which was made for it, on disk too."""
        for folder in (self.path.parent, self.path.parent.parent):
            try:
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except PermissionError:  # we may not look into it, so we did not make it
                continue
            try:
                os.fsync(descriptor)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot, and need not
                    raise
            finally:
                os.close(descriptor)

    def _take(self) -> tuple[int, bool]:
        """The log open for appending, and ours alone; and whether this call made the file."""
        made = False
        while True:
            try:
                descriptor = file_locks.take(self.path, os.O_RDWR | os.O_APPEND, self._wait)
            except FileNotFoundError:
                made = self._make()
            except OSError as error:
                raise self._failed(error) from None
            else:
                if descriptor is None:
                    raise Unavailable(f"{self.display} is locked by another program: try again when it is done")
                return descriptor, made

    def _make(self) -> bool:
        """Make an empty log for us alone; False if somebody else was faster."""
        folder = self.path.parent
        try:
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            return True
        except OSError as error:
            if isinstance(error, FileExistsError) and self.path.exists():
                return False
            if error.errno in _FULL:
                raise self._failed(error) from None
            where = folder if folder.is_dir() else f"{folder}, its directory"
            raise Unavailable(f"{self.display} cannot be made: {error.strerror}; look at {where}") from None

    def _failed(self, error: OSError) -> Unavailable:
        do = "nothing was written"
        if error.errno in _FULL:
            do = "free some space, nothing was written"
        elif error.errno in _FORBIDDEN:
            do = "check the rights on it and on its directory"
        return Unavailable(f"{self.display} cannot be written: {error.strerror}; {do}")

    # -- reading ---------------------------------------------------------------------------------------------

    def lines(self) -> Generator[Line, None, None]:
        """Every line from the first on; no log has no lines."""
        with self._reading() as (descriptor, end):
            yield from lines.forwards(descriptor, end)

    def backwards(self, before: int | None = None) -> Generator[Line, None, None]:
        """Every line from the last one back, or from the one before that which begins at `before`."""
        with self._reading() as (descriptor, end):
            if before is not None:
                if before > end or not lines.ends_whole(descriptor, before):
                    raise Invalid(f"{self.display} is another file since that page was read: begin at the end again")
                end = before
            yield from lines.backwards(descriptor, end)

    def newest(self, limit: int = PAGE, after: Cursor | None = None) -> Page[Line]:
        """A page of lines, the last one first; it is read from the end, however long the log is."""
        if limit < 1:
            raise Invalid(f"a page of {limit} lines makes no sense: ask for one or more")
        before = after.values[0] if after else None
        assert before is None or isinstance(before, int)
        with closing(self.backwards(before)) as found:
            rows = tuple(islice(found, limit))
        more = len(rows) == limit and rows[-1].offset > 0
        return Page(rows, Cursor((rows[-1].offset,)) if more else None)

    def change_token(self) -> str:
        """A cheap token that changes with every change: size, time and inode."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return "absent"
        except OSError as error:
            raise self._unreadable(error) from None
        return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"

    @contextmanager
    def _reading(self) -> Iterator[tuple[int, int]]:
        """The log open for reading, and how far it can be read; a log that is not there is an empty one."""
        try:
            descriptor = file_locks.open_file(self.path, os.O_RDONLY)
        except FileNotFoundError:
            descriptor = -1
        except OSError as error:
            raise self._unreadable(error) from None
        if descriptor < 0:
            yield descriptor, 0
            return
        try:
            yield descriptor, _readable_end(descriptor)
        except OSError as error:
            raise self._unreadable(error) from None
        finally:
            os.close(descriptor)

    def _unreadable(self, error: OSError) -> Unavailable:
        return Unavailable(f"{self.display} cannot be read: {error.strerror}; check the disk, and who may read it")


def _check(text: bytes) -> None:
    if b"\n" in text:
        raise Invalid("a line of a log cannot hold a newline: escape it")
    if len(text) > lines.LONGEST:
        raise Invalid(f"a line of a log has at most {lines.LONGEST} bytes, not {len(text)}: shorten it")


def _tail(descriptor: int, end: int, judge: Callable[[bytes], Torn]) -> Tail:
    last = next(lines.backwards(descriptor, end), None)
    if last is None or last.whole:
        return Tail(b"", None, descriptor, end)
    fate = judge(last.text)
    return Tail(last.text, fate, descriptor, end if fate is Torn.LINE else last.offset)


def _readable_end(descriptor: int) -> int:
    """The size of the log, taken under the lock if a last line without its end may just be being written."""
    end = os.fstat(descriptor).st_size
    if not lines.ends_whole(descriptor, end):
        with suppress(OSError):  # a file system without locks
            if file_locks.lock(descriptor, fcntl.LOCK_SH, monotonic() + _LOOK):
                end = os.fstat(descriptor).st_size
                fcntl.flock(descriptor, fcntl.LOCK_UN)
    return end
