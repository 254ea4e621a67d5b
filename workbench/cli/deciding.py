"""`workbench approve`, `reject`, `send-back`, `answer` and `dismiss`: the verbs of the inbox on the command line."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from workbench.cli.failures import UNAVAILABLE, exit_code, exit_code_of_many, masked, state_of
from workbench.cli.inbox import print_detail
from workbench.cli.options import Command
from workbench.cli.session import Session
from workbench.cli.working import Working, way_to_write, working
from workbench.data.errors import Invalid, ReadOnly, Unavailable, WorkbenchError
from workbench.desk.kinds import QUESTION
from workbench.desk.verbs import ALWAYS, NEVER, VERBS, Verb

if TYPE_CHECKING:
    from workbench.desk.acting import Report
    from workbench.desk.audit import Audit
    from workbench.desk.verbs import Record

_PAUSE = 0.010  # seconds between two writes: each lock of ours can fail a write of the program that owns the file


def commands() -> list[click.Command]:
    """One command for each verb."""
    return [decision(verb) for verb in VERBS]


def decision(verb: Verb) -> click.Command:
    """The command of one verb."""

    def run(session: Session, ids: tuple[str, ...], sources: tuple[str, ...], yes: bool, text: str = "") -> int:
        return decide(session, verb, ids, sources, text, yes=yes)

    parameters: list[click.Parameter] = [
        click.Argument(["ids"], nargs=-1, required=True, metavar="ID..."),
        click.Option(["--source", "sources"], multiple=True, metavar="NAME", help="The source that the ids belong to."),
        click.Option(["--yes", "-y"], is_flag=True, help="Do not ask on a terminal."),
    ]
    if verb.text != NEVER:
        name = "--text" if QUESTION in verb.applies else "--reason"
        what = f"{verb.asks}."
        needed = {"required": True} if verb.text == ALWAYS else {"default": ""}
        parameters.append(click.Option([name, "text"], help=what, **needed))
    return Command(verb.id, callback=click.pass_obj(run), params=parameters, help=verb.words)


def decide(
    session: Session, verb: Verb, ids: Sequence[str], sources: Sequence[str], text: str, *, yes: bool = False
) -> int:
    """Use a verb on items, one after the other; what was already decided is reported and skipped."""
    words = verb.refuse_text(text)
    with working(session, sources) as desk:
        from workbench.desk.audit import Audit

        if desk.source.read_only:
            raise ReadOnly(f"{desk.name} is open read-only: {way_to_write(session)}")
        settings = session.loaded.settings
        audit = Audit(settings.home, settings.operator, secrets=session.secrets)
        asks = not yes and not session.output.as_json and _is_terminal()
        return _Decisions(session, desk, verb, words, audit, asks).all(list(dict.fromkeys(ids)))


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
    met: set[tuple[str, str]] = field(default_factory=set)
    errors: list[WorkbenchError] = field(default_factory=list)

    def all(self, ids: Sequence[str]) -> int:
        """Decide them all, whatever becomes of one; only when the source or the audit log is out of reach it ends."""
        for number, id in enumerate(ids, 1):
            try:
                self._one(id)
            except WorkbenchError as error:
                self._tell_failure(id, error)
                left = len(ids) - number
                if isinstance(error, Unavailable):
                    if left:
                        self.session.output.refusal(f"{left} more {'was' if left == 1 else 'were'} not tried")
                    return UNAVAILABLE
        return exit_code(self.errors[0]) if len(ids) == 1 and self.errors else exit_code_of_many(self.errors)

    def _one(self, id: str) -> None:
        from workbench.desk import acting

        record = self.desk.find(id, self.verb.applies)
        kind = acting.kind_of(record)
        if kind not in self.verb.applies:
            others = " or ".join(each.id for each in VERBS if kind in each.applies)
            raise Invalid(f"{id!r} is {_a(kind)}, and {self.verb.id} is not for one: use {others}")
        if (kind, record.id) in self.met:
            return  # named twice, by its id and by its beginning
        if self.met and not self.desk.source.ours:
            time.sleep(_PAUSE)
        self.met.add((kind, record.id))
        if record.status == "pending":
            for warning in acting.warnings(record):
                self.session.output.note(f"{record.id}: {warning}")
            if self.asks:
                found = self._confirmed(record)
                if found is None:
                    self.session.output.note(f"{record.id}: left as it is")
                    return
                record = found
        report = acting.perform(self.verb, self.desk.source, record, self.text, audit=self.audit, via="command line")
        if report.error is not None:
            raise report.error
        self._tell(report, kind)

    def _confirmed(self, record: Record) -> Record | None:
        """Show an item in full and ask; what was shown is what is decided."""
        from workbench.desk.acting import name_of

        detail = self.desk.detail(record)
        print_detail(self.session, detail)
        for caution in detail.cautions:
            self.session.output.note(caution)
        question = f"{self.verb.title} {name_of(detail.record)}?"
        return detail.record if click.confirm(question, default=False) else None

    def _tell(self, report: Report, kind: str) -> None:
        output, record = self.session.output, report.record
        if output.as_json:
            at = getattr(record, "answered_at" if kind == QUESTION else "resolved_at")
            line = {**self._line(record.id, self.verb.done), "status": record.status, "at": at}
            error = masked(str(report.unrecorded)) if report.unrecorded else None
            output.json({**line, "by": self.audit.operator, "error": error})
        elif report.unrecorded is None:
            output.line(str(report.words), "good")
        if report.unrecorded is not None:
            self.errors.append(report.unrecorded)
            output.refusal(str(report.words))

    def _tell_failure(self, id: str, error: WorkbenchError) -> None:
        self.errors.append(error)
        said = masked(str(error))
        if self.session.output.as_json:
            self.session.output.json({**self._line(id, state_of(error)), "error": said})
        self.session.output.refusal(said)

    def _line(self, id: str, result: str) -> dict[str, object]:
        line = {"source": self.desk.name, "verb": self.verb.id, "id": id, "result": result}
        return {**line, "status": None, "by": None, "at": None, "error": None}


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
