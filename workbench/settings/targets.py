"""From a configured source to what `open_source` is given; secrets join the target only here, and late."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from workbench.data.errors import Invalid
from workbench.data.target import FileTarget, ServerTarget, mask, parse_target, secrets_of
from workbench.settings.local import without_secrets
from workbench.settings.model import SourceSettings

# Patterns are texts here: each costs more to compile than all that most runs do with them.
_VARIABLE = r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}"
_URL = r"(?i)\s*(?:postgres|postgresql)://"
_SQLITE = r"(?i)\s*sqlite://"


@dataclass(frozen=True, slots=True)
class Opening:
    """How a source is opened: the arguments of `open_source`, and what the faces need to know beside them."""

    name: str
    display: str
    target: Path | ServerTarget = field(repr=False)
    read_only: bool
    allow_other_owner: bool = False
    production: bool = False
    is_home: bool = False
    secrets: tuple[str, ...] = field(default=(), repr=False)


def display_of(target: str) -> str:
    """The target as the settings say it: variables unexpanded, literal passwords masked."""
    if re.fullmatch(_VARIABLE, target.strip()):
        return target
    text, variables = _stand_ins(target)
    try:
        if isinstance(parse_target(text, files_first=False), FileTarget) or not _literal_secrets(text, variables):
            return target
    except Invalid:
        pass  # then nothing that may be a password is shown
    text = mask(text)
    for number, variable in variables.items():
        text = text.replace(number, variable)
    return text


def has_literal_password(target: str) -> bool:
    """Whether a password stands in the settings themselves."""
    text, variables = _stand_ins(target)
    try:
        is_server = isinstance(parse_target(text, files_first=False), ServerTarget)
        return is_server and bool(_literal_secrets(text, variables))
    except Invalid:
        return False


def check_variables(target: str) -> None:
    """Raise `ValueError` with the end of a sentence for a `${` that names no variable."""
    if "${" in target and "${" in re.sub(_VARIABLE, "", target):
        raise ValueError("holds a ${ that names no variable; write ${NAME}")


def opening(
    name: str, source: SourceSettings, base: Path, environ: Mapping[str, str], *, place: str, is_local: bool
) -> Opening:
    """What to open for a configured source; `Invalid` when a variable or the passfile is missing.

    `place` is where the target stands, `base` where relative paths start, `is_local` whether it is the
    current directory's file that says so.
    """
    text = source.target if is_local else _expanded(name, source.target, environ, place)
    try:
        parsed = parse_target(text, files_first=False)
    except Invalid as error:
        raise Invalid(f'{place}: the target of the source "{name}" cannot be understood: {error}') from None
    target: ServerTarget | Path
    if isinstance(parsed, FileTarget):
        if source.passfile is not None:
            raise Invalid(f'{place}: the source "{name}" is a file, for which a passfile has no meaning; remove it')
        target = base / parsed.path
        secrets: tuple[str, ...] = ()
    else:
        options = without_secrets(parsed.dsn) if is_local else _passfile(name, source, place)
        target = ServerTarget(_with_options(parsed.dsn, options))
        secrets = secrets_of(target.dsn)
    return Opening(
        name=name,
        display=str(target) if isinstance(target, Path) and "${" not in source.target else display_of(source.target),
        target=target,
        read_only=source.read_only or is_local,
        allow_other_owner=source.allow_other_owner,
        production=source.production,
        secrets=secrets,
    )


def _expanded(name: str, target: str, environ: Mapping[str, str], place: str) -> str:
    """The target with its variables; each value is quoted as the place where it stands asks for."""

    def value_of(variable: str) -> str:
        value = environ.get(variable)
        if value is None:
            raise Invalid(f'{place}: the source "{name}" needs the variable {variable}, which is not set; export it')
        return value

    if whole := re.fullmatch(_VARIABLE, target.strip()):
        return value_of(whole[1])
    quoted = _quoting(target)
    return re.sub(_VARIABLE, lambda found: quoted(value_of(found[1]), found.start()), target)


def _quoting(target: str) -> Callable[[str, int], str]:
    """How a value is written at a place of this target, so that it means itself there."""
    if re.match(_URL, target):
        host = _host_span(target)
        return lambda value, start: value if start in host else quote(value, safe="", errors="surrogateescape")
    if re.match(_SQLITE, target):
        return lambda value, _: quote(value, safe="/~", errors="surrogateescape")
    try:
        is_file = isinstance(parse_target(re.sub(_VARIABLE, "1", target), files_first=False), FileTarget)
    except Invalid:
        is_file = True
    if is_file:
        return lambda value, _: value

    def quoted(value: str, start: int) -> str:
        return _word(value, target[:start], target[target.index("}", start) + 1 :])

    return quoted


def _host_span(url: str) -> range:
    """Where the hosts and ports of a URL stand: after the last @, before the path."""
    start = url.index("://") + 3
    end = min((at for mark in "/?#" if (at := url.find(mark, start)) >= 0), default=len(url))
    return range(max(start, url.rfind("@", start, end) + 1), end)


def _word(value: str, before: str, after: str) -> str:
    """A value inside libpq's `key=value` text."""
    in_quotes = re.sub(r"\\.", "", before, flags=re.DOTALL).count("'") % 2 == 1
    escaped = re.sub(r"([\\'])", r"\\\1", value)
    if in_quotes:
        return escaped
    if before.rstrip().endswith("=") and not after[:1].strip():
        # Quoted even when empty: libpq would take the next word for the value of nothing.
        return f"'{escaped}'"
    return re.sub(r"(\s)", r"\\\1", escaped)


