"""What the workbench remembers of its screen: theme, view and source that were shown last, and how each list looked.

It is one small file of JSON in the home, for its owner alone. Reading it never fails: what makes no sense is left out,
and a file that is none is told of and set aside when there is something to remember. Each workbench writes only what
its own operator changed, so that two of them at once lose nothing of each other.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from workbench.data.errors import Unavailable

FILE = "state.json"
VERSION = 1
LEAST_SIZE, MOST_SIZE = -3, 3
DAMAGED, NEWER = ".damaged", ".newer"
_LARGEST = 1 << 18  # bytes; no state of ours is so long
_LONGEST = 1_000  # characters of one text
_MOST = 200  # entries of one table or list
_PATIENCE = 5.0  # seconds that another workbench may take to write

Place = tuple[str, ...]
Value = str | int | list[str]
Changes = Mapping[Place, Value | None]


@dataclass(frozen=True, slots=True)
class Look:
    """How the list of one noun looked: its order, its columns, the share that it has of the screen, and its filters.

    Nothing stands for what is usual. A filter belongs to the source on which it was written.
    """

    sort: str = ""
    columns: tuple[str, ...] = ()
    size: int = 0
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remembered:
    """All of it. `theme` was chosen where the settings said `theme_over`; where they say something else it is void."""

    theme: str = ""
    theme_over: str = ""
    view: str = ""
    source: str = ""
    looks: Mapping[str, Look] = field(default_factory=dict)
    notice: str = ""

    def theme_for(self, setting: str) -> str:
        """The theme to begin with: the newer of what was chosen on the screen and what the settings say."""
        return self.theme if self.theme and self.theme_over == setting else setting

    def look(self, noun: str) -> Look:
        """How the list of a noun looked."""
        return self.looks.get(noun, Look())


def read(home: Path) -> Remembered:
    """What is remembered; `notice` is a sentence for the operator where the file is none. Nothing on disk changes."""
    path = home / FILE
    try:
        table, fault = _table(path)
    except OSError as error:
        return Remembered(notice=f"{path} cannot be read: {error.strerror}; the views look as they usually do")
    if fault == NEWER:
        return Remembered(
            notice=f"{path} is of a newer workbench: the views look as they usually do, and the file is kept as "
            f"{FILE}{NEWER} when something is to be remembered"
        )
    if fault:
        return Remembered(
            notice=f"{path} is damaged: the views look as they usually do, and the file is kept as {FILE}{DAMAGED} "
            "when something is to be remembered"
        )
    looks = {noun: _look(entry) for noun, entry in _tables(table.get("nouns"))}
    theme, over, view, source = (_text(table.get(name)) for name in ("theme", "theme_over", "view", "source"))
    return Remembered(theme, over, view, source, looks)


def save(home: Path, changes: Changes) -> None:
    """Write what changed, each at its place in the file; None takes it out. On disk, whole, before this returns."""
    path = home / FILE
    try:
        with _locked(home):
            table, fault = _table(path)
            if fault:
                path.replace(path.with_name(FILE + fault))
            text = json.dumps({"version": VERSION, **_changed(table, changes)}, indent=1)
            if fault or text.encode() != _raw(path):
                _write(path, text.encode())
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unavailable(
            f"how the views look cannot be remembered in {path}: {why}; it holds until you leave"
        ) from None


def may_be_kept(text: str, secrets: Iterable[str] = ()) -> bool:
    """Whether a text may stand in the file: nothing in it looks like a secret or is one that is known."""
    from workbench.desk.secrets import mask

    return len(text) <= _LONGEST and not mask(text).count and not any(secret in text for secret in secrets if secret)


# -- what stands in the file ---------------------------------------------------------------------------------


def _look(entry: Mapping[str, object]) -> Look:
    columns, size, filters = entry.get("columns"), entry.get("size"), entry.get("filters")
    return Look(
        _text(entry.get("sort")),
        tuple(filter(None, map(_text, columns[:_MOST]))) if isinstance(columns, list) else (),
        size if type(size) is int and LEAST_SIZE <= size <= MOST_SIZE else 0,
        {name: kept for name, text in filters.items() if (kept := _text(text))} if isinstance(filters, dict) else {},
    )


def _text(value: object) -> str:
    # What cannot be seen was written by none of us, and would stand in lines in which one writes.
    return value if isinstance(value, str) and len(value) <= _LONGEST and value.isprintable() else ""


def _tables(value: object) -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(value, dict):
        yield from ((name, inner) for name, inner in list(value.items())[:_MOST] if isinstance(inner, dict))


def _changed(table: dict[str, object], changes: Changes) -> dict[str, object]:
    """The table with what changed. Tables that become empty go; what is not known to this version stays."""
    for path, value in changes.items():
        inner = [table]
        for name in path[:-1]:
            below = inner[-1].get(name)
            if not isinstance(below, dict):
                below = inner[-1][name] = {}
            inner.append(below)
        inner[-1].pop(path[-1], None)  # the newest stands last, so that the oldest go first
        if value is not None:
            inner[-1][path[-1]] = value
        while len(inner[-1]) > _MOST:
            inner[-1].pop(next(iter(inner[-1])))
        for above, name in zip(reversed(inner[:-1]), reversed(path[:-1]), strict=True):
            if above[name] == {}:
                del above[name]
    return table


# -- the file ------------------------------------------------------------------------------------------------


def _table(path: Path) -> tuple[dict[str, object], str]:
    """What the file says, and what is wrong with it: nothing, `DAMAGED` or `NEWER`."""
    raw = _raw(path)
    if raw is None:
        return {}, ""
    if len(raw) > _LARGEST:
        return {}, DAMAGED
    try:
        table = json.loads(raw)
    except (ValueError, RecursionError):
        return {}, DAMAGED
    version = table.get("version") if isinstance(table, dict) else None
    if type(version) is not int:
        return {}, DAMAGED
    return (table, "") if version <= VERSION else ({}, NEWER)


def _raw(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""  # a pipe, say: as good as damaged
        return file.read(_LARGEST + 1)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """The home for us alone. It is the directory that is locked: the file itself is replaced."""
    from workbench.data.engine import file_locks

    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not file_locks.lock(descriptor, fcntl.LOCK_EX, time.monotonic() + _PATIENCE):
            raise Unavailable(f"another workbench is writing {home / FILE} and does not end: nothing is remembered")
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all. The name of the new file is always the same: the lock is ours, so nobody else uses it."""
    new = path.with_name(f".{FILE}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise
