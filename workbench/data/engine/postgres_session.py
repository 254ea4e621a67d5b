"""What each thread has of a PostgreSQL database: a connection while it needs one, and its open transaction.

Reads that meet a broken connection are repeated on a new one; writes never are, because nobody can know
whether they were applied.
"""

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from random import random
from time import sleep
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from workbench.data.engine import forks
from workbench.data.engine import postgres_errors as pe
from workbench.data.engine import postgres_sql as sql
from workbench.data.engine.database import ATTEMPTS, Retry, Timeouts
from workbench.data.engine.postgres_connect import MOST, Door, Link, NoneFree, Pool, close_pools
from workbench.data.errors import Invalid, Unavailable, WorkbenchError

T = TypeVar("T")
Action = Callable[[Link], T]
_UNKNOWN = "it is not known whether the change was made: look before you try again"
_NOTHING_KEPT = "nothing of the transaction was kept: try again"


class Lost(Unavailable):
    """The connection broke, which says nothing about the server."""


class Thread:
    """What one thread has; it dies with its thread, and what the thread left open is rolled back."""

    __slots__ = ("__weakref__", "depth", "durable", "guards", "limit", "link", "retries", "serial", "sessions", "wrote")

    def __init__(self, sessions: "Sessions") -> None:
        self.sessions = weakref.ref(sessions)
        self.link: Link | None = None
        self.depth = 0
        self.serial = 0  # counts the transactions that are no savepoints
        self.guards: list[weakref.ref[Any]] = []  # the objects that stand for the open levels
        self.durable = False
        self.wrote = False
        self.retries = 0
        self.limit: float | None = None

    def __del__(self) -> None:
        sessions = self.sessions()
        if self.link is not None and sessions is not None and sessions.ours:
            with suppress(Exception):  # the program may be ending
                sessions.give_back(self)


