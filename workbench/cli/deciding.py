"""`workbench approve`, `reject`, `send-back`, `answer` and `dismiss`: the verbs of the inbox on the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from workbench.cli.failures import UNAVAILABLE, exit_code, exit_code_of_many, masked, state_of
from workbench.cli.inbox import print_detail
from workbench.cli.options import Command
from workbench.cli.session import Session
from workbench.cli.working import Working, way_to_write, working
from workbench.data.errors import Conflict, Corrupt, Invalid, ReadOnly, Unavailable, WorkbenchError
from workbench.desk.kinds import QUESTION
from workbench.desk.verbs import ALWAYS, NEVER, VERBS, Verb

if TYPE_CHECKING:
    from workbench.desk.audit import Audit
    from workbench.desk.together import Became, Group, Item, LeftOut
    from workbench.desk.verbs import Record

_APART = (
    "came by a messenger and is not decided along with others, because its program will swallow that sender's next "
    "messages until it restarts: answer in the channel, or name it alone"
)


def commands() -> list[click.Command]:
    """One command for each verb."""
    return [decision(verb) for verb in VERBS]


def decision(verb: Verb) -> click.Command:
    """The command of one verb."""

    def run(
        session: Session, ids: tuple[str, ...], sources: tuple[str, ...], yes: bool, dry_run: bool, text: str = ""
    ) -> int:
        return decide(session, verb, ids, sources, text, yes=yes, dry_run=dry_run)

    parameters: list[click.Parameter] = [
        click.Argument(["ids"], nargs=-1, required=True, metavar="ID..."),
        click.Option(["--source", "sources"], multiple=True, metavar="NAME", help="The source that the ids belong to."),
        click.Option(["--yes", "-y"], is_flag=True, help="Do not ask on a terminal."),
        click.Option(["--dry-run"], is_flag=True, help="List in full what would be decided, and decide nothing."),
    ]
    if verb.text != NEVER:
        name = "--text" if QUESTION in verb.applies else "--reason"
        what = f"{verb.asks}."
        needed = {"required": True} if verb.text == ALWAYS else {"default": ""}
        parameters.append(click.Option([name, "text"], help=what, **needed))
    return Command(verb.id, callback=click.pass_obj(run), params=parameters, help=verb.words)


def decide(
    session: Session,
    verb: Verb,
    ids: Sequence[str],
    sources: Sequence[str],
    text: str,
    *,
    yes: bool = False,
    dry_run: bool = False,
) -> int:
    """Use a verb on items: all of them are looked up and listed, then each is decided, or skipped and reported."""
    words = verb.refuse_text(text)
    with working(session, sources, read_only=dry_run) as desk:
        from workbench.desk.audit import Audit

        if desk.source.read_only and not dry_run:
            raise ReadOnly(f"{desk.name} is open read-only: {way_to_write(session)}")
        settings = session.loaded.settings
        audit = Audit(settings.home, settings.operator, secrets=session.secrets)
        asks = not yes and not session.output.as_json and _is_terminal()
        run = _Decisions(session, desk, verb, words, audit, asks)
        unique = list(dict.fromkeys(ids))
        return run.rehearse(unique) if dry_run else run.all(unique)


def _is_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


@dataclass
class _Decisions:
    """One run of a verb over items of one source."""

    session: Session
    desk: Working
    verb: Verb
    text: str
    audit: Audit
    asks: bool
    errors: list[WorkbenchError] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)  # what each item was called
    untried: int = 0

    def all(self, ids: Sequence[str]) -> int:
        """Decide them all, whatever becomes of one; only when the source or the audit log is out of reach it ends."""
        from workbench.desk.together import LeftOut, group

        records = self._found(ids)
        if records is None:
            return UNAVAILABLE
        found = [self._judged(record) for record in records]
        ours = group(self.verb, found)
        chosen = {item.key: item for item in self._agreed(ours)}
        # What cannot be decided goes the same way, unasked: it is refused with the whole reason, and on record.
        for record, each in zip(records, found, strict=True):
            if isinstance(each, LeftOut):
                chosen[each.key] = self._item(record)
        self._decide([chosen[each.key] for each in found if each.key in chosen])
        if ours.apart and not self.untried:
            self._apart(ours)
        if any(isinstance(error, Unavailable) for error in self.errors):
            return UNAVAILABLE
        return exit_code(self.errors[0]) if len(ids) == 1 and self.errors else exit_code_of_many(self.errors)

    def rehearse(self, ids: Sequence[str]) -> int:
        """List what would be decided and what would not, and decide nothing."""
        from workbench.desk.together import LeftOut, group

        records = self._found(ids)
        if records is None:
            return UNAVAILABLE
        found = [self._judged(record, looking=True) for record in records]
        ours = group(self.verb, found)
        for each in found:
            if isinstance(each, LeftOut):
                self._tell_left_out(each)
        if ours.items:
            self._list(ours, say_apart=False)
        for item in ours.items:
            if self.session.output.as_json:
                self.session.output.json(self._line(item.record.id, "dry run"))
            else:
                self.session.output.line(f"would {self.verb.id}: {_name(item.record)}")
        for item in ours.apart:
            self._tell_failure(item.record.id, Invalid(f"{item.record.id!r} {_APART}"), "apart")
        return exit_code(self.errors[0]) if len(ids) == 1 and self.errors else exit_code_of_many(self.errors)

    # -- finding ---------------------------------------------------------------------------------------------

    def _found(self, ids: Sequence[str]) -> list[Record] | None:
        """The records that are meant; None when the source is out of reach."""
        from workbench.desk.acting import kind_of

        records: dict[tuple[str, str], Record] = {}
        for number, id in enumerate(ids):
            try:
                record = self.desk.find(id, self.verb.applies)
                kind = kind_of(record)
                if kind not in self.verb.applies:
                    others = " or ".join(each.id for each in VERBS if kind in each.applies)
                    raise Invalid(f"{id!r} is {_a(kind)}, and {self.verb.id} is not for one: use {others}")
            except WorkbenchError as error:
                self._tell_failure(id, error)
                if isinstance(error, Unavailable):
                    self._say_untried(len(ids) - number - 1 + len(records))
                    return None
                continue
            records[kind, record.id] = record  # once, though it is named by its id and by its beginning
            self.names.setdefault((kind, record.id), id)
        return list(records.values())

    def _judged(self, record: Record, *, looking: bool = False) -> Item | LeftOut:
        from workbench.desk.together import judged

        return judged(self.desk.source, self.desk.name, self.verb, record, looking=looking)

    def _item(self, record: Record) -> Item:
        from workbench.desk.together import Item

        return Item(self.desk.name, record)

    # -- asking ----------------------------------------------------------------------------------------------

    def _agreed(self, ours: Group) -> list[Item]:
        """What of a group is to be decided: where the operator is asked, it is listed in full before."""
        from workbench.desk.acting import warnings

        if not ours.items:
            return []
        for item in ours.items:
            for warning in warnings(item.record):
                self.session.output.note(f"{item.record.id}: {warning}")
        if not self.asks:
            return list(ours.items)
        if len(ours.items) == 1:
            return self._agreed_to_one(ours.items[0])
        self._list(ours)
        if click.confirm(f"{self.verb.title} {ours.what}?", default=False):
            return list(ours.items)
        self.session.output.note(f"{ours.what}: left as they are")
        return []

    def _agreed_to_one(self, item: Item) -> list[Item]:
        """Show an item in full and ask; what was shown is what is decided."""
        detail = self.desk.detail(item.record)
        print_detail(self.session, detail)
        for caution in detail.cautions:
            self.session.output.note(caution)
        if click.confirm(f"{self.verb.title} {_name(detail.record)}?", default=False):
            return [self._item(detail.record)]
        self.session.output.note(f"{item.record.id}: left as it is")
        return []

    def _list(self, ours: Group, *, say_apart: bool = True) -> None:
        """Every argument of every item, and what to know before."""
        from dataclasses import replace

        from workbench.data.agents.clock import now
        from workbench.desk.together_lines import lay_out, listed

        if self.session.output.as_json:
            return
        moment = now()
        laid = {item.key: lay_out(item, moment) for item in ours.items}
        listing = listed(ours if say_apart else replace(ours, apart=()), laid)
        print_detail(self.session, listing.detail)
        for caution in listing.cautions:
            self.session.output.note(caution)

    # -- deciding --------------------------------------------------------------------------------------------

    def _decide(self, items: Sequence[Item]) -> None:
        from workbench.desk.together import decide

        told: list[Became] = []

        def tell(became: Became) -> None:
            told.append(became)
            self._tell(became)

        try:
            decide(self.verb, self.desk.source, items, self.text, audit=self.audit, via="command line", told=tell)
        except KeyboardInterrupt:
            self.untried += len(items) - len(told) - 1  # what became of that one, the audit log says
            self._say_untried(self.untried)
            raise
        self._say_untried(self.untried)

    def _apart(self, ours: Group) -> None:
        """What came by a messenger: a group of its own where somebody can be asked, else not decided now."""
        from workbench.desk.together import group

        if self.asks:
            self._decide(self._agreed(group(self.verb, ours.apart)))
            return
        for item in ours.apart:
            self._tell_failure(item.record.id, Invalid(f"{item.record.id!r} {_APART}"), "apart")

    def _say_untried(self, count: int) -> None:
        if count > 0:
            self.session.output.refusal(f"{count:,} more {'was' if count == 1 else 'were'} not tried")

    # -- telling ---------------------------------------------------------------------------------------------

    def _tell(self, became: Became) -> None:
        from workbench.desk.together import NOT_TRIED

        record, report = became.item.record, became.report
        if became.result == NOT_TRIED:
            self.untried += 1
            if self.session.output.as_json:
                self.session.output.json({**self._line(record.id, NOT_TRIED), "error": str(became.words)})
        elif report is None or report.error is not None:
            assert became.error is not None
            _, kind, id = became.key
            self._tell_failure(self.names.get((kind, id), id), became.error)
        else:
            self._tell_done(became)

    def _tell_done(self, became: Became) -> None:
        output, report = self.session.output, became.report
        assert report is not None
        record = report.record
        if output.as_json:
            at = getattr(record, "answered_at" if became.key[1] == QUESTION else "resolved_at")
            line = {**self._line(record.id, self.verb.done), "status": record.status, "at": at}
            error = masked(str(report.unrecorded)) if report.unrecorded else None
            output.json({**line, "by": self.audit.operator, "error": error})
        elif report.unrecorded is None:
            output.line(str(report.words), "good")
        if report.unrecorded is not None:
            self.errors.append(report.unrecorded)
            output.refusal(str(report.words))

    def _tell_left_out(self, left: LeftOut) -> None:
        why = str(left.why)
        error: WorkbenchError = (Conflict if why.startswith("already ") else Corrupt)(f"{left.name}: {why}")
        self._tell_failure(left.key[2], error)

    def _tell_failure(self, id: str, error: WorkbenchError, result: str | None = None) -> None:
        self.errors.append(error)
        said = masked(str(error))
        if self.session.output.as_json:
            self.session.output.json({**self._line(id, result or state_of(error)), "error": said})
        self.session.output.refusal(said)

    def _line(self, id: str, result: str) -> dict[str, object]:
        line = {"source": self.desk.name, "verb": self.verb.id, "id": id, "result": result}
        return {**line, "status": None, "by": None, "at": None, "error": None}


def _name(record: Record) -> str:
    from workbench.desk.acting import name_of

    return name_of(record)


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
