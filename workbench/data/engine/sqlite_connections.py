"""The connections of a SQLite database: one writer, a reader for each thread, and how they come and go."""

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from workbench.data.engine import forks, inodes
from workbench.data.engine import sqlite_open as so
from workbench.data.engine.database import Database, Timeouts
from workbench.data.errors import Unavailable

T = TypeVar("T")


class ThreadState:
    """What one thread has of a database: its reader, and how deep it is in a transaction."""

    __slots__ = ("__weakref__", "depth", "generation", "plan", "reader")

    def __init__(self) -> None:
        self.depth = 0
        self.reader: so.Held | None = None
        self.plan: so.Plan | None = None
        self.generation = 0  # of the file that the reader is on


class _Life:
    """Held by nobody but the thread's own locals, so that it dies with the thread and tidies up after it."""

    __slots__ = ("database", "state")

    def __init__(self, database: "SqliteConnections", state: ThreadState) -> None:
        self.database = weakref.ref(database)
        self.state = state

    def __del__(self) -> None:
        database = self.database()
        if database is not None:
            database._forget(self.state)


def _closer(database: "weakref.ref[SqliteConnections]", which: inodes.Identity) -> Callable[[sqlite3.Connection], None]:
    """What closes a connection that everybody has let go of; the database itself may be gone by then."""

    def close(connection: sqlite3.Connection) -> None:
        alive = database()
        if alive is not None:
            alive._close(connection)
            return
        with inodes.steady():
            connection.close()
            inodes.closed(which)

    return close


