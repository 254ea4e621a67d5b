"""What PostgreSQL and its client library report, as errors of our own tree: a sentence that says what to do.

Classes follow the SQLSTATE. Before a connection stands there is none to be had, so the text is looked at; a
text that is not known is quoted, without the passwords of the connection text.
"""

import re
from typing import NamedTuple

import psycopg

from workbench.data.engine.database import Retry
from workbench.data.errors import (
    Conflict,
    Corrupt,
    Invalid,
    NotFound,
    ReadOnly,
    Unavailable,
    Unsupported,
    WorkbenchError,
)
from workbench.data.target import scrub

Kind = type[WorkbenchError]


class _Words(NamedTuple):
    kind: Kind
    words: str


# By SQLSTATE, or by its first two characters. `{text}` is the server's own message.
_STATES: dict[str, _Words] = {
    "0A": _Words(Unsupported, "cannot do that ({text}): it may be too old, or no PostgreSQL"),
    "22": _Words(Invalid, "cannot take a value ({text}): correct it"),
    "23": _Words(Invalid, "refuses the row ({text}): give every value that it needs"),
    "23505": _Words(Conflict, "already has such a row ({text}): read it again before you change it"),
    "25006": _Words(ReadOnly, "cannot be written there ({text}): open it read-only, or name its primary server"),
    "25P02": _Words(
        WorkbenchError,
        "refuses the rest of a transaction in which a statement failed: put what may fail into a nested one",
    ),
    "25P03": _Words(Unavailable, "ended a transaction that waited too long ({text}): try again"),
    "3F": _Words(Unsupported, "has no such schema ({text}): it was made by another program or version"),
    "40": _Words(Retry, "asks for the transaction to be run again ({text}): try again"),
    "42501": _Words(Unavailable, "may not be read by this user ({text}): ask its owner for SELECT"),
    "42703": _Words(Unsupported, "has no such column ({text}): it was made by another program or version"),
    "42883": _Words(Unsupported, "has no such function ({text}): its server may be too old"),
    "42P01": _Words(Unsupported, "has no such table ({text}): it was made by another program or version"),
    "53": _Words(Unavailable, "has run out of something ({text}): free it on the server, then try again"),
    "53100": _Words(Unavailable, "cannot grow because its disk is full: free some space; nothing was changed"),
    "54": _Words(Invalid, "cannot take so much at once ({text}): give less"),
    "55P03": _Words(Unavailable, "is locked by another program: try again when that program is done"),
    "57014": _Words(Unavailable, "was asked to stop what it was doing ({text}): try again"),
    "57": _Words(Unavailable, "was stopped by its administrator ({text}): try again later"),
    "58": _Words(Unavailable, "cannot use its files ({text}): look at the server's log"),
    "XX001": _Words(Corrupt, "is damaged ({text}): restore it from a backup"),
    "XX002": _Words(Corrupt, "has a damaged index ({text}): REINDEX it"),
}
_WRITING = {"42501": _Words(ReadOnly, "may not be written by this user ({text}): open it read-only, or ask its owner")}
BROKEN = ("08", "57P01", "57P02", "57P03", "57P05", "25P03")  # the server has ended the connection


def translated(error: psycopg.Error, display: str, *, writing: bool) -> WorkbenchError:
    """The error of our own tree for what a statement met; the connection stands and can be used again."""
    state = error.sqlstate or ""
    text = error.diag.message_primary or str(error).strip().partition("\n")[0]
    for key in (state, state[:2]):
        found = (_WRITING.get(key) if writing else None) or _STATES.get(key)
        if found is not None:
            return found.kind(f"{display} {found.words.format(text=text)}")
    if isinstance(error, psycopg.NotSupportedError):
        return Unsupported(f"{display} cannot be read here ({text}): use another encoding on that server")
    if isinstance(error, psycopg.DataError):
        return Invalid(f"{display} cannot take a value ({text}): correct it")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not state:
        return Unavailable(f"{display} is out of reach ({text}): try again")
    return WorkbenchError(f"{display}: PostgreSQL says: {text}")


class _Met(NamedTuple):
    """A text of a failed connection, and what it means. `{0}` is what the pattern has in its group."""

    pattern: re.Pattern[str]
    kind: Kind
    words: str


