"""The database of the workbench's own home: until the first write makes it, it reads as an empty one."""

import os
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path
from time import monotonic

from workbench.data.engine import inodes
from workbench.data.engine import sqlite_open as so
from workbench.data.engine.codecs import SQLITE
from workbench.data.engine.database import Timeouts
from workbench.data.engine.migrations import META, Migration, make_tables, migrate, refuse_newer
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.errors import Invalid, Unavailable
from workbench.data.home import DATABASE
from workbench.data.rooms import rooms

_TRUSTED = 0.010  # seconds in which a home that was there is not looked for again: a look costs as much as a write
_FIRST = Migration(1, "the home's own bookkeeping", make_tables(META))


def migrations() -> tuple[Migration, ...]:
    """Every step of the home's schema: our own bookkeeping and whatever the rooms add, by number."""
    steps = (_FIRST, *(step for room in rooms() for step in room.migrations))
    return tuple(sorted(steps, key=lambda step: step.number))


class HomeDatabase(SqliteDatabase):
    """The home's database. Until the first write it is not there, and reads as an empty one."""

    def __init__(self, home: Path, name: str, *, read_only: bool, durable: bool, timeouts: Timeouts | None) -> None:
        self.home = home
        self._looked = 0.0  # when it was last seen to be there
        super().__init__(home / name, read_only=read_only, ours=True, durable=durable, timeouts=timeouts)

    @property
    def exists(self) -> bool:
        """Whether the first write has happened, by us or by anybody."""
        return os.path.exists(self.path)  # noqa: PTH110 - never raises

    def _prepare_file(self) -> None:
        if not self.exists:
            return
        if not is_home(self.path, self.timeouts):
            raise Invalid(f"{self.path} is another program's database: name another home, or move that file away")
        super()._prepare_file()
        steps = migrations()
        try:
            if self.read_only:
                refuse_newer(self, steps[-1].number)
            else:
                migrate(self, steps)
        except BaseException:
            self.close()
            raise

    def _planned(self) -> so.Plan | None:
        if self.exists:
            return super()._planned()
        with self._planning:
            if self._plan is None or self._plan.uri:
                # The stamp of files that are not there: the first read after the birth notices.
                self._plan = so.Plan("", stamp=so.stamp(self.path))
            return self._plan

    def _open_reader(self, plan: so.Plan | None) -> so.Held:
        if plan is None or plan.uri:
            return super()._open_reader(plan)
        reader = _unborn()
        self._files[id(reader)] = None  # it is on no file, and closed like the others
        return so.Held(reader, sqlite3.Connection.close)

    def make(self) -> None:
        """Make the database now, as the first write would."""
        if not self.exists:
            _give_birth(self.path)

    def _writer_connection(self, durable: bool) -> so.Held:
        now = monotonic()
        if now - self._looked < _TRUSTED and self._writer is not None and not durable:
            return super()._writer_connection(durable)
        self._looked = now
        if not self.exists:
            if self._writer is not None:
                self._close_connection(self._writer)  # the home was removed under us
                self._writer = None
            self.make()
        return super()._writer_connection(durable)


def is_home(path: Path, timeouts: Timeouts) -> bool:
    """Whether a database is a home of ours: by its tables, whatever it is called."""
    with SqliteDatabase(path, read_only=True, timeouts=timeouts) as found:
        meta = found.relations().get(META.local(SQLITE))
        return meta is not None and set(meta.columns) == set(META.by_name)


class _Unfiled(SqliteDatabase):
    """A database for the migrations to work on before the home has one: in memory, or not yet in its place."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._given = so.Held(connection, lambda _: None)  # the giver closes it
        super().__init__(Path(os.sep, DATABASE), ours=True, durable=True)

    def _prepare_file(self) -> None:
        pass

    def _writer_connection(self, durable: bool) -> so.Held:
        self._writer = self._given
        return self._given

    def _open_reader(self, plan: so.Plan | None) -> so.Held:
        return self._given

    def interrupt(self) -> None:
        """There is no other thread here."""

    def _close_connection(self, held: so.Held) -> None:
        pass  # the giver closes it


def _unborn() -> sqlite3.Connection:
    """An empty home in memory, with every table that a new one would have."""
    connection = so.connect("file::memory:")
    _furnish(connection)
    connection.execute("PRAGMA query_only = 1")
    return connection


def _furnish(connection: sqlite3.Connection) -> None:
    database = _Unfiled(connection)
    try:
        migrate(database, migrations())
    finally:
        database.close()


def _give_birth(path: Path) -> None:
    """Make a database beside its place and put it there whole; who comes second uses the first's."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)  # for us alone
        os.close(descriptor)
    except OSError as error:
        raise Unavailable(f"{path} cannot be made: {error.strerror}; choose another place") from None
    new = Path(name)
    try:
        with inodes.steady():
            connection = so.connect(so.uri(new, mode="rw"))
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                _furnish(connection)
            except sqlite3.Error as error:
                raise so.translated(error, str(path)) from None
            finally:
                connection.close()
        _put_in_place(new, path)
    finally:
        for suffix in ("", "-wal", "-shm"):
            so.side(new, suffix).unlink(missing_ok=True)


def _put_in_place(new: Path, path: Path) -> None:
    """Give the new database its name, unless another process was faster, which is as good."""
    try:
        with suppress(FileExistsError):
            os.link(new, path)
    except OSError:  # a file system without links: the name is reserved first
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            new.replace(path)
        except FileExistsError:
            return
        except OSError as error:
            raise Unavailable(f"{path} cannot be made: {error.strerror}; choose another place") from None
