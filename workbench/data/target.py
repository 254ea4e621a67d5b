"""What the text of a target means, a file or a PostgreSQL server, and how it is shown without its passwords.

A text that can be read in two ways is refused: no part of a password is ever taken for a host or a database.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from workbench.data.errors import Invalid

MASK = "***"

_LIBPQ_18 = """
    service user password passfile channel_binding connect_timeout dbname host hostaddr port client_encoding
    options application_name fallback_application_name keepalives keepalives_idle keepalives_interval
    keepalives_count tcp_user_timeout sslmode sslnegotiation sslcompression sslcert sslkey sslcertmode
    sslpassword sslrootcert sslcrl sslcrldir sslsni requirepeer require_auth min_protocol_version
    max_protocol_version ssl_min_protocol_version ssl_max_protocol_version gssencmode krbsrvname gsslib
    gssdelegation replication target_session_attrs load_balance_hosts scram_client_key scram_server_key
    oauth_issuer oauth_client_id oauth_client_secret oauth_scope sslkeylogfile
"""  # a test compares this with the libpq that is installed
KEYWORDS = frozenset(_LIBPQ_18.split())
SECRET_KEYWORDS = frozenset({"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})
_URL_KEYWORDS = KEYWORDS | {"ssl"}  # libpq reads ssl=true in a URL as sslmode=require

_FORMS = "a path, sqlite:///relative.db, sqlite:////absolute.db, postgresql://user@host/database or host=… dbname=…"
_ESCAPES = "in a user name or password write @ as %40, / as %2F, ? as %3F, # as %23 and % as %25"

_SPACES = " \t\n\v\f\r"  # what libpq takes for white space
_S = r"[ \t\n\v\f\r]"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_INNER_SCHEME = re.compile(r"[A-Za-z0-9+.-]://")
_HALF_SCHEME = re.compile(r"(postgres|postgresql|sqlite|file):", re.IGNORECASE)
_KEY = re.compile(rf"(?<![A-Za-z_])([A-Za-z_]+){_S}*=")
_KEY_VALUE = re.compile(
    rf"{_S}*(?P<key>[^\s=]+){_S}*={_S}*"
    r"(?P<value>'(?:[^'\\]|\\.)*'|(?!')(?:[^ \t\n\v\f\r\\]|\\.|\\\Z)*)",
    re.DOTALL,
)
_HOST_PORT = re.compile(r"(?:\[[^\[\]]+\]|[^\[\]:\\]*)(?::(?P<port>[0-9]*))?")
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")


@dataclass(frozen=True, slots=True)
class FileTarget:
    """A file or a directory on this machine."""

    path: Path


@dataclass(frozen=True, slots=True, repr=False)
class ServerTarget:
    """A PostgreSQL server: a connection text that libpq reads in the one way that we read it."""

    dsn: str

    def __repr__(self) -> str:
        return f"ServerTarget({mask(self.dsn)!r})"


@dataclass(frozen=True, slots=True)
class _Option:
    """One option of a connection text: where its value stands there, and what it means."""

    key: str
    start: int
    end: int
    value: str

    @property
    def hidden(self) -> bool:
        # A whole URL inside an option can carry a password of its own.
        return self.key.lower() in SECRET_KEYWORDS or ("://" in self.value and "@" in self.value)


def parse_target(
    target: str | os.PathLike[str] | FileTarget | ServerTarget, *, files_first: bool = True
) -> FileTarget | ServerTarget:
    """Say what `target` means; `Invalid` if it means nothing, or two things. Never echoes a password.

    A file may be named like a connection text. With `files_first` it is taken for that where it exists; settings
    say no, lest whoever can make a file changes what they mean. What is parsed already is passed through.
    """
    if isinstance(target, (FileTarget, ServerTarget)):
        return target
    if not isinstance(target, str):
        return _file(os.fsdecode(target))  # a Path is a path, whatever its name looks like
    text = target.strip(_SPACES)
    if scheme := _SCHEME.match(text):
        return _url(scheme[1].lower(), text)
    if not (files_first and os.path.lexists(_expanded(target))):
        key = _KEY.match(text)
        if key and key[1].lower() in KEYWORDS:
            return _server(text)
        _refuse_near_misses(text)
    return _file(target)


def mask(dsn: str) -> str:
    """Give the display form: every password as `***`; of an unreadable text only the scheme and `…`."""
    text = dsn.strip(_SPACES)
    try:
        hidden = [option for option in _options(text) if option.hidden and option.start < option.end]
    except Invalid:
        scheme = _SCHEME.match(text)
        return f"{scheme[0]}…" if scheme else "…"
    for option in sorted(hidden, key=lambda option: option.start, reverse=True):
        text = text[: option.start] + MASK + text[option.end :]
    return text


def secrets_of(dsn: str) -> tuple[str, ...]:
    """Every password text of `dsn`, as it is written there and as it is meant; the longest first.

    Of a text that cannot be read: everything in it that may be a password.
    """
    text = dsn.strip(_SPACES)
    found: set[str] = set()
    try:
        for option in _options(text):
            if option.hidden:
                raw = text[option.start : option.end]
                found |= {option.value, raw, raw.removeprefix("'").removesuffix("'")}
    except Invalid:
        found = set(_suspects(text))
    return tuple(sorted(found - {"", "''"}, key=lambda secret: (-len(secret), secret)))


def scrub(text: str, dsn: str) -> str:
    """Replace every password of `dsn` in `text` (a message of a driver, say) by `***`."""
    secrets = secrets_of(dsn)
    if not secrets:
        return text
    # One or two characters stand in any word by chance; replacing them there would show what they are.
    forms = [re.escape(s) if len(s) > 2 else rf"(?<!\w){re.escape(s)}(?!\w)" for s in secrets]
    return re.sub("|".join(forms), MASK, text)


def _file(text: str) -> FileTarget:
    if not text:
        raise Invalid(f"The target is empty: give {_FORMS}")
    if text == ":memory:":
        raise Invalid("The target :memory: is a database that nobody else could look into: give a path")
    if "\0" in text:
        raise Invalid("The path has a NUL character in it, which no file name can hold: give another path")
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise Invalid("The path has characters that no file name can hold: give another path") from None
    return FileTarget(Path(_expanded(text)))


def _expanded(text: str) -> str:
    # Not Path.expanduser: it cannot tell ~ from ./~, and fails for an unknown user.
    try:
        return os.path.expanduser(text)  # noqa: PTH111
    except ValueError:  # a user's name with a NUL
        return text


def _url(scheme: str, text: str) -> FileTarget | ServerTarget:
    rest = text[len(scheme) :]
    if scheme in ("postgresql", "postgres"):
        return _server(scheme + rest)
    if scheme == "sqlite":
        return _sqlite(rest.removeprefix("://"))
    instead = _FORMS
    if scheme == "file":
        instead = "the path alone, without file://"
    elif scheme.startswith("sqlite+"):
        instead = "sqlite:// without the driver's name"
    elif scheme.startswith(("postgresql+", "postgres+")):
        instead = "postgresql:// without the driver's name"
    raise Invalid(f"The workbench does not open {scheme}:// targets: give {instead}")


def _sqlite(rest: str) -> FileTarget:
    """Read what stands after `sqlite://`: SQLAlchemy's meaning, and `~` as in a plain path."""
    if not rest.startswith("/"):
        raise Invalid(
            "A sqlite:// URL has no host: write sqlite:///relative.db or, with four slashes, sqlite:////absolute.db"
        )
    if "?" in rest:
        raise Invalid("A sqlite:// URL takes no parameters here: leave them out (a ? in a name is %3F)")
    raw = rest[1:]
    try:
        path = os.fsdecode(unquote_to_bytes(os.fsencode(raw)))
    except UnicodeEncodeError:
        raise Invalid("The sqlite:// URL has characters that no file name can hold: use %XX") from None
    if path in ("", ":memory:"):
        raise Invalid("The sqlite:// URL names no file: write sqlite:///relative.db or sqlite:////absolute.db")
    return _file(f"./{path}" if path.startswith("~") and not raw.startswith("~") else path)


