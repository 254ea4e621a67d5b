"""The process-wide registry of open database files, and the only place that reads such files by hand.

POSIX drops all locks of a process on a file when the process closes *any* descriptor of that file. So a file
that SQLite may have open in this process is never opened and closed by hand: its head is read through a
descriptor that stays open.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HEAD = 65536
Identity = tuple[int, int]

_lock = threading.RLock()
_open: Counter[Identity] = Counter()
_kept: dict[Identity, int] = {}


@contextmanager
def steady() -> Iterator[None]:
    """While this is held, nobody in this process opens a database or reads a file's head."""
    with _lock:
        yield


def identity(path: Path) -> Identity:
    """Which file this is, whatever it is called: device and inode."""
    found = path.stat()
    return found.st_dev, found.st_ino


def opened(path: Path) -> Identity:
    """Note that a connection to this file is about to be made; give the answer to `closed` when it is gone."""
    with _lock:
        which = identity(path)
        _open[which] += 1
        return which


def closed(which: Identity) -> None:
    """Note that a connection is gone."""
    with _lock:
        _open[which] -= 1
        if _open[which] <= 0:
            del _open[which]


def is_open(path: Path) -> bool:
    """Whether this process has the file open: through us, or (where the system tells) through anybody."""
    with _lock:
        which = identity(path)
        return which in _open or which in _kept or which in _descriptors()


def _descriptors() -> set[Identity]:
    """Every file that this process has open, where the system lists them."""
    found: set[Identity] = set()
    try:
        names = os.listdir("/proc/self/fd")  # noqa: PTH208 - names only, no paths made
    except OSError:
        return found
    for name in names:
        try:
            stat = os.fstat(int(name))
        except OSError:
            continue
        found.add((stat.st_dev, stat.st_ino))
    return found


def head(path: Path, size: int = HEAD) -> bytes:
    """The first bytes of a file, read without endangering locks that this process holds on it."""
    with _lock:
        if is_open(path):
            return os.pread(_keep(path), size, 0)
        with path.open("rb", buffering=0) as file:
            return file.read(size) or b""


def copy(path: Path, target: Path) -> None:
    """Copy a database file's bytes as they are now; whoever asks checks that nobody was writing meanwhile."""
    with _lock:
        descriptor = _keep(path)  # not closed: a connection may be made while we copy
    with target.open("xb", buffering=0) as file:
        at = 0
        while block := os.pread(descriptor, 1 << 20, at):
            file.write(block)
            at += len(block)


def _keep(path: Path) -> int:
    which = identity(path)
    if which not in _kept:
        _kept[which] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return _kept[which]


def _in_child() -> None:
    """Another thread of the parent may have held the lock when this process was forked off."""
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_in_child)
