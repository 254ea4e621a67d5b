"""A file that is ours alone for the length of a call: flock on a descriptor that nobody else has.

It holds between threads as between processes, ends with its process, leaves no second file behind, and no child
of a fork keeps it: there it could outlive us.
"""

import fcntl
import os
import random
import stat
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from workbench.data.errors import Invalid

_NAPS = (0.0005, 0.01)  # how long to wait between two tries, at first and at most

_guard = threading.RLock()
_ours: set[int] = set()  # the descriptors that may hold a lock


def open_file(path: Path, how: int) -> int:
    """A descriptor of a plain file; neither a pipe nor a terminal is waited for."""
    descriptor = os.open(path, how | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Invalid(f"{path} is no plain file, so it cannot be a log: move it away")
    return descriptor


def take(path: Path, how: int, seconds: float) -> int | None:
    """A descriptor of the file that has this name, locked for us alone; None when the time is over.

    Give it to `release`, whatever happens.
    """
    until = monotonic() + seconds
    while True:
        with _guard:  # so that a fork sees it in the set or not at all
            descriptor = open_file(path, how)
            _ours.add(descriptor)
        try:
            locked = lock(descriptor, fcntl.LOCK_EX, until)
            if locked and _is_at(descriptor, path):
                return descriptor
        except BaseException:
            release(descriptor)
            raise
        release(descriptor)  # else another file has been put in its place: that one is wanted
        if not locked:
            return None


def release(descriptor: int) -> None:
    """Unlock and close; in the child of a fork that came between, both have happened already."""
    with _guard:
        if descriptor in _ours:
            _ours.discard(descriptor)
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that is just being forked off has it too
            os.close(descriptor)


def lock(descriptor: int, how: int, until: float) -> bool:
    """Wait for a lock until this moment of `monotonic`; asked for again and again, as a plain wait has no limit."""
    nap, longest = _NAPS
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            left = until - monotonic()
            if left <= 0:
                return False
            sleep(min(left, nap * random.uniform(0.5, 1.5)))  # noqa: S311 - so that waiters do not march in step
            nap = min(nap * 1.5, longest)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _before() -> None:
    _guard.acquire()


def _in_parent() -> None:
    _guard.release()


def _in_child() -> None:
    global _guard
    _guard = threading.RLock()
    while _ours:
        with suppress(OSError):
            os.close(_ours.pop())  # closed, not unlocked: the lock is the parent's


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