class SqliteConnections(Database):
    """The part of a SQLite database that opens and closes; `SqliteDatabase` runs statements over it."""

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        ours: bool = False,
        durable: bool = True,
        timeouts: Timeouts | None = None,
    ) -> None:
        super().__init__(str(path), read_only=read_only, timeouts=timeouts or Timeouts())
        self.given = path
        # SQLite keeps its side files beside the file that a link leads to.
        self.path = path.resolve()
        self.ours = ours
        self.durable = durable
        self._local: Any = threading.local()
        self._writing = threading.Lock()  # whoever holds it owns the writer; `_owner` says which thread that is
        self._owner = 0
        self._raised = False  # the open transaction is durable although the source is not
        self._writer: so.Held | None = None
        self._plan: so.Plan | None = None
        self._planning = threading.Lock()
        self._probing = threading.Lock()
        self._probe: so.Held | None = None
        self._generation = 0
        self._last_token = ""
        self._known: weakref.WeakValueDictionary[int, ThreadState] = weakref.WeakValueDictionary()
        self._files: dict[int, inodes.Identity | None] = {}  # each open connection, once, and the file it is on
        self._closed = False
        self._process = os.getpid()
        self._prepare_file()
        forks.watch(self)

    def _prepare_file(self) -> None:
        """Refuse early, in words, what cannot be opened."""
        if self.read_only:
            self._current_plan()
        else:
            so.check_writable(self.path)

    # -- connections -----------------------------------------------------------------------------------------

    def _connect(self, target: str, path: Path | None = None) -> so.Held:
        with inodes.steady():
            try:
                which = inodes.opened(path or self.path)
            except OSError:
                raise Unavailable(f"{self.display} is no longer there: it was moved or removed") from None
            try:
                connection = so.connect(target)
            except sqlite3.Error as error:
                inodes.closed(which)
                raise so.translated(error, self.display) from None
        self._files[id(connection)] = which
        return so.Held(connection, _closer(weakref.ref(self), which))

    def _close_connection(self, held: so.Held) -> None:
        """Close a connection that no other thread is inside."""
        self._close(held.connection)

    def _close(self, connection: sqlite3.Connection) -> None:
        try:
            which = self._files.pop(id(connection))
        except KeyError:
            return  # it was closed before, by name
        with suppress(sqlite3.Error):
            # An interrupt that met no statement would stop the checkpoint of the last close: use it up.
            connection.execute("SELECT 1").fetchone()
        with inodes.steady():
            connection.close()
            if which is not None:
                inodes.closed(which)

    def _thread(self) -> ThreadState:
        local = self._local
        try:
            return local.thread  # type: ignore[no-any-return]
        except AttributeError:
            thread = local.thread = ThreadState()
            local.life = _Life(self, thread)
            self._known[id(thread)] = thread
            return thread

    def _threads(self) -> list[ThreadState]:
        """Every thread that has used this database and is still there."""
        return [thread for reference in self._known.valuerefs() if (thread := reference()) is not None]

    def _reader(self) -> so.Held:
        """This thread's connection for reading, opened now if it has none or the file is no longer as it was."""
        thread = self._thread()
        plan = self._planned()
        if thread.reader is not None and (thread.plan is not plan or thread.generation != self._generation):
            self._close_connection(thread.reader)
            thread.reader = None
        if thread.reader is None:
            thread.reader = self._open_reader(plan)
            thread.plan, thread.generation = plan, self._generation
        if not thread.depth and (plan is None or plan.stamp is None):
            self._local.reader = thread.reader
        return thread.reader

    def _planned(self) -> so.Plan | None:
        """The plan that readers must follow; None where SQLite itself looks after everything."""
        return self._current_plan() if self.read_only else None

    def _open_reader(self, plan: so.Plan | None) -> so.Held:
        if plan is not None:
            return self._connect(plan.uri, self.path if plan.scratch is None else plan.scratch / "copy.db")
        return self._prepared("PRAGMA query_only = 1")

    def _current_plan(self) -> so.Plan:
        """How the file is to be read now; planned again when its files are no longer as the plan found them."""
        with self._planning:
            plan = self._plan
            if plan is None or (plan.stamp is not None and plan.stamp != so.stamp(self.path)):
                self._plan = so.plan_reading(self.path)
                self._generation += 1
                if plan is not None:
                    plan.drop()
            assert self._plan is not None
            return self._plan

    def _replan(self, plan: so.Plan | None) -> None:
        """Forget a plan that has failed, unless another thread has already replaced it."""
        self._read_elsewhere()
        with self._planning:
            if self._plan is plan and plan is not None:
                self._plan = None
                plan.drop()

    def _read_elsewhere(self) -> None:
        """Make this thread's next read look up its connection anew."""
        self._local.__dict__.pop("reader", None)

    def _writer_connection(self, durable: bool) -> so.Held:
        """The writer, clean and at the durability asked for; the caller owns it."""
        if self._writer is not None and (durable or not self.ours):
            self._leave_replaced(self._writer)
        writer = self._writer or self._open_writer()
        if writer.connection.in_transaction:
            writer.connection.execute("ROLLBACK")  # left by an interrupt between two of our steps
        if durable and not self.durable:
            writer.connection.execute("PRAGMA synchronous = FULL")
            self._raised = True
        return writer

    def _leave_replaced(self, writer: so.Held) -> None:
        """Let go of a writer whose file is no longer the one under the path: what it wrote, nobody would see."""
        try:
            same = self._files.get(id(writer.connection)) == inodes.identity(self.given)
        except OSError:
            raise Unavailable(f"{self.display} is no longer there: it was moved or removed") from None
        if not same:
            self._drop_writer()
            self._forget_file()
            self._read_elsewhere()

    def _open_writer(self) -> so.Held:
        wal = ["PRAGMA journal_mode = WAL"] if self.ours else []
        writer = self._prepared(*wal, f"PRAGMA synchronous = {'FULL' if self.durable else 'NORMAL'}")
        self._writer = writer
        if self._closed:  # in this very moment: nobody would close it any more
            self._writer = None
            raise Unavailable(f"{self.display} is closed: open it again")
        return writer

    def _prepared(self, *pragmas: str) -> so.Held:
        """A connection that may write, with its pragmas set; these read the file, so locks can be in their way."""
        held = self._connect(so.uri(self.path, mode="rw"))
        try:
            for pragma in pragmas:
                self._patiently(lambda pragma=pragma: held.connection.execute(pragma))  # type: ignore[misc]
        except BaseException:
            self._close_connection(held)
            raise
        return held

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try until another program's lock is gone, for as long as the source's patience lasts."""
        deadline = 0.0
        while True:
            try:
                return attempt()
            except sqlite3.OperationalError as error:
                if not so.busy(error):
                    raise
                now = monotonic()
                deadline = deadline or now + self.timeouts.lock - so.BUSY_SLICE
                if now >= deadline:
                    raise

    def _acquire(self, thread: ThreadState) -> ThreadState:
        """Make the calling thread the one that writes; what it has of this database."""
        if self.read_only:
            self._refuse_if_read_only()
        while True:
            if self._owner != id(thread):  # else an interrupt kept this thread from letting go
                if not (self._writing.acquire(False) or self._writing.acquire(timeout=self.timeouts.lock)):
                    raise Unavailable(f"{self.display} is being written by another thread of this program: try again")
                self._owner = id(thread)
            now = None
            try:
                now = self._thread()  # raises where the database was closed while we waited
            finally:
                if now is not thread:
                    self._release(thread)
            if now is thread:
                return thread
            thread = now  # the file was opened anew while we waited

    def _release(self, thread: ThreadState) -> None:
        if self._owner == id(thread):
            try:
                if self._raised and self._writer is not None:
                    self._writer.connection.execute("PRAGMA synchronous = NORMAL")
                    self._raised = False
            finally:
                self._owner = 0
                self._writing.release()

    def _forget(self, thread: ThreadState) -> None:
        """A thread is gone: roll back what it left open, free the writer for the others, close its reader."""
        if os.getpid() != self._process:
            return  # a fork ended it: the connections are the parent's
        if self._owner == id(thread):
            writer = self._writer
            if writer is not None and writer.connection.in_transaction:
                with suppress(sqlite3.Error):  # an interrupt of that very moment has undone it already
                    writer.connection.execute("ROLLBACK")
            self._release(thread)
        thread.reader = None  # the thread may not be at its end but inside it: then it is closed when it returns

    def _drop_probe(self) -> None:
        if self._probe is not None:
            self._close_connection(self._probe)
            self._probe = None

    def _reopen(self) -> bool:
        """Let go of every connection; each thread opens the file that is there now at its next call.

        False when a thread is writing: then it is tried again at the next probe.
        """
        if not self._writing.acquire(blocking=False):
            return False
        try:
            self._drop_probe()
            self._drop_writer()
            self._forget_file()
            self._local = threading.local()
        finally:
            self._writing.release()
        return True

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._close_connection(self._writer)
            self._writer = None

    def _forget_file(self) -> None:
        """Another file lies under the path: nothing that is known of the old one holds."""
        with self._planning:
            self._generation += 1
            self._plan = None
        self.path = self.given.resolve()
        self._relations = None
        self._ready = {}

    def close(self) -> None:
        """Close all connections; a thread that is inside a statement gets `Unavailable`."""
        if self._closed or os.getpid() != self._process:
            return
        self._closed = True
        forks.forget(self)
        self.interrupt()
        held, self._local = self._local, forks.Gone(f"{self.display} is closed: open it again")
        for thread in self._threads():
            thread.reader = None
        del held
        with self._probing:
            self._drop_probe()
        self._writer = None  # as the readers: let go of, and closed by whoever is inside it, or now
        if self._plan is not None:
            self._plan.drop()

    def _connections_before_fork(self) -> object:
        return [self._local, self._writer, self._probe, *(thread.reader for thread in self._threads())]
