"""A source opened for a command that reads or decides: which one is meant, its inbox, an item by its id."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.cli.probing import opened
from workbench.cli.session import HOME, Session, looking
from workbench.data.errors import Invalid, NotFound, Unsupported, WorkbenchError
from workbench.desk.kinds import APPROVAL, QUESTION
from workbench.settings import Opening, TimeoutSettings

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.detail import Detail
    from workbench.desk.inbox import Inbox
    from workbench.desk.verbs import Record

_STORES = {APPROVAL: "approvals", QUESTION: "clarifications"}
_TOLD = 5  # candidates that are named when an id is not clear
_SAID = 60  # characters of an id that a sentence repeats


def chosen_places(session: Session, sources: Sequence[str]) -> list[str]:
    """The sources that are meant: the named ones, else the default, else the only configured one, else the home."""
    if sources:
        return list(dict.fromkeys(sources))
    settings = session.loaded.settings
    if settings.default_source is not None:
        return [settings.default_source]
    configured = list(settings.sources)
    return configured if len(configured) == 1 else [HOME]


def opening_of(session: Session, name: str) -> Opening:
    """How a source that was named is opened."""
    found = session.candidate(name).opening
    if isinstance(found, WorkbenchError):
        raise found
    return found


def way_to_write(session: Session) -> str:
    """What to do about a source that is open read-only."""
    if session.is_read_only:
        return "--read-only was given, and it always wins; leave it out"
    return "add --write, or set read_only = false for it in your settings"


class NoInbox(Unsupported):
    """The source holds nothing that waits for operators."""


@dataclass(frozen=True, slots=True)
class Working:
    """An open source with its name."""

    name: str
    source: Source

    def inbox(self) -> Inbox:
        """What waits in it."""
        from workbench.desk.inbox import read_inbox

        return read_inbox(self.source, self.name)

    def find(self, id: str, kinds: Collection[str] = (APPROVAL, QUESTION)) -> Record:
        """The record of that id, else the only one whose id begins so, among all of these kinds in the source.

        What is decided counts too: else a beginning that was somebody's a minute ago might mean another one now.
        """
        if not id:
            raise Invalid("an id is needed: `workbench inbox` lists them")
        for among in (kinds, _STORES):
            found = self._exactly(id, among) or self._beginning(id, among)
            if found is not None:
                return found
        raise NotFound(
            f"nothing in {self.name} has an id that is or begins with {_said(id)}: `workbench inbox` lists what waits"
        )

    def _exactly(self, id: str, kinds: Collection[str]) -> Record | None:
        found = [record for kind in _STORES if kind in kinds and (record := self._get(kind, id)) is not None]
        if len(found) > 1:
            raise Invalid(f"an approval and a question in {self.name} have the id {_said(id)}: decide it on the screen")
        return found[0] if found else None

    def _beginning(self, id: str, kinds: Collection[str]) -> Record | None:
        found = [(kind, each) for kind in _STORES if kind in kinds for each in self._ids(kind, id)]
        if len(found) > 1:
            some = ", ".join(_said(each) for _, each in found[:_TOLD])
            more = ", …" if len(found) > _TOLD else ""
            raise Invalid(f"{_said(id)} is the beginning of several ids in {self.name}: {some}{more}; write more of it")
        return self._get(*found[0]) if found else None

    def _get(self, kind: str, id: str) -> Record | None:
        try:
            found: Record = getattr(self.source, _STORES[kind]).get(id)
        except (NotFound, Unsupported):
            return None
        return found

    def _ids(self, kind: str, beginning: str) -> tuple[str, ...]:
        try:
            found: tuple[str, ...] = getattr(self.source, _STORES[kind]).ids(beginning)
        except Unsupported:
            return ()
        return found

    def detail(self, record: Record) -> Detail:
        """An item as it is shown in full, read anew; what is decided then is the record in it."""
        from workbench.data.agents.records import Approval
        from workbench.desk import inbox
        from workbench.desk.item_detail import read_detail

        if isinstance(record, Approval):
            item = inbox.of_approval(self.name, record)
        else:
            item = inbox.of_question(self.name, record)
        found = read_detail(self.source, item, inbox.ABANDONED_AFTER)
        if found is None:
            raise NotFound(f"{_said(record.id)} has just gone from {self.name}")
        return found

    def described(self, record: Record) -> dict[str, object]:
        """A record in full, for programs."""
        from workbench.desk.acting import kind_of, warnings

        names = [name for name in type(record).__slots__ if name != "stored"]
        values = {name: _told(getattr(record, name)) for name in names}
        return {"kind": kind_of(record), "source": self.name, **values, "messenger": bool(warnings(record))}


@contextmanager
def working(session: Session, sources: Sequence[str], *, read_only: bool = False) -> Iterator[Working]:
    """Open the one source that is meant."""
    places = chosen_places(session, sources)
    if len(places) != 1:
        raise Invalid("name one source: an id belongs to one of them")
    opening = opening_of(session, places[0])
    with at_work(looking(opening) if read_only else opening, session.loaded.settings.timeouts) as desk:
        yield desk


@contextmanager
def at_work(opening: Opening, timeouts: TimeoutSettings) -> Iterator[Working]:
    """Open a source that can have an inbox."""
    with opened(opening, timeouts) as source:
        if not source.capabilities & set(_STORES.values()):
            raise NoInbox(
                f"{opening.display} has no inbox: it holds {', '.join(source.kinds) or 'nothing yet'}, and approvals "
                "and questions are in agents databases"
            )
        yield Working(opening.name, source)


def _said(id: str) -> str:
    """An id as a sentence repeats it."""
    return repr(id if len(id) <= _SAID else f"{id[:_SAID]}…")


def _told(value: object) -> object:
    from workbench.data import Damaged

    return {"damaged": value.why, "raw": repr(value.raw)} if isinstance(value, Damaged) else value