def _server(dsn: str) -> ServerTarget:
    for option in _options(dsn):
        if option.key != option.key.lower():
            raise Invalid(f"libpq knows {option.key} in lower case only: write {option.key.lower()}=…")
        if option.key == "port" and not all(_is_port(port.strip(_SPACES)) for port in option.value.split(",")):
            raise Invalid("The port in the connection text is no number from 1 to 65535: correct it")
    return ServerTarget(dsn)


def _refuse_near_misses(text: str) -> None:
    """Refuse what is surely no path: as a path it would be shown in full, its password too."""
    if half := _HALF_SCHEME.match(text):
        raise Invalid(f"The target begins with {half[1].lower()}: but not as a URL does: give {_FORMS}")
    if _INNER_SCHEME.search(text):
        raise Invalid(f"The target has a URL in it but does not begin with it: give {_FORMS}")
    keys = [key.lower() for key in _KEY.findall(text)]
    if any("password" in key for key in keys) or sum(key in KEYWORDS for key in keys) > 1:
        raise Invalid("The target does not begin with a keyword of libpq: begin it with host= or another one")


def _options(dsn: str) -> list[_Option]:
    if _SURROGATE.search(dsn):
        raise Invalid("The connection text is not valid Unicode: write it as a URL with %XX")
    if scheme := _SCHEME.match(dsn):
        if scheme[1].lower() not in ("postgresql", "postgres"):
            raise Invalid(f"A {scheme[1].lower()}:// URL is no connection text: write postgresql://…")
        return list(_url_options(dsn, scheme.end()))
    return list(_word_options(dsn))


