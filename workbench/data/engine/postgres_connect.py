"""Connections to a PostgreSQL server: each wait has a deadline, and a failed one says why in one sentence.

What is asked of a server is what a pooler in transaction mode lets through: no startup options, no session
settings, no prepared statements.
"""

import logging
import math
import os
import selectors
import socket
import threading
from collections.abc import Generator
from contextlib import suppress
from time import monotonic, sleep
from typing import Any, TypeVar

import psycopg
import psycopg_pool
from psycopg import waiting
from psycopg.abc import ConnParam, PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PollingStatus, TransactionStatus
from psycopg.pq.abc import PGcancelConn, PGconn

from workbench.data.engine import postgres_errors as pe
from workbench.data.engine.database import Timeouts
from workbench.data.engine.postgres_types import ADAPTERS, loosen
from workbench.data.errors import Unavailable, WorkbenchError

V = TypeVar("V")
MOST = 10  # connections of one source
NAME = "workbench"
_STEP = 0.05  # how often a wait looks at the clock
_CANCEL = 0.5  # how long a cancel request may take
_FRESH = 0.01  # for so long a failure answers for the attempts that stood in the same queue
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # cheaper to make than the default one
# In the place of the driver's `__del__`, which warns about what we look after ourselves: Python code there would
# swallow a Ctrl-C that comes while it runs.
_NO_CODE: Any = object.__hash__
_UNDER_WAY = (PollingStatus.READING, PollingStatus.WRITING)

for _logger in ("psycopg", "psycopg.pool"):
    logging.getLogger(_logger).addHandler(logging.NullHandler())  # else Python prints warnings on the screen


class NoneFree(Unavailable):
    """No connection came about in time, and nothing said why."""


class _AskAgain(Exception):
    """The queue of those who wait for a connection was cleared; nothing is wrong."""


class Overdue(psycopg.OperationalError):
    """The server did not answer in time; the connection is gone."""


