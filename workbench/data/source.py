"""Sources: find out what a path or an address holds, open it, and say what it can do.

with open_source("~/.genie/genie.db", read_only=True) as source:
    print(source.kinds, source.health())
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from workbench.data import detect, guards
from workbench.data.engine.database import Database, Timeouts
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.tables import Table
from workbench.data.engine.watch import ON_SCREEN, Poller, Watch
from workbench.data.errors import Invalid, NotFound, ReadOnly, Unavailable, Unsupported
from workbench.data.home import DATABASE, home_path
from workbench.data.home_database import HomeDatabase, is_home
from workbench.data.rooms import Kind, Layout, kinds, layouts, load
from workbench.data.target import FileTarget, ServerTarget, mask, parse_target

if TYPE_CHECKING:
    from workbench.data.migrating import Migrated

Durability = Literal["normal", "full"]


@dataclass(frozen=True, slots=True)
class Health:
    """How a source is, looked up now. What cannot be known is None; `problems` are sentences."""

    name: str
    display: str
    reachable: bool
    engine: str
    kinds: tuple[str, ...]
    read_only: bool
    size: int | None = None
    wal_size: int | None = None
    last_write: datetime | None = None
    drift: tuple[str, ...] = ()
    clock: str = "same machine"
    clock_difference: float | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Opened:
    """What opening found, for `Source` to keep."""

    display: str
    engine: str
    read_only: bool
    database: Database | None = None
    path: Path | None = None
    kinds: tuple[Kind, ...] = ()
    layouts: tuple[Layout, ...] = ()
    notes: tuple[str, ...] = field(default=())
    process: int = field(default_factory=os.getpid)


class Source:
    """An open source. Usable from many threads; a store that it does not have says so when it is asked for."""

    def __init__(self, opened: _Opened, name: str, timeouts: Timeouts) -> None:
        self.name = name
        self.display = opened.display
        self.engine = opened.engine
        self.read_only = opened.read_only
        self.timeouts = timeouts
        self.path = opened.path
        self._opened = opened
        self._kinds: tuple[Kind | Layout, ...] = (*opened.kinds, *opened.layouts)
        self._poller = Poller(self)
        self._work: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        mode = "read-only" if self.read_only else "read-write"
        return f"<Source {self.name}: {self.display} ({', '.join(self.kinds)}; {mode})>"

    @property
    def database(self) -> Database:
        """The database behind the stores, for the rooms."""
        if self._opened.database is None:
            raise Unsupported(f"{self.display} is {self._words()}, not a database: use the stores that it has")
        return self._opened.database

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the source holds, in the operator's words."""
        return tuple(kind.name if isinstance(kind, Kind) else kind.kind for kind in self._kinds)

    @property
    def ours(self) -> bool:
        """Whether the workbench made this source: times are UTC there, and no other program's habits bind us."""
        return detect.HOME in self._opened.kinds

    @property
    def capabilities(self) -> frozenset[str]:
        """The names of the stores that can be used."""
        return frozenset(name for kind in self._kinds for name, _ in kind.stores if not self._lacks(kind, name))

    def _lacks(self, kind: Kind | Layout, store: str) -> str | None:
        """The table without which a store cannot be, when the database does not have it."""
        table = dict(kind.needs).get(store) if isinstance(kind, Kind) else None
        return table if table is not None and table not in self.database.relations() else None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each room's store has its own class
        if name.startswith("_"):
            raise AttributeError(name)
        for kind in self._kinds:
            if name in dict(kind.stores):
                if table := self._lacks(kind, name):
                    raise Unsupported(f"{self.display} has no {name}: it lacks the table {table}")
                store: Callable[[Source], object] = load(dict(kind.stores)[name])  # type: ignore[assignment]
                # As an attribute from now on: this method is asked only for what is not there.
                return vars(self).setdefault(name, store(self))
        if any(name in kind.promised for kind in self._kinds):
            raise Unsupported(f"{self.display} has {name}, but this version of workbench does not read them yet")
        if name in _store_names():
            raise Unsupported(f"{self.display} has no {name}: it is {self._words()}")
        raise AttributeError(f"a source has no attribute {name!r}")

    def _words(self) -> str:
        return " and ".join(kind.words for kind in self._kinds) or "an empty home"

    # -- noticing change -------------------------------------------------------------------------------------

    def change_token(self) -> str:
        """A cheap, opaque token: while it stays equal, nobody has changed anything."""
        if self._opened.database is not None:
            return self._opened.database.change_token()
        return _token_of_files(self._opened)

    def nap(self, seconds: float, wake: Callable[[float], bool]) -> None:
        """Wait between two probes (for the poller)."""
        if self._opened.database is not None:
            self._opened.database.nap(seconds, wake)
        else:
            wake(seconds)

    def watch(self, interval: float = ON_SCREEN) -> Watch:
        """Watch for changes by anybody, looking as often as `interval` says (in seconds)."""
        return self._poller.watch(interval)

    # -- health ----------------------------------------------------------------------------------------------

    def health(self) -> Health:
        """How the source is now. A source that cannot be reached says so and why; this never raises for that."""
        from workbench.data.health import health

        return health(self, self._opened)

    def integrity(self) -> tuple[str, ...]:
        """Check everything, however long it takes; sentences about what is damaged."""
        return self._opened.database.integrity() if self._opened.database is not None else ()

    def examine(self) -> Iterator[object]:
        """Look at every row, however long it takes; each thing that is wrong with one, as it is found."""
        for kind in self._opened.kinds:
            if kind.examine:
                found: Callable[[Source], Iterator[object]] = load(kind.examine)  # type: ignore[assignment]
                yield from found(self)

    def migrate(self, *, dry_run: bool = False, backup: Path | None = None) -> "Migrated":
        """Add the tables, columns and indexes that the source's programs would add; nothing else is touched.

        A SQLite file is copied first (beside itself, unless `backup` says where), and is refused while another
        process has it open. All changes are one transaction; `dry_run` only says what they would be.
        """
        from workbench.data.migrating import migrate

        return migrate(self, dry_run=dry_run, backup=backup)

    def declared_tables(self) -> tuple[Table, ...]:
        """The declared tables of what the source holds."""
        return tuple(table for kind in self._opened.kinds if kind.tables for table in load(kind.tables))  # type: ignore[attr-defined]

    def stops_with(self, stop: Callable[[], None]) -> None:
        """Have `stop` called when the source is closed, before its connections are: for background work."""
        self._work.append(stop)

    def close(self) -> None:
        """Stop background work and close every connection. Calling it twice is harmless."""
        while self._work:
            self._work.pop()()
        self._poller.stop()
        if self._opened.database is not None:
            self._opened.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_source(
    target: str | os.PathLike[str] | FileTarget | ServerTarget | None = None,
    *,
    read_only: bool = False,
    create: bool = False,
    durability: Durability = "normal",
    name: str | None = None,
    allow_other_owner: bool = False,
    timeouts: Timeouts | None = None,
) -> Source:
    """Open what a path, an address or nothing (the workbench's own home) stands for.

    It looks before it opens: by magic and tables, never by a name. `create` makes a missing database with
    every table. `durability="full"` has each write on disk before the call returns; "normal" leaves that to
    the operating system in our own databases (others keep what their program uses).
    """
    if durability not in ("normal", "full"):
        raise Invalid(f'durability must be "normal" or "full", not {durability!r}')
    if create and read_only:
        raise Invalid("create=True and read_only=True exclude each other: drop one of them")
    opening = _Opening(read_only, create, durability == "full", allow_other_owner, timeouts or Timeouts())
    if target is None:
        return open_home(home_path(), read_only=read_only, durability=durability, name=name, timeouts=timeouts)
    parsed = parse_target(target)
    if isinstance(parsed, ServerTarget):
        return opening.server(parsed, name)
    return opening.path(parsed, name)


