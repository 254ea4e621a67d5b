"""A source that somebody wants to add: what would stand in the settings for it, and why it may not.

The command line and the screen both go through here, so that both write, refuse and hide the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_from_bytes

from workbench.data.errors import Invalid, WorkbenchError
from workbench.data.target import FileTarget, ServerTarget, mask, parse_target, secrets_of
from workbench.settings.layers import RESERVED_NAMES
from workbench.settings.targets import has_literal_password

_LONGEST = 24  # characters of a name that is suggested
_DATABASE = re.compile(r"(?:dbname=|\w/)([A-Za-z0-9_.-]+)\s*(?:\?.*|\s.*)?$")


@dataclass(frozen=True, slots=True)
class NewSource:
    """What was asked for. A password that stands in `target` is not stored unless `store_password` says so."""

    name: str
    target: str = field(repr=False)
    read_write: bool = False
    production: bool = False
    passfile: str | None = None
    allow_other_owner: bool = False
    store_password: bool = False

    @property
    def holds_password(self) -> bool:
        """Whether a password stands in the target itself."""
        return has_literal_password(self.target)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The passwords that stand there."""
        return secrets_of(self.target) if self.holds_password else ()

    def entry(self) -> dict[str, str | bool]:
        """What stands in the settings under its name; what is as it usually is stands there not."""
        entry: dict[str, str | bool] = {"target": stored(self.target)}
        if self.read_write:
            entry["read_only"] = False
        for name in ("production", "allow_other_owner"):
            if getattr(self, name):
                entry[name] = True
        if self.passfile is not None:
            try:
                path = os.path.abspath(Path(self.passfile).expanduser())  # noqa: PTH100 - links stay
            except RuntimeError:  # "~somebody" who does not exist here
                raise Invalid(
                    '--passfile begins with "~", but that home is not known: write the path in full'
                ) from None
            entry["passfile"] = _text(path, "--passfile")
        return entry


def stored(target: str) -> str:
    """The target as the settings hold it: what depends on the current directory no longer does."""
    if not target.strip():
        raise Invalid("the target is empty; give a path, a PostgreSQL URL or key=value text")
    if "${" in target:
        # Its meaning is only known when it is opened; a relative path is made absolute as a text.
        is_path = not target.startswith(("$", "/", "~")) and "://" not in target and "=" not in target
        return _text(f"{Path.cwd()}/{target}" if is_path else target, "the target")
    parsed = parse_target(target)
    if not isinstance(parsed, FileTarget):
        return _text(target.strip(), "the target")
    path = os.path.abspath(parsed.path)  # noqa: PTH100 - links stay
    # A path that TOML cannot hold, or that could be read as something else, is written as a URL.
    plain = path.isprintable() and "${" not in path and "://" not in path and "=" not in path and path == path.strip()
    return path if plain else f"sqlite:///{quote_from_bytes(os.fsencode(path), safe='/')}"


def suggested_name(target: str, taken: Collection[str]) -> str:
    """A name for a source by what its target is called; nothing as long as nothing can be said."""
    try:
        parsed = parse_target(target, files_first=False) if target.strip() else None
    except WorkbenchError:
        parsed = None
    word = ""
    if isinstance(parsed, FileTarget):
        path = parsed.path.absolute()
        word = path.parent.name if path.stem in ("genie", "workbench", "index") else path.stem
        word = word or path.stem
    elif isinstance(parsed, ServerTarget):
        found = _DATABASE.search(mask(target))  # what stands in a password is no name
        word = found[1] if found else "server"
    word = re.sub(r"[^A-Za-z0-9._-]+", "-", word).strip("._-")[:_LONGEST].rstrip("._-")
    if not word:
        return ""
    small = {name.lower() for name in (*taken, *RESERVED_NAMES)}
    names = (word, *(f"{word}-{number}" for number in range(2, len(small) + 3)))
    return next(name for name in names if name.lower() not in small)


def _text(text: str, what: str) -> str:
    """A text that a settings file can hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid(
            f"{what} is not valid Unicode, which a settings file must be; write it as a URL with %XX"
        ) from None
    return text