class Link(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose every wait ends: in an answer, at its limit, or when somebody stops it."""

    limit = Timeouts().statement
    overdue = False
    stopped = False
    home: "Pool | None" = None
    __del__ = _NO_CODE

    def __init__(self, pgconn: PGconn) -> None:
        super().__init__(pgconn)
        self._ending = threading.Lock()

    @classmethod
    def connect(cls, conninfo: str = "", *, door: "Door", **_: object) -> "Link":  # type: ignore[override]
        """Connect through a door (for the pool, which calls this in a thread of its own)."""
        return door.open()

    @classmethod
    def plain(cls, dsn: str, **options: ConnParam) -> "Link":
        """Connect as psycopg does."""
        return super().connect(
            make_conninfo(dsn, **options),
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.RawCursor,
            context=ADAPTERS,
        )

    def wait(self, gen: PQGen[V], interval: float = _STEP, timeout: float | None = None) -> V:
        """Wait for an answer until the limit; whatever ends the wait otherwise ends the connection too."""
        deadline = monotonic() + (self.limit if timeout is None else timeout)
        try:
            return waiting.wait(self._until(gen, deadline), self.pgconn.socket, interval=_STEP)
        except Overdue:
            self._call_off()
            self.close()
            raise
        except psycopg.Error:
            raise
        except BaseException:  # Ctrl-C in the middle of a statement: stop it on the server if it listens
            with suppress(Exception):
                if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                    self.cancel_safe(timeout=_CANCEL)
            self.abandon()
            raise

    def _until(self, gen: PQGen[V], deadline: float) -> Generator[Any, Any, V]:
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if monotonic() > deadline:
                    self.overdue = True
                    raise Overdue("the server did not answer in time")
                wanted = gen.send(ready)
        except StopIteration as end:
            value: V = end.value
            return value

    def stale(self) -> bool:
        """Whether the server has something to say although nobody asked: it has hung up, or is about to."""
        if self.closed:
            return True
        with _Selector() as selector:
            selector.register(self.pgconn.socket, selectors.EVENT_READ)
            return bool(selector.select(0))

    def stop(self, *, politely: bool) -> bool:
        """End a statement that another thread waits for; False when the server had to be cut off."""
        if politely:
            with suppress(psycopg.Error, OSError):
                self.cancel_safe(timeout=_CANCEL)
                return True
        self.stopped = True
        self._shut()
        return False

    def abandon(self) -> None:
        """Close without a word to a server that may not listen."""
        self._shut()
        self.close()

    def _call_off(self) -> None:
        """Ask the server, without waiting for it, not to finish later what we no longer wait for.

        The real socket goes along with the request: a pooler drops the requests of clients that are gone.
        """
        with self._ending, suppress(psycopg.Error, OSError, RuntimeError):
            request = self.pgconn.cancel_conn()
            real = socket.socket(fileno=socket.dup(self.pgconn.socket))
            nowhere, other = socket.socketpair()
            with nowhere, other:
                os.dup2(nowhere.fileno(), self.pgconn.socket, inheritable=False)
            threading.Thread(target=_send_off, args=(request, real), name="workbench-cancel", daemon=True).start()

    def _shut(self) -> None:
        """Shut the socket, so that whoever waits on it wakes up; the thread that uses it closes it."""
        with (
            self._ending,
            suppress(psycopg.Error, OSError, ValueError),
            socket.socket(fileno=socket.dup(self.pgconn.socket)) as shared,
        ):
            shared.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, never while another thread is shutting its socket."""
        with self._ending:
            super().close()


def _send_off(request: PGcancelConn, real: socket.socket) -> None:
    """Carry a cancel request to the server, for a moment only, and then hang up."""
    deadline = monotonic() + 2 * _CANCEL
    with real, suppress(psycopg.Error, OSError, ValueError), _Selector() as selector:
        request.start()
        while (status := request.poll()) in _UNDER_WAY and monotonic() < deadline:
            ready = selectors.EVENT_READ if status == PollingStatus.READING else selectors.EVENT_WRITE
            selector.register(request.socket, ready)
            selector.select(deadline - monotonic())
            selector.unregister(request.socket)
    request.finish()


class Door:
    """The way to one server: makes connections, and remembers why the last one failed."""

    def __init__(self, dsn: str, display: str, timeouts: Timeouts) -> None:
        self._dsn = dsn
        self.display = display
        self._options: dict[str, ConnParam] = {}
        failure: WorkbenchError | None = None
        given: dict[str, Any] = {}
        try:
            given = conninfo_to_dict(dsn)
        except (psycopg.Error, ValueError):
            failure = pe.unreadable(display)
        if failure is not None:
            raise failure
        self.limit = _seconds(given.get("connect_timeout")) or timeouts.connect
        if "connect_timeout" not in given:
            self._options["connect_timeout"] = max(2, math.ceil(self.limit))
        if "fallback_application_name" not in given:
            self._options["fallback_application_name"] = NAME
        hosts = str(given.get("hostaddr") or given.get("host") or "")
        self.patience = self.limit * (1 + hosts.count(","))
        self._failure: WorkbenchError | None = None
        self._begun_at = self._failed_at = -math.inf
        self.busy = 0

    def open(self) -> Link:
        """Connect, or raise the reason as an error of our own tree."""
        if self._failure is not None and monotonic() - self._failed_at < _FRESH:
            raise self.why(-math.inf)
        self.busy += 1
        begun = monotonic()
        try:
            failure, link = self._try()
        finally:
            self.busy -= 1
        if failure is None and link is not None:
            return link
        assert failure is not None
        self._failure, self._begun_at, self._failed_at = failure, begun, monotonic()
        raise failure

    def outdated(self, since: float) -> bool:
        """Whether the last failure is of an attempt that began before then, and so tells nothing about now."""
        return self._begun_at < since

    def why(self, since: float) -> WorkbenchError:
        """Why no connection came about since then."""
        if self._failure is not None and self._failed_at >= since:
            return type(self._failure)(*self._failure.args)
        return NoneFree(f"{self.display} did not answer within {self.patience:g} s: check host, port and network")

    @property
    def crowded(self) -> bool:
        """Whether the last failure was the server's want of connections: then one of ours may come free."""
        return bool(self._failure and pe.CROWDED.search(str(self._failure)))

    def _try(self) -> tuple[WorkbenchError | None, Link | None]:
        try:
            link = Link.plain(self._dsn, **self._options)
            if link.pgconn.parameter_status(b"server_encoding") == b"SQL_ASCII":
                link = self._loosely(link)
            return None, link
        except psycopg.Error as error:
            if "fallback_application_name" not in self._options or not pe.REFUSED_NAME.search(str(error)):
                return pe.connecting(error, self.display, self._dsn, self.limit), None
        except (ValueError, ArithmeticError):  # a connect_timeout like `inf`
            return pe.unreadable(self.display), None
        del self._options["fallback_application_name"]  # a pooler that takes no such parameter
        return self._try()

    def _loosely(self, link: Link) -> Link:
        """Connect to a database that checks no encoding, so that the server checks none in what we read."""
        if link.pgconn.parameter_status(b"client_encoding") != b"SQL_ASCII":
            link.close()
            link = Link.plain(self._dsn, **self._options, client_encoding="SQL_ASCII")
        loosen(link)
        return link


def _seconds(text: object) -> float:
    try:
        seconds = float(str(text))
    except ValueError:
        return 0.0
    return seconds if 0 < seconds < math.inf else 0.0


class Pool(psycopg_pool.ConnectionPool[Link]):
    """The connections of one source; those who wait for one learn at once that none can be made."""

    __del__ = _NO_CODE

    def __init__(self, door: Door) -> None:
        self.door = door
        super().__init__(
            connection_class=Link,
            kwargs={"door": door},
            min_size=0,
            max_size=MOST,
            open=True,
            timeout=door.patience,
            reconnect_timeout=0,
            reconnect_failed=_none_made,
            num_workers=2,
            name=NAME,
        )

    def lost(self, out: int) -> bool:
        """Whether the pool counts connections that nobody has: Ctrl-C in the middle of its book-keeping."""
        stats = self.get_stats()
        return not self.door.busy and stats["pool_size"] - stats["pool_available"] > out

    @property
    def full(self) -> bool:
        """Whether all the connections that there may be are out."""
        stats = self.get_stats()
        return stats["pool_size"] >= self.max_size and not stats["pool_available"]

    def take(self, patience: float) -> Link:
        """A connection that lives, or the reason why there is none."""
        started = monotonic()
        while True:
            failure: WorkbenchError | None = None
            try:
                link = self.getconn(timeout=started + patience - monotonic())
            except _AskAgain:
                continue
            except psycopg_pool.PoolClosed:
                failure = Unavailable(f"{self.door.display} is closed: open it again")
            except psycopg.Error:
                if self.door.outdated(started) and monotonic() < started + patience:
                    sleep(_FRESH)
                    continue
                failure = self.door.why(started)
            except BaseException:
                # The pool goes on serving a place in its queue that Ctrl-C has left: clear the queue.
                self.answer_the_waiting(_AskAgain())
                raise
            if failure is not None:
                raise failure
            link.home = self
            if not link.stale():
                return link
            link.close()
            self.give_back(link)

    def answer_the_waiting(self, error: Exception) -> None:
        """Give this error to all who wait for a connection; the pool itself would let them wait."""
        waiting_clients = getattr(self, "_waiting", None)
        while waiting_clients:
            with suppress(IndexError):  # somebody else answers them too
                waiting_clients.popleft().fail(error)

    def give_back(self, link: Link) -> None:
        """Take a connection back; one that is not idle is closed, which rolls back what it was in."""
        if link.pgconn.transaction_status != TransactionStatus.IDLE:
            link.close()
        with suppress(ValueError):  # given back already
            self.putconn(link)


def _none_made(pool: psycopg_pool.ConnectionPool[Any]) -> None:
    """A connection could not be made: tell those who wait for one, unless one of ours may come free."""
    assert isinstance(pool, Pool)
    if not (pool.door.crowded and pool.get_stats()["pool_size"]):
        pool.answer_the_waiting(psycopg.OperationalError("no connection can be made"))


def close_pools(pools: list[Pool], process: int) -> None:
    """Close what is still open when the database or the program ends; a forked child touches nothing."""
    if os.getpid() == process:
        for pool in pools:
            with suppress(RuntimeError):  # the last reference may go in a thread of the pool itself
                pool.close(timeout=0.25)