def _url_options(dsn: str, start: int) -> Iterator[_Option]:
    """Read a URL as libpq does, but only where RFC 3986 reads the same."""
    if _UNSAFE.search(dsn):
        raise Invalid("The PostgreSQL URL has a space or a control character in it: write a space as %20")
    if _BAD_PERCENT.search(dsn):
        raise Invalid("The PostgreSQL URL has a % that begins no character: write % as %25")
    end = min((i for i in (dsn.find(c, start) for c in "/?#") if i >= 0), default=len(dsn))
    authority, tail = dsn[start:end], dsn[end:]
    path, _, query = tail.partition("?")
    if authority.count("@") > 1:
        raise Invalid("The PostgreSQL URL has more than one @: write an @ in a password as %40")
    # libpq ends the user part at the first @ before a slash, other programs at the last one before / ? or #.
    if "@" in path or tail.startswith("#") or (not path and "@" in query):
        raise Invalid(f"The PostgreSQL URL can be read in two ways: {_ESCAPES}")
    userinfo, _, hosts = authority.rpartition("@")
    for host in hosts.split(","):
        match = _HOST_PORT.fullmatch(host)
        if match is None or not _is_port(match["port"] or ""):
            raise Invalid(f"The PostgreSQL URL has no sensible host and port: write host:port, and {_ESCAPES}")
    user, colon, password = userinfo.partition(":")
    if colon:
        at = start + len(user) + 1
        yield _Option("password", at, at + len(password), unquote(password))
    yield from _query_options(query, len(dsn) - len(query))


def _query_options(query: str, at: int) -> Iterator[_Option]:
    for word in query.removesuffix("&").split("&") if query else ():
        raw_key, equals, raw = word.partition("=")
        key = unquote(raw_key)
        if not equals or "=" in raw or key.lower() not in _URL_KEYWORDS:
            raise Invalid(
                "After the ? of the PostgreSQL URL stands no keyword=value of libpq: correct it, and in a "
                "value write & as %26 and = as %3D, in a password ? as %3F"
            )
        at += len(raw_key) + 1
        yield _Option(key, at, at + len(raw), unquote(raw))
        at += len(raw) + 1


def _word_options(text: str) -> Iterator[_Option]:
    """Read `keyword=value` words with libpq's quoting."""
    position = 0
    while position < len(text):
        match = _KEY_VALUE.match(text, position)
        if match is None or match["key"].lower() not in KEYWORDS or "\0" in match[0]:
            raise Invalid(
                "The connection text is not in libpq's keyword=value form: put a value with spaces into "
                "single quotes, and a backslash before a quote or a backslash in it"
            )
        raw = match["value"]
        body = raw[1:-1] if raw.startswith("'") else raw
        yield _Option(match["key"], *match.span("value"), re.sub(r"\\(.?)", r"\1", body, flags=re.DOTALL))
        position = match.end()


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) <= 65535)


def _suspects(text: str) -> Iterator[str]:
    """Give what may be a password in a text that cannot be read: all of it but the keywords of libpq."""
    rest = text[scheme.end() :] if (scheme := _SCHEME.match(text)) else text
    for delimiters in (r"[\s@]", r"[\s@/?#&]", r"\W"):
        for piece in re.split(delimiters, rest):
            for form in (piece, unquote(piece)):
                if len(form) > 2 and form.lower() not in KEYWORDS:
                    yield form