class Sessions:
    """The threads of one database, and the connections that they take turns with.

    `told` is called after every write that is committed.
    """

    def __init__(self, dsn: str, display: str, timeouts: Timeouts, told: Callable[[], None]) -> None:
        self.display = display
        self.timeouts = timeouts
        self.listeners = 0  # connections that are out without belonging to a thread
        self._told = told
        self._process = os.getpid()
        self._door = Door(dsn, display, timeouts)
        self._local: Any = threading.local()
        self._known: weakref.WeakSet[Thread] = weakref.WeakSet()
        self._running: set[Link] = set()
        self._pools = [Pool(self._door)]
        self._lock = threading.Lock()
        self._end = weakref.finalize(self, close_pools, self._pools, self._process)
        forks.watch(self)

    @property
    def ours(self) -> bool:
        """Whether this process opened the database; a forked child must leave its connections alone."""
        return os.getpid() == self._process

    def thread(self) -> Thread:
        """What the calling thread has; `Unavailable` when the database is closed, or opened before a fork."""
        local = self._local
        try:
            return local.thread  # type: ignore[no-any-return]
        except AttributeError:
            thread = local.thread = Thread(self)
            with self._lock:
                self._known.add(thread)
            return thread

    def _threads(self) -> list[Thread]:
        with self._lock:
            return list(self._known)

    # -- connections -----------------------------------------------------------------------------------------

    def borrow(self, thread: Thread) -> Link:
        """Give the thread a connection that lives."""
        if thread.link is not None:
            self.give_back(thread)  # left by an interrupt between two of our steps
        pool, patience = self._pools[-1], self._door.patience
        if pool.full and (out := self._out) < MOST and pool.lost(out):
            pool = self._renew(pool)
        failure: Unavailable
        try:
            thread.link = pool.take(patience)
            return thread.link
        except NoneFree as error:
            failure = error
        if (out := self._out) >= MOST:
            failure = Unavailable(f"{self.display}: all {MOST} connections are in use by other threads: try again")
            patience = self.timeouts.lock - patience
        elif pool.lost(out):
            pool = self._renew(pool)
        else:
            raise failure
        with suppress(NoneFree):
            thread.link = pool.take(patience)
            return thread.link
        raise failure

    @property
    def _out(self) -> int:
        """How many connections are in use."""
        return sum(thread.link is not None for thread in self._threads()) + self.listeners

    def _renew(self, pool: Pool) -> Pool:
        """Begin a new pool in the place of one that has lost count."""
        with self._lock:
            if self._pools[-1] is pool:
                self._pools.append(Pool(self._door))
                self._pools.remove(pool)
        pool.close(timeout=0)
        return self._pools[-1]

    def give_back(self, thread: Thread) -> None:
        """Take the thread's connection back; what it left open is rolled back."""
        thread.depth = 0
        link = thread.link
        if link is not None:
            if link.home is not None:
                link.home.give_back(link)
            thread.link = None

    def listener(self, listen: str) -> Link:
        """A connection that listens, taken out of the pool until `give_back_listener`."""
        self.thread()
        holder = Thread(self)
        self.borrow(holder)
        try:
            self.on(holder, command(listen), False)
        except BaseException:
            self.give_back(holder)
            raise
        link, holder.link = holder.link, None
        assert link is not None
        self.listeners += 1
        return link

    def give_back_listener(self, link: Link) -> None:
        """Close a connection that listens; the pool may make another in its place."""
        self.listeners -= 1
        link.close()
        if link.home is not None:
            link.home.give_back(link)

    # -- running ---------------------------------------------------------------------------------------------

    def call(self, action: Action[T], *, writing: bool) -> T:
        """Run an action on the transaction's connection, or on one of the pool: again where that is safe."""
        thread = self.thread()
        if thread.depth:
            thread.wrote |= writing
            return self.on(thread, action, writing)
        lost, attempt = False, 0
        while True:
            self.borrow(thread)
            try:
                result = self.on(thread, action, writing)
            except Lost:
                if writing or lost:
                    raise
                lost = True
            except Retry:
                attempt += 1
                if attempt == ATTEMPTS:
                    raise
            else:
                break
            finally:
                self.give_back(thread)
            _pause(attempt)
        if writing:
            self._told()
        return result

    def on(self, thread: Thread, action: Action[T], writing: bool, *, last: bool = False) -> T:
        """Run an action on the thread's connection; whatever goes wrong becomes an error of our own tree."""
        link = thread.link
        if link is None or link.closed:
            raise Unavailable(f"{self.display} lost the connection of a transaction: {_NOTHING_KEPT}")
        link.limit = thread.limit or self.timeouts.statement
        failure: WorkbenchError
        self._running.add(link)
        try:
            return action(link)
        except psycopg.Error as error:
            failure = self._failure(thread, link, error, writing, last)
        except UnicodeError:
            failure = Invalid(f"{self.display} is in an encoding that cannot hold this text: change the text")
        finally:
            self._running.discard(link)
        raise failure

    def _failure(self, thread: Thread, link: Link, error: psycopg.Error, writing: bool, last: bool) -> WorkbenchError:
        kind: type[WorkbenchError] = Unavailable
        if link.overdue:
            words = f"did not answer within {link.limit:g} s"
        elif link.stopped:
            words = "was asked to stop what it was doing"
        elif link.closed or (error.sqlstate or "").startswith(pe.BROKEN):
            kind, words = Lost, "lost the connection"
        else:
            return pe.translated(error, self.display, writing=writing)
        link.close()
        if last or (writing and not thread.depth):
            return kind(f"{self.display} {words}: {_UNKNOWN}")
        return kind(f"{self.display} {words}: {_NOTHING_KEPT if thread.depth else 'try again'}")

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Let each call of this thread take so long, instead of the usual limit: for work that is known to be long."""
        thread = self.thread()
        before, thread.limit = thread.limit, seconds
        try:
            yield
        finally:
            thread.limit = before

    # -- transactions ----------------------------------------------------------------------------------------

    def enter(self, transaction: object) -> int:
        """Note which object stands for the transaction that is about to begin; the level that it has."""
        thread = self.thread()
        if thread.depth and thread.guards[0]() is None:
            self._hang_up(thread)  # nobody is left to end that one
        if not thread.depth:
            thread.serial += 1
            thread.guards.clear()
        level = thread.depth + 1
        forgotten = partial(self._forgotten, weakref.ref(thread), thread.serial, level)
        thread.guards.append(weakref.ref(transaction, forgotten))
        return level

    def _forgotten(self, reference: Callable[[], Thread | None], serial: int, level: int, _: object) -> None:
        """A transaction's object is gone: where its thread is still in that transaction, nobody else undoes it."""
        thread = reference()
        if thread is not None and thread.serial == serial and thread.depth >= level:
            with suppress(Exception):
                if thread is self.thread():
                    self._hang_up(thread)

    def _hang_up(self, thread: Thread) -> None:
        if thread.link is not None:
            thread.link.close()
        self.give_back(thread)

    def begin(self, durable: bool) -> None:
        """Begin a transaction, or a savepoint inside one; `finish` ends it."""
        thread = self.thread()
        if thread.depth:
            self.call(command(f"SAVEPOINT workbench_{thread.depth}"), writing=False)
            thread.depth += 1
            return
        if thread.retries:
            _pause(thread.retries)
        thread.durable = durable
        begin = command(f"BEGIN; {sql.RAISE}" if thread.durable else "BEGIN")
        for again in (True, False):
            self.borrow(thread)
            try:
                self.on(thread, begin, False)
            except BaseException as error:
                self.give_back(thread)
                if not (again and isinstance(error, Lost)):
                    raise
            else:
                thread.wrote = False
                thread.depth = 1
                break

    def finish(self, level: int, error: BaseException | None) -> None:
        """End this thread's transaction of this level and all within it; with an error, undo it."""
        try:
            thread = self.thread()
        except Unavailable:
            if error is None:
                raise
            return
        if thread.depth < level:
            if not thread.depth:
                self.give_back(thread)  # undone already, or begun to be
            return
        if level > 1:
            self._finish_savepoint(thread, level, error)
            return
        try:
            if error is None:
                self._commit(thread)
            else:
                self._undo(thread, "ROLLBACK")
        except BaseException as failed:
            error = failed
            raise
        finally:
            thread.depth = 0  # first of all: Ctrl-C may come between any two of these
            thread.durable = False
            self.give_back(thread)
            thread.guards.clear()
            thread.retries = thread.retries + 1 if isinstance(error, Retry) else 0
        if error is None and thread.wrote:
            self._told()

    def _commit(self, thread: Thread) -> None:
        if thread.link is not None and thread.link.pgconn.transaction_status == TransactionStatus.INERROR:
            raise WorkbenchError(
                f"{self.display} kept nothing of a transaction in which a statement had failed: "
                "put what may fail into a nested one"
            )
        self.on(thread, command("COMMIT"), True, last=True)

    def _finish_savepoint(self, thread: Thread, level: int, error: BaseException | None) -> None:
        name = f"workbench_{level - 1}"
        undo = f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}"
        try:
            if error is None:
                self.on(thread, command(f"RELEASE SAVEPOINT {name}"), False)
            else:
                self._undo(thread, undo)
        except WorkbenchError:
            self._undo(thread, undo)
            raise
        finally:
            thread.depth = level - 1
            del thread.guards[level - 1 :]

    def _undo(self, thread: Thread, text: str) -> None:
        """Roll back; where that fails the connection is closed, which rolls back everything."""
        try:
            self.on(thread, command(text), False)
        except WorkbenchError:
            if thread.link is not None:
                thread.link.close()

    # -- ending ----------------------------------------------------------------------------------------------

    def stop_running(self) -> None:
        """Make running statements fail soon; a server that takes no cancel request is cut off."""
        polite = True
        for link in list(self._running):
            polite = link.stop(politely=polite)

    def refuse(self, why: str) -> None:
        """From now on every thread is told why not; what runs is stopped, what is open is rolled back."""
        forks.forget(self)
        self._local = forks.Gone(why)
        self.stop_running()
        for thread in self._threads():
            if thread.depth and thread.link is not None:
                thread.link.stop(politely=False)

    def close(self) -> None:
        """Close every connection, and end the threads that made them."""
        self._end()

    def _connections_before_fork(self) -> object:
        return [self._local, list(self._pools), self._threads(), list(self._running)]


def command(text: str) -> Action[None]:
    """Statements without values, as one message."""

    def run(link: Link) -> None:
        link.execute(text)

    return run


def _pause(attempt: int) -> None:
    """Let others finish before the next attempt; a little chance keeps two from meeting again."""
    if attempt:
        sleep(random() * min(0.1, 0.001 * 2**attempt))  # noqa: S311 - no secret
