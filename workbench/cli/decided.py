"""`workbench approval decided`: who decided the calls of a tool lately, and how, as `w` shows it on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from workbench.cli.failures import OK
from workbench.cli.inbox import print_detail
from workbench.cli.options import Command
from workbench.cli.session import Session
from workbench.cli.working import Working, working
from workbench.data.errors import Corrupt, Invalid
from workbench.desk.kinds import APPROVAL

if TYPE_CHECKING:
    from workbench.data.agents.records import Approval

_MOST = 20


@click.command("decided", cls=Command)
@click.argument("id", required=False)
@click.option("--tool", metavar="NAME", help="Of this tool, exactly so named; with an ID, of the tool of that call.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="The source to look in.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=_MOST, show_default=True, metavar="N", help="How many at most."
)
@click.option("--utc", is_flag=True, help="Times in UTC, not in this machine's zone.")
@click.pass_obj
def decided(session: Session, id: str | None, tool: str | None, sources: tuple[str, ...], limit: int, utc: bool) -> int:
    """Show who decided a tool lately and how; with an ID, also in which arguments that call differs."""
    if (id is None) == (tool is None):
        raise Invalid("say which tool: give the ID of a call, or --tool NAME")
    from workbench.cli.listing import now_shown

    with working(session, sources, read_only=True) as desk:
        from workbench.desk.decisions_of_tool import data_of, detail_of, read_decisions

        name, call = (tool, None) if id is None else _call(desk, id)
        assert name is not None
        found = read_decisions(desk.source, name, call, limit)
        if session.output.as_json:
            for earlier in found.earlier:
                session.output.json({"source": desk.name, **data_of(earlier, call)})
        else:
            print_detail(session, detail_of(found, desk.name, now_shown(utc)))
    return OK


def _call(desk: Working, id: str) -> tuple[str, Approval]:
    from workbench.data.agents.records import Approval

    record = desk.find(id, (APPROVAL,))
    if not isinstance(record, Approval):
        raise Invalid(f"{id!r} is a question, which no tool is called for: name an approval")
    if not isinstance(record.tool_name, str):
        raise Corrupt(f"the tool of {id!r} cannot be read: name it with --tool")
    return record.tool_name, record