def open_home(
    home: Path,
    *,
    read_only: bool = False,
    durability: Durability = "normal",
    name: str | None = None,
    timeouts: Timeouts | None = None,
) -> Source:
    """Open a workbench home, which need not be there: the first write makes it, looking never does."""
    opening = _Opening(read_only, False, durability == "full", False, timeouts or Timeouts())
    return opening.home(home, name or "home")


@dataclass(frozen=True, slots=True)
class _Opening:
    """One call of `open_source`: its options, and the ways that it can go."""

    read_only: bool
    create: bool
    durable: bool
    allow_other_owner: bool
    timeouts: Timeouts

    def path(self, target: FileTarget, name: str | None) -> Source:
        path = target.path
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return self._make(path, name)
        except PermissionError:
            raise Unavailable(f"{path} may not be reached by this user: ask for access to its directory") from None
        except OSError as error:
            raise Invalid(f"{path} is no path that can be opened: {error.strerror}") from None
        if stat.S_ISDIR(found.st_mode):
            return self._directory(path, name)
        return self._file(path, name)

    def _make(self, path: Path, name: str | None) -> Source:
        if not self.create:
            raise NotFound(f"there is no file or directory {path}: check the path")
        database = HomeDatabase(path.parent, path.name, read_only=False, durable=self.durable, timeouts=self.timeouts)
        database.make()
        return self._source(database, path, name or path.stem)

    def _directory(self, path: Path, name: str | None) -> Source:
        if not os.access(path, os.R_OK | os.X_OK):
            raise Unavailable(f"{path} may not be read by this user: ask its owner for access")
        if (path / DATABASE).exists() and is_home(path / DATABASE, self.timeouts):
            return self.home(path, name)
        layout = detect.layout_of(path)
        if layout is not None:
            if layout.advice:
                raise Unsupported(f"{path} is {layout.words}: {layout.advice}")
            opened = _Opened(str(path), "files", self.read_only, path=path, layouts=(layout,))
            return Source(opened, name or path.resolve().name, self.timeouts)
        return self._file(detect.only_database(path, self.timeouts), name)

    def home(self, home: Path, name: str | None) -> Source:
        if home.exists() and not home.is_dir():
            raise Invalid(f"the home {home} is no directory: name a directory, or one that is not there yet")
        if home.is_dir() and not os.access(home, os.R_OK | os.X_OK):
            raise Unavailable(f"{home} may not be read by this user: set WORKBENCH_HOME elsewhere")
        if not self.read_only and (home / DATABASE).exists():
            self._check_owner(home / DATABASE)
        database = HomeDatabase(home, DATABASE, read_only=self.read_only, durable=self.durable, timeouts=self.timeouts)
        opened = _Opened(str(home), "sqlite", self.read_only, database, database.path, (detect.HOME,))
        _extend(opened, database)
        if home.is_dir() and (layout := detect.layout_of(home)) is not None:
            opened.layouts = (layout,)
        return Source(opened, name or home.name, self.timeouts)

    def _file(self, path: Path, name: str | None) -> Source:
        detect.check_file(path)
        if not self.read_only:
            self._check_owner(path)
        database = SqliteDatabase(path, read_only=self.read_only, timeouts=self.timeouts)
        try:
            if detect.HOME in detect.recognise(database):
                database.close()
                database = HomeDatabase(
                    path.parent, path.name, read_only=self.read_only, durable=self.durable, timeouts=self.timeouts
                )
            return self._source(database, path, name or path.stem)
        except BaseException:
            database.close()
            raise

    def _source(self, database: Database, path: Path | None, name: str) -> Source:
        opened = _Opened(database.display, database.engine, self.read_only, database, path)
        _extend(opened, database)
        if not opened.kinds:
            raise detect.nothing_known(database)
        return Source(opened, name, self.timeouts)

    def _check_owner(self, path: Path) -> None:
        if self.allow_other_owner:
            return
        sentence = guards.refuse_foreign_owner(path)
        if sentence is not None:
            raise ReadOnly(sentence)

    def server(self, target: ServerTarget, name: str | None) -> Source:
        from workbench.data.engine.postgres import PostgresDatabase

        database = PostgresDatabase(
            target.dsn, display=mask(target.dsn), read_only=self.read_only, durable=self.durable, timeouts=self.timeouts
        )
        try:
            if self.create:
                from workbench.data.engine.migrations import migrate
                from workbench.data.home_database import migrations

                migrate(database, migrations())
            return self._source(database, None, name or database.database_name)
        except BaseException:
            database.close()
            raise


def _store_names() -> set[str]:
    """Every store that any room has or promises."""
    everything: tuple[Kind | Layout, ...] = (*kinds(), *layouts())
    return {name for kind in everything for name in (*dict(kind.stores), *kind.promised)}


def _extend(opened: _Opened, database: Database) -> None:
    found = detect.recognise(database)
    opened.kinds = (*opened.kinds, *(kind for kind in found if kind not in opened.kinds))


def _token_of_files(opened: _Opened) -> str:
    """Size, time of change and inode of every file by which a directory is known."""
    assert opened.path is not None
    if os.getpid() != opened.process:
        raise Unavailable(f"{opened.display} was opened before fork(): open it again in this process")
    stats = []
    for layout in opened.layouts:
        for pattern in layout.needs:
            for file in sorted(opened.path.glob(pattern)):
                with suppress(OSError):
                    found = file.stat()
                    stats.append((str(file), found.st_size, found.st_mtime_ns, found.st_ino))
    return f"{hash(tuple(stats)):x}"
