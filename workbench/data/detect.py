"""What a database, a file or a directory holds: looked at, never guessed from a name."""

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

from workbench.data import sniff
from workbench.data.engine import inodes
from workbench.data.engine.database import Database, Timeouts
from workbench.data.engine.migrations import META
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.tables import local_name
from workbench.data.errors import Corrupt, Invalid, NotFound, Unavailable, Unsupported, WorkbenchError
from workbench.data.rooms import Kind, Layout, Mark, kinds, layouts

HOME = Kind("home", "a workbench home", marks=(Mark(META.name, ("key", "value")),))
MOST_NAMED = 6
MOST_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Found:
    """One file of a directory: what it is in words, and whether it is a database that a room knows."""

    path: Path
    words: str
    known: bool


def recognise(database: Database) -> tuple[Kind, ...]:
    """The kinds of data that a database holds, by its tables (a view with the right name is no sign)."""
    relations = database.relations()

    def bears(mark: Mark) -> bool:
        found = relations.get(local_name(mark.table, database.dialect))
        return found is not None and found.kind == "table" and set(mark.columns) <= set(found.columns)

    return tuple(
        kind
        for kind in (HOME, *kinds())
        if any(bears(mark) for mark in kind.marks) and not any(bears(mark) for mark in kind.unless)
    )


def nothing_known(database: Database) -> WorkbenchError:
    """The error for a database in which no room finds anything."""
    tables = [name for name, relation in database.relations().items() if relation.kind == "table"]
    if not tables:
        return Unsupported(f"{database.display} has no tables yet: let its program fill it first, or name another one")
    return Unsupported(
        f"{database.display} holds nothing that workbench knows (its tables: {_some(sorted(tables))}): name another one"
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def check_file(path: Path) -> None:
    """Pass for a SQLite database; for any other file the error that says what it is and what to do with it."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise Invalid(f"{path} is no file but {_kind_of_node(mode)}: name a database file or a directory")
        head = inodes.head(path)
    except PermissionError:
        raise Unavailable(f"{path} may not be read by this user: ask its owner for read access") from None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from None
    finding = sniff.identify(path, head)
    if finding.kind == "sqlite":
        return
    sentence = f"{path} is {finding.words}: {_advice(finding, path)}"
    raise Corrupt(sentence) if finding.kind == "unknown" else Unsupported(sentence)


def _advice(finding: sniff.Finding, path: Path) -> str:
    return finding.advice.replace("FILE", shlex.quote(path.name))


def _kind_of_node(mode: int) -> str:
    for is_kind, words in ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket")):
        if is_kind(mode):
            return words
    return "a device"


def layout_of(directory: Path) -> Layout | None:
    """The layout that a directory has as a whole, if any."""
    for layout in layouts():
        if all(any(True for _ in directory.glob(pattern)) for pattern in layout.needs):
            return layout
    return None


def only_database(directory: Path, timeouts: Timeouts) -> Path:
    """The one known database in a directory; otherwise the error that lists what is there."""
    found = list(look_around(directory, timeouts))
    known = [file for file in found if file.known]
    if len(known) == 1:
        return known[0].path
    if known:
        names = _some([f"{file.path.name} ({file.words})" for file in known])
        raise Invalid(f"{directory} holds {len(known)} databases: {names}; name one of them")
    names = _some([f"{file.path.name} ({file.words})" for file in found]) or "it is empty"
    raise NotFound(f"{directory} holds nothing that workbench knows ({names}): name a database or a spec home")


def look_around(directory: Path, timeouts: Timeouts) -> list[Found]:
    """What each file of a directory is (subdirectories are not entered; so many files and no more)."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: (entry.is_dir(), entry.name))
    except PermissionError:
        raise Unavailable(f"{directory} may not be read by this user: ask its owner for access") from None
    return [_look_at(Path(entry.path), entry.is_dir(), timeouts) for entry in entries[:MOST_LOOKED_AT]]


def _look_at(path: Path, is_directory: bool, timeouts: Timeouts) -> Found:
    if is_directory:
        return Found(path, "a directory", known=False)
    try:
        if not path.is_file():
            return Found(path, "no ordinary file", known=False)
        finding = sniff.identify(path, inodes.head(path))
    except OSError:
        return Found(path, "unreadable", known=False)
    if finding.kind != "sqlite":
        return Found(path, finding.words, known=False)
    try:
        with SqliteDatabase(path, read_only=True, timeouts=timeouts) as database:
            names = [kind.name for kind in recognise(database)]
    except Corrupt:
        return Found(path, "a damaged SQLite database", known=False)
    except WorkbenchError:
        return Found(path, "a SQLite database that cannot be read now", known=False)
    return Found(path, " and ".join(names) or "a SQLite database of another kind", known=bool(names))
