"""`./workbench.toml`: what a file in the current directory may say, which is little.

Whoever can write into a directory must not be able to change what the operator's own settings mean, nor to make the
workbench send one of the operator's secrets somewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from workbench.data.errors import Invalid
from workbench.data.target import FileTarget, parse_target
from workbench.settings import schema
from workbench.settings.layers import Layer

FILE_NAME = "workbench.toml"
_TABLES = ("sources", "theme", "columns")
# What a connection may be told by a file that is not the operator's own: an address, and nothing that reads a file.
_OPTIONS = frozenset(
    {"host", "hostaddr", "port", "dbname", "user", "password", "sslmode"}
    | {"connect_timeout", "application_name", "target_session_attrs"}
)
# With these libpq looks for no secret by itself. A path under a file that is no directory cannot exist;
# the null device itself would draw a warning of libpq on the screen.
_NO_SECRETS = {"passfile": f"{os.devnull}/none", "sslcertmode": "disable", "gssencmode": "disable"}


def refuse_what_is_not_allowed(layer: Layer, taken: Iterable[str], user_file: str) -> None:
    """Raise `Invalid` with file and line for the first setting that only the operator's own file may hold."""
    names = {name.lower() for name in taken}
    for key, value in layer.values.items():
        place, written = layer.origins[key], schema.dotted(key)
        if key[0] not in _TABLES:
            raise Invalid(f'{place}: a file in the current directory may not set "{written}"; set it in {user_file}')
        if key[0] != "sources":
            continue
        name, setting = key[1], key[2]
        if name.lower() in names:
            raise Invalid(
                f'{place}: the source "{name}" is yours already, and a file in the current directory may only add '
                "new ones; give it another name"
            )
        if why := _why_refused(setting, value):
            raise Invalid(f"{place}: {written} {why}; set such a source in {user_file}")


def _why_refused(setting: str, value: object) -> str | None:
    match setting, value:
        case "read_only", False:
            return "cannot be false here, because sources of a file in the current directory are always read-only"
        case "passfile", _:
            return "may not be used in a file in the current directory"
        case "allow_other_owner", True:
            return "cannot be true in a file in the current directory"
        case "target", str():
            return _why_target_refused(value)
    return None


def _why_target_refused(target: str) -> str | None:
    """The end of a sentence when a target could draw on what is the operator's."""
    if "${" in target:
        return "may not use ${} in a file in the current directory"
    try:
        return None if isinstance(parse_target(target), FileTarget) else _why_connection_refused(target)
    except Invalid as error:
        return f"cannot be understood: {error}"


def _why_connection_refused(dsn: str) -> str | None:
    try:
        used = _options(dsn)
    except ValueError:
        return "is no connection text"
    wrong = next((option for option in used if option not in _OPTIONS), None)
    return f"may not use the connection option {wrong}= in a file in the current directory" if wrong else None


def without_secrets(dsn: str) -> Mapping[str, str]:
    """The connection options that keep libpq from looking for the operator's secrets; `Invalid` if none can."""
    if why := _why_connection_refused(dsn):
        raise Invalid(f"The target {why}; set such a source in your own settings file")
    return _NO_SECRETS if _options(dsn).get("password") else {"password": "", **_NO_SECRETS}


def _options(dsn: str) -> dict[str, str]:
    """The options of a connection text as libpq itself reads them."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    except ProgrammingError:
        # libpq quotes the text in its message, which may be a password.
        raise ValueError("no connection text") from None
