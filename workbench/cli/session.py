"""One run of the command line: its options, its settings, its output, and what a name on it means."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.cli.failures import remember_secrets, remembered_secrets
from workbench.cli.logs import start_log
from workbench.cli.output import Output
from workbench.data.errors import Invalid, NotFound, WorkbenchError
from workbench.data.target import FileTarget, mask, parse_target, secrets_of
from workbench.settings import Loaded, Opening, load, nearest

HOME = "home"
# Another program's database that is worth a word when nobody configured it.
GENIE = Path("~/.genie/genie.db")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A source that may be asked: how to open it, or why that cannot even be tried."""

    name: str
    opening: Opening | WorkbenchError


class Session:
    """What the commands share. Settings are read when they are first asked for."""

    def __init__(self, given: Mapping[str, Any], commands: Sequence[str], columns: Mapping[str, Sequence[str]]) -> None:
        self._given = given
        self._commands = commands
        self._columns = columns
        # Whether notices about the settings are printed beside the answer; the doctor's answer has them in it.
        self.tells_notices = True

    @cached_property
    def output(self) -> Output:
        """Where to print."""
        return Output(as_json=bool(self._given.get("json")), colour=not self._given.get("no_color"))

    @cached_property
    def loaded(self) -> Loaded:
        """The settings; each notice about them is printed once."""
        loaded = self._load()
        if why := start_log(loaded.settings.log_file):
            self.output.note(why)
        for notice in loaded.notices if self.tells_notices else ():
            self.output.note(notice)
        return loaded

    def read_again(self) -> None:
        """Take in what was changed in the settings file. Nothing is printed: a screen may be shown."""
        with suppress(WorkbenchError):  # another editor may be at it; then what was read before holds
            self.__dict__["loaded"] = self._load()

    def _load(self) -> Loaded:
        flags = {"json", "no_color", "write", "read_only", "debug"}
        loaded = load({key: value for key, value in self._given.items() if key not in flags})
        self._check_names(loaded)
        return loaded

    @property
    def commands(self) -> Sequence[str]:
        """The words that are commands, which no source can be called."""
        return self._commands

    @property
    def config(self) -> str | None:
        """The settings file that an option named."""
        named = self._given.get("config")
        return None if named is None else str(named)

    @property
    def is_read_only(self) -> bool:
        """Whether --read-only was given, which always wins."""
        return bool(self._given.get("read_only"))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that are written nowhere: the passwords of the sources that were opened so far."""
        return remembered_secrets()

    def configured(self) -> list[Candidate]:
        """Every configured source; one that cannot even be composed carries its error."""
        found = []
        for name in self.loaded.settings.sources:
            try:
                found.append(Candidate(name, self._configured(name)))
            except Invalid as error:
                found.append(Candidate(name, error))
        return found

    def home(self) -> Opening:
        """The workbench's own home, writable unless an option says otherwise."""
        path = self.loaded.settings.home
        return Opening(HOME, display=str(path), target=path, read_only=bool(self._given.get("read_only")), is_home=True)

    def candidate(self, text: str) -> Candidate:
        """What a word on the command line means, under a name without a password."""
        opening = self._meaning(text)
        return Candidate(opening.name, opening)

    def _meaning(self, text: str) -> Opening:
        """The home, a configured source, else a path or a DSN."""
        if text in self.loaded.settings.sources:
            return self._configured(text)
        if text == HOME:
            return self.home()
        parsed = parse_target(text)
        read_only = bool(self._given.get("read_only")) or not self._given.get("write")
        if not isinstance(parsed, FileTarget):
            remember_secrets(secrets_of(parsed.dsn))
            return Opening(mask(text), display=mask(text), target=parsed, read_only=read_only)
        if not os.path.lexists(parsed.path) and _is_word(text):
            raise NotFound(self._unknown(text))
        return Opening(text, display=str(parsed.path), target=parsed.path, read_only=read_only)

    def genie_hint(self) -> str | None:
        """A word about another program's database that is there and not configured."""
        try:
            path = GENIE.expanduser()
            status = path.stat()
        except (OSError, RuntimeError):
            return None
        for candidate in self.configured():
            with suppress(OSError, ValueError):
                target = candidate.opening.target if isinstance(candidate.opening, Opening) else None
                if isinstance(target, Path) and os.path.samestat(target.stat(), status):
                    return None
        return f"{GENIE} is there but not configured; look with `workbench {GENIE}`, or add it to your settings"

    def _configured(self, name: str) -> Opening:
        opening = self.loaded.opening(
            name, write=bool(self._given.get("write")), read_only=bool(self._given.get("read_only"))
        )
        remember_secrets(opening.secrets)
        return opening

    def _unknown(self, text: str) -> str:
        from difflib import get_close_matches

        known = [*self._commands, *self.loaded.settings.sources]
        near = get_close_matches(text, known, n=1, cutoff=0.6)
        hint = f'did you mean "{near[0]}"?' if near else "`workbench source list` shows the sources"
        return f'"{text}" is no command, no configured source and no file here; {hint}'

    def _check_names(self, loaded: Loaded) -> None:
        """What the settings alone cannot judge: names that commands have, and columns of our lists."""
        for name in loaded.settings.sources:
            if name in self._commands:
                place = loaded.place("sources", name, "target")
                raise Invalid(f'{place}: "{name}" is a command of the workbench; give this source another name')
        for noun, columns in loaded.settings.columns.items():
            known = list(self._columns.get(noun, ()))
            if not known:
                loaded.refuse(("columns", noun), f"names no list{nearest(noun, list(self._columns))}")
            for column in columns:
                if column not in known:
                    loaded.refuse(("columns", noun), f'names "{column}", which is no column{nearest(column, known)}')
            if not columns:
                loaded.refuse(("columns", noun), "must name at least one column")


def looking(opening: Opening) -> Opening:
    """The opening for a command that only looks: read-only whatever the mode, so that nothing appears on disk."""
    return replace(opening, read_only=True)


def _is_word(text: str) -> bool:
    """Whether a text looks like a name and not like a path."""
    return not text.startswith((".", "~")) and os.sep not in text and not Path(text).suffix