def _passfile(name: str, source: SourceSettings, place: str) -> dict[str, str]:
    """The passfile as a connection option; libpq would pass over a bad one in silence."""
    if source.passfile is None:
        return {}
    try:
        mode = source.passfile.stat().st_mode
    except OSError as error:
        raise Invalid(
            f'{place}: the passfile {source.passfile} of the source "{name}" cannot be read: {error.strerror}; '
            "correct the path"
        ) from None
    if not stat.S_ISREG(mode):
        raise Invalid(f'{place}: the passfile {source.passfile} of the source "{name}" is no file; correct the path')
    if os.name == "posix" and mode & 0o077:
        raise Invalid(
            f'{place}: the passfile {source.passfile} of the source "{name}" can be read by others; run chmod 600 on it'
        )
    return {"passfile": str(source.passfile)}


def _with_options(dsn: str, options: Mapping[str, str]) -> str:
    """The connection text with further options, in its own form."""
    if not options:
        return dsn
    if re.match(_URL, dsn):
        words = "&".join(f"{key}={quote(value, safe='', errors='surrogateescape')}" for key, value in options.items())
        join = "" if dsn.endswith(("?", "&")) else "&" if "?" in dsn else "?"
        return f"{dsn}{join}{words}"
    escaped = {key: re.sub(r"([\\'])", r"\\\1", value) for key, value in options.items()}
    return " ".join([dsn, *(f"{key}='{value}'" for key, value in escaped.items())])


def _stand_ins(target: str) -> tuple[str, dict[str, str]]:
    """The target with a number for each variable, which may stand anywhere, even as a port; and what each is."""
    numbers = (str(number) for number in range(10_000, 65_536) if str(number) not in target)
    variables: dict[str, str] = {}

    def number_for(found: re.Match[str]) -> str:
        number = next(numbers)
        variables[number] = found.group()
        return number

    return re.sub(_VARIABLE, number_for, target), variables


def _literal_secrets(text: str, variables: Mapping[str, str]) -> list[str]:
    """The passwords that stand in the text itself and are not just a variable."""

    def rest(secret: str) -> str:
        for number in variables:
            secret = secret.replace(number, "")
        return secret.strip("'")

    return [secret for secret in secrets_of(text) if rest(secret)]
