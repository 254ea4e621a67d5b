"""Editing the operator's settings file: only the lines of one source, whole or not at all, one editor at a time.

A new source is put behind everything else, and what goes are its own lines, so every other byte stays as it is.
What comes out is read as a whole, as the program would read it, before it takes the place of the old file.
"""

from __future__ import annotations

import fcntl
import glob
import os
import re
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.engine import file_locks
from workbench.data.errors import Conflict, Invalid, NotFound, Unavailable, WorkbenchError
from workbench.settings.files import read_settings, shown
from workbench.settings.layers import check_name
from workbench.settings.lines import key_lines
from workbench.settings.loading import load
from workbench.settings.model import SourceSettings
from workbench.settings.targets import Opening, check_variables, opening

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Entry = Mapping[str, str | bool]
_PATIENCE = 15.0  # seconds that another editor may take
_MARK = "\ufeff"
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def add_source(path: Path, name: str, entry: Entry) -> None:
    """Add a source to the settings file, which is made where there is none; nothing else in it is changed."""
    check_name(("sources", name), shown(path))

    def change(text: str) -> str:
        before, sources = _read(text, path)
        if name in sources:
            raise Conflict(f'{shown(path)}: the source "{name}" is there already; give the new one another name')
        after = {**before, "sources": {**sources, name: dict(entry)}}
        for attempt in (_appended, _inserted):
            with suppress(tomllib.TOMLDecodeError):
                if tomllib.loads(changed := attempt(text, name, entry)) == after:
                    return changed
        raise Invalid(f"{shown(path)}: the sources are written in a form that cannot be added to; add this one by hand")

    _edit(path, change)


def remove_source(path: Path, name: str) -> None:
    """Take a source out of the settings file. Comments stay, but for those on and between its own lines."""

    def change(text: str) -> str:
        before, sources = _read(text, path)
        if name not in sources:
            raise NotFound(f'{shown(path)}: there is no source "{name}" in this file')
        after = {**before, "sources": {key: value for key, value in sources.items() if key != name}}
        for attempt in (_cut, _deleted):
            with suppress(tomllib.TOMLDecodeError):
                if {"sources": {}, **tomllib.loads(changed := attempt(text, name))} == after:
                    return changed
        line = key_lines(text).get(("sources", name), 1)
        raise Invalid(
            f'{shown(path)}:{line}: the source "{name}" is written in a form that cannot be cut out; do it by hand'
        )

    _edit(path, change)


def make_file(path: Path, text: str) -> None:
    """Make a settings file with this text; refused where there is anything already."""
    with _folder_of(path), _beside(path) as new:
        if os.path.lexists(path):
            raise Conflict(f"{shown(path)} is there already; look at it with `workbench config show`, or move it away")
        _write(new, text.encode("utf-8"), 0o600)
        try:
            os.link(new, path)
        except FileExistsError:
            raise Conflict(f"{shown(path)} has just been made by another program; look at it first") from None
        except OSError:  # a file system without links
            new.replace(path)
        _settle(path.parent)


def opening_of(name: str, entry: Entry, path: Path, *, all_set: bool = False) -> Opening:
    """How a source with these settings would be opened, before they stand anywhere.

    With `all_set` a variable that is not set has some value: then only what no value could mend is refused.
    """
    check_name(("sources", name), "the name")
    try:
        check_variables(str(entry["target"]))
    except ValueError as error:
        raise Invalid(f"the target {error}") from None
    values: dict[str, Any] = dict(entry)
    if "passfile" in values:
        values["passfile"] = Path(values["passfile"])
    source = SourceSettings(**values)
    environ = dict.fromkeys(_VARIABLE.findall(source.target), "1") | os.environ if all_set else os.environ
    return opening(name, source, path.parent, environ, place="the new source", is_local=False)


def _edit(path: Path, change: Callable[[str], str]) -> None:
    """Change the text of the file under a lock, and put it in place when it can be read as settings."""
    path = _real(path)
    with _folder_of(path):
        found = read_settings(path, name=shown(path), named_by_user=False)
        text = found.text if found else ""
        raw = path.read_bytes() if found else b""
        mark = _MARK if raw.startswith(_MARK.encode()) else ""
        changed = (mark + change(text)).encode("utf-8")
        with _beside(path) as new:
            _write(new, changed, found.status.st_mode & 0o7777 if found else 0o600)
            if found and os.geteuid() == 0:
                os.chown(new, found.status.st_uid, found.status.st_gid)
            _check(new, path)
            if (path.read_bytes() if path.exists() else b"") != raw:
                raise Conflict(f"{shown(path)} was changed by another program meanwhile; try again")
            new.replace(path)
            _settle(path.parent)


