"""Reading a settings file: each way in which it can be wrong is one sentence with the file and the line."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.errors import Invalid, Unavailable
from workbench.settings.layers import Layer, put_table
from workbench.settings.schema import Key

if TYPE_CHECKING:
    from workbench.settings.lines import KeyPath

_TOO_LARGE = 1 << 20
_AT = r" \(at (?:line (\d+), column (\d+)|end of document)\)$"


@dataclass(frozen=True, slots=True)
class SettingsText:
    """The text of a settings file, how to call the file, and what `stat` said of the file that was read."""

    path: Path
    shown: str
    text: str
    status: os.stat_result


def shown(path: Path) -> str:
    """A path as people write it: the home directory is `~`."""
    try:
        return f"~{os.sep}{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


def read_settings(path: Path, *, name: str, named_by_user: bool) -> SettingsText | None:
    """Read a settings file, or None if there is none; `name` is what messages call it.

    A file that the user named may be a pipe; any other must be a regular file, so that reading never waits.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if named_by_user else os.O_NONBLOCK))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Unavailable(f"{name}: the settings cannot be read: {error.strerror}; check who may read it") from None
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        os.close(descriptor)
        raise Invalid(f"{name}: this is a directory, not a settings file; move it or name a file")
    with os.fdopen(descriptor, "rb") as file:
        if not (stat.S_ISREG(status.st_mode) or named_by_user):
            raise Invalid(f"{name}: this is not a regular file; move it or name a file with --config")
        try:
            raw = file.read(_TOO_LARGE + 1)
        except OSError as error:
            raise Unavailable(f"{name}: the settings cannot be read: {error.strerror}") from None
    if len(raw) > _TOO_LARGE:
        raise Invalid(f"{name}: this is larger than 1 MiB, which no settings file is; name another file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Invalid(f"{name}:{line}: this is not UTF-8 text; save the file as UTF-8") from None
    return SettingsText(path, name, text, status)


def file_layer(file: SettingsText, base: Path) -> Layer:
    """The settings of a file as a layer; refuses what is no TOML, unknown, or of the wrong type."""
    table, lines = _parsed(file)

    def place(key: Key) -> str:
        line = lines.get(key)
        return f"{file.shown}:{line}" if line else file.shown

    layer = Layer(base)
    put_table(layer, table, place)
    return layer


def _parsed(file: SettingsText) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    # Where there is no settings file, nothing of this is needed.
    import tomllib

    from workbench.settings.lines import key_lines

    try:
        return tomllib.loads(file.text), key_lines(file.text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = re.search(_AT, message)
        line = int(at[1]) if at and at[1] else file.text.count("\n") + (not file.text.endswith("\n"))
        what = re.sub(_AT, f" (column {at[2]})" if at and at[2] else " (at the end of the file)", message)
        raise Invalid(f"{file.shown}:{line}: this is not TOML, correct the line: {what}") from None
    except RecursionError:
        raise Invalid(f"{file.shown}: the values are nested too deeply; flatten them") from None
