"""`workbench inbox`: what waits for an operator, once, as a table, as JSON lines, or one item in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from workbench.cli.failures import OK, UNAVAILABLE, masked
from workbench.cli.listing import read_everywhere
from workbench.cli.options import Command
from workbench.cli.output import Cell
from workbench.cli.session import Session
from workbench.cli.working import NoInbox, at_work, chosen_places, working
from workbench.data.errors import WorkbenchError
from workbench.settings import Opening, TimeoutSettings

if TYPE_CHECKING:
    from workbench.desk.detail import Detail
    from workbench.desk.inbox import Inbox, Waiting

COLUMNS = ("wait", "expires", "source", "kind", "id", "what", "from")
DEFAULT_COLUMNS = COLUMNS
_LONGEST = 100  # characters of a question or a sender in the table; an item in full has them all
_LABEL = 9  # cells of the labels beside an item


@click.command("inbox", cls=Command)
@click.argument("id", required=False)
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Look here; may be given more than once.")
@click.option("--strict", is_flag=True, help="Exit with 6 when any source does not answer.")
@click.pass_obj
def inbox(session: Session, id: str | None, sources: tuple[str, ...], strict: bool) -> int:
    """Show what waits for a decision or an answer, the most urgent first; with an ID, that item in full."""
    if id is None:
        return print_inbox(session, sources, strict=strict)
    with working(session, sources, read_only=True) as desk:
        record = desk.find(id)
        if session.output.as_json:
            session.output.json(desk.described(record))
        else:
            print_detail(session, desk.detail(record))
    return OK


def print_inbox(session: Session, sources: Sequence[str], *, strict: bool = False) -> int:
    """Print the inbox of these sources (or of the one that is meant without any); a dead one is a line of its own."""
    from workbench.data.agents.clock import now
    from workbench.desk.inbox import by_urgency

    places = chosen_places(session, sources)
    read = read_everywhere(session, places, "inbox", _read)
    failed = [found for found in read.values() if isinstance(found, WorkbenchError)]
    if len(places) == 1 and failed:
        raise failed[0]
    for place, found in read.items():
        _tell(session, place, found)
    moment = now()
    items = [item for found in read.values() if not isinstance(found, WorkbenchError) for item in found.items]
    _print(session, by_urgency(items, moment), moment, all_answered=not failed)
    dead = [error for error in failed if not isinstance(error, NoInbox)]
    return UNAVAILABLE if dead and (strict or len(failed) == len(places)) else OK


def _read(opening: Opening, timeouts: TimeoutSettings) -> Inbox:
    with at_work(opening, timeouts) as desk:
        return desk.inbox()


def _tell(session: Session, place: str, found: Inbox | WorkbenchError) -> None:
    """What is to be known beside the list."""
    output = session.output
    if isinstance(found, NoInbox):
        output.note(str(found))
    elif isinstance(found, WorkbenchError):
        output.refusal(f"{place}: {masked(str(found))}")
    else:
        if found.more:
            output.note(f"{place}: more than {len(found.items):,} wait; these are the newest")
        if found.damage:
            rows = len({damage.key for damage in found.damage})
            output.note(
                f"{place}: {rows} row{' is' if rows == 1 else 's are'} damaged; `workbench doctor {place}` says more"
            )


def _print(session: Session, items: Sequence[Waiting], moment: datetime, *, all_answered: bool) -> None:
    output = session.output
    if output.as_json:
        for item in items:
            output.json(record(item, moment))
    elif items:
        columns = session.loaded.settings.columns.get("inbox", list(DEFAULT_COLUMNS))
        output.table(columns, [[_cell(item, column, moment) for column in columns] for item in items])
    else:
        output.note("nothing waits" if all_answered else "nothing waits in what answered")


def record(item: Waiting, moment: datetime) -> dict[str, object]:
    """An item for programs."""
    return {
        "kind": item.kind,
        "source": item.source,
        "id": item.id,
        "what": item.what,
        "from": item.who,
        "asked": item.asked,
        "expires": item.expires,
        "overdue": item.overdue(moment),
        "probably": "abandoned" if item.abandoned(moment) else "waiting",
    }


def _cell(item: Waiting, column: str, moment: datetime) -> Cell:
    from workbench.desk import inbox as words

    match column:
        case "wait":
            return Cell(words.wait_cell(item, moment), "faint" if item.abandoned(moment) else "")
        case "expires":
            return Cell(words.expires_cell(item, moment), "bad" if item.overdue(moment) else "")
        case "source":
            return Cell(item.source)
        case "kind":
            return Cell(item.kind)
        case "id":
            return Cell(item.id)
        case "what":
            return Cell(words.what_cell(item, moment).cut(_LONGEST))
    return Cell(words.from_cell(item, moment).cut(_LONGEST))


def print_detail(session: Session, detail: Detail) -> None:
    """The lines of an item as the screen shows them."""
    from workbench.desk.safe import plain

    for line in detail.lines:
        label = line.label.pad(_LABEL) if line.labelled else plain("")
        session.output.line(plain("").join([label, *(text for text, _ in line.pieces)]))