def _met(pattern: str, words: str, kind: Kind = Unavailable) -> _Met:
    return _Met(re.compile(pattern, re.IGNORECASE), kind, words)


# The most telling first: a client that tries several addresses reports all of them in one text.
_CONNECTING = (
    _met(r"definition of service \"([^\"]*)\" not found", "names a service {0} that no service file has", Invalid),
    _met(r"service file .* not found", "names a service, but there is no service file: write one", Invalid),
    _met(r"syntax error in service file", "names a service whose file has a syntax error: mend it", Invalid),
    _met(
        r"invalid (?:integer|port|\S+ value)",
        "has a value in its connection text that libpq refuses: correct it",
        Invalid,
    ),
    _met(r"password authentication failed", "refuses this user's password: check user and password"),
    _met(r"no password supplied|no such user|auth.* failed", "refuses this user: check user and password"),
    _met(r"password retrieved from file", "refuses the password in the passfile: correct it there"),
    _met(r"role \"([^\"]*)\" does not exist", "knows no user {0}: check the user's name"),
    _met(r"role \"([^\"]*)\" is not permitted to log in", "does not let the user {0} log in: ask its administrator"),
    _met(r"database \"([^\"]*)\" does not exist", "has no database {0}: check its name", NotFound),
    _met(r"no such database: (\S+)", "has no database {0}: check its name", NotFound),
    _met(r"permission denied for database", "does not let this user into the database: ask its owner for CONNECT"),
    _met(r"not currently accepting", "is closed to everybody by its owner: ask for ALLOW_CONNECTIONS"),
    _met(r"pg_hba\.conf", "lets nobody in from this machine in this way (pg_hba.conf): ask its administrator"),
    _met(r"server does not support SSL", "offers no TLS, which sslmode demands: turn TLS on there, or choose sslmode"),
    _met(r"certificate|SSL error|tlsv1|sslmode", "cannot be reached by TLS as demanded ({text}): check the sslmode"),
    _met(
        r"too many clients|too many connections|remaining connection slots|no more connections",
        "has no connection left for us: try again later, or close other programs",
    ),
    _met(
        r"starting up|not yet accepting|recovery mode|shutting down|closed the connection unexpectedly",
        "is starting up or shutting down: try again in a moment",
    ),
    _met(r"(?:translate|resolve) host(?: name)? [\"']([^\"']*)", "is on a host {0} that nobody knows: check the name"),
    _met(r"refused", "has no server that listens there (refused): start it, or check host and port"),
    _met(r"on socket .*No such file", "has no server that listens there: start it, or name its host"),
    _met(r"timeout expired|timed out", "did not answer within {limit:g} s: check host, port and network"),
    _met(r"unreachable|no route to host", "is out of reach of this machine's network: check the host"),
)
REFUSED_NAME = re.compile(r"unsupported startup parameter|unrecognized configuration parameter", re.IGNORECASE)
CROWDED = re.compile(r"has no connection left for us")


def unreadable(display: str) -> WorkbenchError:
    """The error for a connection text that cannot be parsed; what libpq says of it would quote it."""
    return Invalid(f"{display} is no connection text that libpq can read: correct it")


def connecting(error: psycopg.Error, display: str, dsn: str, limit: float) -> WorkbenchError:
    """The error of our own tree for a connection that did not come about."""
    whole = str(error).strip()
    if isinstance(error, psycopg.ProgrammingError):
        return unreadable(display)
    text = scrub(_last_line_of_the_first(whole), dsn)
    for met in _CONNECTING:
        if found := met.pattern.search(whole):
            groups = [scrub(group, dsn) for group in found.groups()]
            return met.kind(f"{display} {met.words.format(*groups, text=text, limit=limit)}")
    return Unavailable(f"{display} refuses the connection ({text}): look at the server's log")


def _last_line_of_the_first(text: str) -> str:
    """What the server itself says in libpq's `connection to server at … failed: FATAL:  …`."""
    return re.sub(r"^.*?failed: (?:.*?failed: )?(?:FATAL: *)?", "", text.partition("\n")[0]) or text
