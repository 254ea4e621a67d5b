"""The sources of the operator's settings, to be added and taken out: for the commands and for the screen alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.failures import masked, remember_secrets
from workbench.cli.probing import opened
from workbench.cli.session import Session
from workbench.data.errors import Conflict, Invalid, NotFound, WorkbenchError
from workbench.settings import Opening, settings_files

if TYPE_CHECKING:
    from collections.abc import Collection

    from workbench.data import Source
    from workbench.desk.audit import Audit
    from workbench.settings.adding import NewSource


@dataclass(frozen=True, slots=True)
class Book:
    """What may be written into the settings of a run, and taken out of them. `via` says in the audit who asked."""

    session: Session
    via: str
    store_hint: str = "add --store-password"

    @property
    def file(self) -> Path:
        """The settings file."""
        return settings_files(self.session.config)[0].path

    @property
    def taken(self) -> Collection[str]:
        """The names that cannot be given."""
        return (*self.session.commands, *self.session.loaded.settings.sources)

    # -- adding ----------------------------------------------------------------------------------------------

    def refuse_name(self, name: str) -> None:
        """Pass for a name that is free."""
        if name in self.session.commands:
            raise Invalid(f'"{name}" is a command of the workbench; give the source another name')
        for other in self.session.loaded.settings.sources:
            if other.lower() == name.lower():
                place = self.session.loaded.place("sources", other, "target")
                raise Conflict(f'the source "{other}" is there already ({place}); give the new one another name')

    def refuse_password(self, new: NewSource) -> None:
        """Pass where no password would stand in the settings, or the operator wants it to."""
        remember_secrets(new.secrets)
        if new.secrets and not new.store_password:
            raise Invalid(
                "the target holds a password, which would stand in your settings file: write '${VARIABLE}' for it in "
                f"single quotes, use service= or --passfile, or {self.store_hint}"
            )

    def opening(self, new: NewSource, *, all_set: bool = False) -> Opening:
        """How it would be opened, looking only. With `all_set` a variable that is not set has some value."""
        from workbench.settings.editing import opening_of

        found = opening_of(new.name, new.entry(), self.file, all_set=all_set)
        remember_secrets(found.secrets)
        return replace(found, read_only=True)

    def open(self, new: NewSource) -> Source:
        """Open it to look at it; what goes wrong is said without a password."""
        try:
            return opened(self.opening(new), self.session.loaded.settings.timeouts)
        except WorkbenchError as error:
            raise type(error)(masked(str(error))) from None

    def is_file(self, new: NewSource) -> bool:
        """Whether it is a file or a directory, so that looking at it asks nobody else."""
        return isinstance(self.opening(new).target, Path)

    def add(self, new: NewSource, where: str | None = None) -> Path:
        """Write it into the settings file, on record; the settings are read anew."""
        from workbench.settings.editing import add_source

        entry, path = new.entry(), self.file
        more = {key: value for key, value in entry.items() if key not in ("target", "passfile")}
        where = self.opening(new).display if where is None else where
        with self._audit().intent(
            source=new.name, where=where, verb="add", noun="source", keys=[new.name], via=self.via, more=more
        ) as act:
            add_source(path, new.name, entry)
            act.outcome("added")
        self.session.read_again()
        return path

    # -- taking out ------------------------------------------------------------------------------------------

    def refuse_removal(self, name: str) -> None:
        """Pass for a source that stands in the settings file and may go."""
        loaded = self.session.loaded
        if name not in loaded.settings.sources:
            raise NotFound(f'there is no configured source "{name}"; `workbench source list` shows them')
        place = loaded.place("sources", name, "target")
        if name in loaded.local_sources or place.startswith("WORKBENCH_"):
            raise Invalid(f'the source "{name}" comes from {place}, not from your settings file; take it out there')
        if loaded.settings.default_source == name:
            where = loaded.place("default_source")
            raise Conflict(f'{where}: "{name}" is the default_source; name another one there first')

    def where(self, name: str) -> str:
        """Where a configured source is; nothing if it cannot even be composed, which is no reason to keep it."""
        found = next(each.opening for each in self.session.configured() if each.name == name)
        return found.display if isinstance(found, Opening) else ""

    def remove(self, name: str) -> Path:
        """Take it out of the settings file, on record; the database is not touched."""
        from workbench.settings.editing import remove_source

        path = self.file
        with self._audit().intent(
            source=name, where=self.where(name), verb="remove", noun="source", keys=[name], via=self.via
        ) as act:
            remove_source(path, name)
            act.outcome("removed")
        self.session.read_again()
        return path

    def _audit(self) -> Audit:
        from workbench.desk.audit import Audit

        settings = self.session.loaded.settings
        return Audit(settings.home, settings.operator, secrets=self.session.secrets)