def _read(text: str, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the file says, and what it says of sources."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{shown(path)}: this is not TOML, correct it first: {error}") from None
    sources = table.get("sources", {})
    if not isinstance(sources, dict):
        raise Invalid(f"{shown(path)}: sources must be a table; correct it first")
    return table, sources


def _real(path: Path) -> Path:
    """The file itself, so that a link to it stays one."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise Invalid(f"{shown(path)} is a link that leads nowhere; correct it") from None


def _check(new: Path, path: Path) -> None:
    """Read the new file as the program would; a refusal speaks of the place where it will be."""
    try:
        load({"config": str(new)}, cwd=new.parent)
    except WorkbenchError as error:
        raise type(error)(str(error).replace(shown(new), shown(path)).replace(str(new), shown(path))) from None


# -- the text ------------------------------------------------------------------------------------------------


def _appended(text: str, name: str, entry: Entry) -> str:
    """A table of its own behind everything else."""
    import tomlkit

    ending = "\r\n" if "\r\n" in text else "\n"
    table = tomlkit.table()
    table.update(dict(entry))
    document = tomlkit.document()
    document["sources"] = tomlkit.table(is_super_table=True).append(tomlkit.key(name), table)
    block = ending.join(tomlkit.dumps(document).splitlines()) + ending
    if text and not text.endswith("\n"):
        text += ending
    return f"{text}{ending}{block}" if text.strip() else f"{text}{block}"


def _inserted(text: str, name: str, entry: Entry) -> str:
    """Among the others, where they are written as values (`sources = { … }`)."""
    import tomlkit

    document = _parsed(text)
    table = tomlkit.inline_table()
    table.update(dict(entry))
    document["sources"][name] = table
    return tomlkit.dumps(document)


def _cut(text: str, name: str) -> str:
    """Without the lines of the source: its head, and each of its keys with the whole of its value."""
    lines = _lines_of(text)
    begins = sorted({line for key, line in key_lines(text).items() if key[:2] == ("sources", name)})
    gone: set[int] = set()
    for begin in begins:
        if begin - 1 not in gone:
            gone |= set(range(begin - 1, _end(lines, begin - 1)))
    # An empty line before a table that goes is part of it, or two of them would meet.
    first = min(gone, default=0) - 1
    behind = max(gone, default=0) + 1
    if first >= 0 and not lines[first].strip() and (behind == len(lines) or not lines[behind].strip()):
        gone.add(first)
    return "".join(line for number, line in enumerate(lines) if number not in gone)


def _lines_of(text: str) -> list[str]:
    """The lines as TOML counts them: only a newline ends one, whatever else Python takes for an end."""
    found = text.split("\n")
    return [f"{line}\n" for line in found[:-1]] + ([found[-1]] if found[-1] else [])


def _end(lines: list[str], begin: int) -> int:
    """Where the statement that begins in this line is over: as soon as it can be read."""
    for end in range(begin + 1, len(lines) + 1):
        try:
            tomllib.loads("".join(lines[begin:end]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    return begin + 1


def _deleted(text: str, name: str) -> str:
    """Without the source where it is a value among others on one line."""
    import tomlkit

    document = _parsed(text)
    del document["sources"][name]
    return tomlkit.dumps(document)


def _parsed(text: str) -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:  # it is stricter or laxer than the standard library here and there
        raise tomllib.TOMLDecodeError(str(error)) from None


# -- the file ------------------------------------------------------------------------------------------------


@contextmanager
def _folder_of(path: Path) -> Iterator[None]:
    """The directory of a settings file, locked for this editor alone; it is made where there is none.

    It is the directory that is locked: the file itself is replaced, and may not be there yet.
    """
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable(f"{shown(path)} cannot be written: {error.strerror}; look at its directory") from None
    try:
        if not file_locks.lock(descriptor, fcntl.LOCK_EX, time.monotonic() + _PATIENCE):
            raise Unavailable(f"{shown(path)} is being edited by another workbench; try again when it is done")
        yield
    except OSError as error:
        raise Unavailable(f"{shown(path)} cannot be written: {error.strerror}; nothing was changed") from None
    finally:
        os.close(descriptor)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A place for the new file on the same disk, in a directory of its own so that it is read by itself.

    What a killed editor left is cleared away: the lock is ours, so nobody uses it any more.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.new"):
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent))
    try:
        yield scratch / "workbench.toml"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _settle(folder: Path) -> None:
    """Have the new name on disk too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some file systems cannot, and need not
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
