"""`workbench inbox`: what waits for an operator, once, as a table, as JSON lines, or one item in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from workbench.cli.failures import OK, UNAVAILABLE, masked
from workbench.cli.list_options import SOURCE, UTC, list_options
from workbench.cli.listing import Listed, chosen_columns, now_shown, print_rows, read_everywhere
from workbench.cli.options import Command, Group
from workbench.cli.session import Session
from workbench.cli.working import NoInbox, at_work, chosen_places, working
from workbench.data.errors import WorkbenchError
from workbench.desk.nouns.waiting import INBOX
from workbench.settings import Opening, TimeoutSettings

if TYPE_CHECKING:
    from workbench.desk.detail import Detail
    from workbench.desk.inbox import Inbox as Found

_LIMIT = 2_000  # as many as are sorted
_LABEL = 9  # cells of the labels beside an item


class Inbox(Group):
    """A group that is a list by itself; what is none of its commands is the id of an item."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command by its name, else the one that shows an item."""
        if self.get_command(ctx, args[0]) is None:
            return args[0], self.commands["show"], args
        return super().resolve_command(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The words after `workbench inbox` in the usage line."""
        return ["[OPTIONS]", "[COMMAND | ID]"]


def _inbox(ctx: click.Context, **options: Any) -> int:  # noqa: ANN401 - as click hands them over
    if ctx.invoked_subcommand is None:
        return _list(ctx.obj, **options)
    # What stands before the command's name is meant for it.
    told = {
        name: value for name, value in options.items() if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    ctx.default_map = {ctx.invoked_subcommand: told}
    return OK


def _list(session: Session, sources: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401
    return print_inbox(session, sources, **options)


def _show(session: Session, id: str, sources: tuple[str, ...], utc: bool) -> int:
    now_shown(utc)
    with working(session, sources, read_only=True) as desk:
        record = desk.find(id)
        if session.output.as_json:
            session.output.json(desk.described(record))
        else:
            print_detail(session, desk.detail(record))
    return OK


_OPTIONS = list_options(INBOX, _LIMIT, of="")
_WORDS = "Show what waits for a decision or an answer, the most urgent first"
inbox = Inbox(
    "inbox",
    callback=click.pass_context(_inbox),
    params=_OPTIONS,
    invoke_without_command=True,
    help=f"{_WORDS}; with an ID, that item in full.",
)
for _command in (
    Command("list", callback=click.pass_obj(_list), params=_OPTIONS, help=f"{_WORDS}."),
    Command(
        "search",
        callback=click.pass_obj(_list),
        params=[click.Argument(["words"], metavar="WORDS"), *_OPTIONS],
        help="Find what waits by what is said in it.",
    ),
    Command(
        "show",
        callback=click.pass_obj(_show),
        params=[click.Argument(["id"], metavar="ID"), SOURCE, UTC],
        help="Show an item in full, whether it waits still or is decided.",
    ),
):
    inbox.add_command(_command)


def print_inbox(
    session: Session,
    sources: Sequence[str],
    *,
    filter: str = "",
    limit: int = _LIMIT,
    columns: str | None = None,
    as_csv: bool = False,
    utc: bool = False,
    strict: bool = False,
    words: str = "",
) -> int:
    """Print the inbox of these sources (or of the one that is meant without any); a dead one is a line of its own."""
    from workbench.data import Page
    from workbench.desk.inbox import by_urgency
    from workbench.desk.nouns.waiting import asked_for, check_terms

    asked = INBOX.ask(filter, limit)
    check_terms(asked)
    as_data = session.output.as_json or as_csv
    chosen = None if columns is None else chosen_columns(INBOX, columns, names_of_data=as_data)
    places = chosen_places(session, sources)
    read = read_everywhere(session, places, "inbox", _read)
    failed = [found for found in read.values() if isinstance(found, WorkbenchError)]
    if len(places) == 1 and failed:
        raise failed[0]
    for place, found in read.items():
        _tell(session, place, found)
    moment = now_shown(utc)
    items = [item for found in read.values() if not isinstance(found, WorkbenchError) for item in found.items]
    sought = replace(asked, words=(*asked.words, words.casefold())) if words else asked
    fitting = asked_for(by_urgency(items, moment), sought, moment)
    nothing = "nothing that waits matches" if filter or words else "nothing waits"
    page = Listed("", Page(tuple(fitting[:limit])))
    more = "" if not failed else " in what answered"
    print_rows(session, INBOX, [page], chosen, moment, as_csv=as_csv, nothing=nothing + more)
    if len(fitting) > limit:
        session.output.note(f"{len(fitting) - limit:,} more wait; --limit shows more of them")
    dead = [error for error in failed if not isinstance(error, NoInbox)]
    return UNAVAILABLE if dead and (strict or len(failed) == len(places)) else OK


def _read(opening: Opening, timeouts: TimeoutSettings) -> Found:
    with at_work(opening, timeouts) as desk:
        return desk.inbox()


def _tell(session: Session, place: str, found: Found | WorkbenchError) -> None:
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


def print_detail(session: Session, detail: Detail) -> None:
    """The lines of an item as the screen shows them."""
    from workbench.desk.safe import plain

    for line in detail.lines:
        label = line.label.pad(_LABEL) if line.labelled else plain("")
        session.output.line(plain("").join([label, *(text for text, _ in line.pieces)]))
