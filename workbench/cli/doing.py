"""Deeds on the command line: counted first, asked about as their danger wants it, audited, reported row by row."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.failures import INTERRUPTED, OK, UNAVAILABLE, exit_code, exit_code_of_many, masked, state_of
from workbench.cli.listing import check_has, the_key, the_place
from workbench.cli.probing import opened
from workbench.cli.progress import Progress
from workbench.cli.session import Session, looking
from workbench.cli.working import opening_of, way_to_write
from workbench.data.errors import Invalid, ReadOnly, Unavailable, WorkbenchError
from workbench.desk.verb import DESTROY, Doing, Verb
from workbench.settings import Opening

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.audit import Audit
    from workbench.desk.noun import Key, Noun
    from workbench.desk.verb import Done


def do(
    session: Session,
    noun: Noun,
    deed: Verb,
    *,
    sources: Sequence[str],
    dry_run: bool,
    yes: bool,
    confirm: str | None,
    reason: str,
    ids: Sequence[str] = (),
    **options: Any,  # noqa: ANN401 - as click hands them over
) -> int:
    """Do a deed to rows that are named, or to what its options mean."""
    from workbench.desk.audit import Audit
    from workbench.desk.trash import Trash

    place = the_place(session, sources)
    opening = opening_of(session, place)
    settings = session.loaded.settings
    with opened(looking(opening) if dry_run else opening, settings.timeouts) as source:
        check_has(noun, source, opening.display)
        if source.read_only and not dry_run:
            raise ReadOnly(f"{place} is open read-only: {way_to_write(session)}")
        audit = Audit(settings.home, settings.operator, secrets=session.secrets)
        told = {name: value for name, value in options.items() if value not in (None, (), False)}
        base = Doing(None, {**told, "deed": deed.id}, settings.operator, Trash(settings.home))
        run = _Run(session, noun, deed, place, opening, source, audit, base, reason)
        return run.all(list(dict.fromkeys(ids)), dry_run=dry_run, yes=yes, confirm=confirm)


@dataclass
class _Run:
    """One run of a deed over one source."""

    session: Session
    noun: Noun
    deed: Verb
    place: str
    opening: Opening
    source: Source
    audit: Audit
    base: Doing
    reason: str
    errors: list[WorkbenchError] = field(default_factory=list)

    def all(self, ids: Sequence[str], *, dry_run: bool, yes: bool, confirm: str | None) -> int:
        """Count, ask, and do it to each."""
        wanted = [(None, self.base)] if self.deed.sweep else self._found(ids)
        counts = [self.deed.preview(self.source, doing) for _, doing in wanted]
        total: dict[str, int] = {}
        for each in counts:
            for name, count in each.items():
                total[name] = total.get(name, 0) + count
        if dry_run:
            self._tell_plan(wanted, counts)
        elif wanted and self._agreed(total, yes=yes, confirm=confirm):
            return self._each(wanted, counts, many=len(ids) > 1)
        return self._code(many=len(ids) > 1)

    def _each(
        self, wanted: Sequence[tuple[Key | None, Doing]], counts: Sequence[Mapping[str, int]], *, many: bool
    ) -> int:
        """Do it to one after the other. What ctrl+c keeps from being done is told too."""
        totals = [sum(count.values()) for count in counts]
        what = f"{self.noun.plural}: {self.deed.title.lower()}"
        with Progress(self.session.output, what, sum(totals), stops=True) as progress:
            for number, ((key, doing), counted) in enumerate(zip(wanted, counts, strict=True)):
                if progress.interrupted:
                    self._tell_left("/".join(key or ()))
                    continue
                progress.base = sum(totals[:number])
                watched = replace(doing, progress=progress, go_on=progress.go_on)
                if not self._one(key, watched, counted, progress):
                    return UNAVAILABLE
            if progress.interrupted:
                return INTERRUPTED
        return self._code(many=many)

    def _code(self, *, many: bool) -> int:
        if len(self.errors) == 1 and not many:
            return exit_code(self.errors[0])
        return exit_code_of_many(self.errors) if self.errors else OK

    def _found(self, ids: Sequence[str]) -> list[tuple[Key | None, Doing]]:
        found: dict[Key, Doing] = {}
        for id in ids:
            try:
                key = the_key(self.noun, self.source, id)
                doing = replace(self.base, record=self.noun.get(self.source, key))
                found[key] = replace(doing, shown=self.deed.look(self.source, doing)) if self.deed.look else doing
            except Unavailable:
                raise
            except WorkbenchError as error:
                self._tell_failure(id, error)
        return list(found.items())

    def _agreed(self, total: Mapping[str, int], *, yes: bool, confirm: str | None) -> bool:
        """Whether the operator wants it, as the danger of the deed asks it to be said."""
        what = f"{self.deed.title}: {_counted(total)} in {self.place}"
        destroys = self.deed.danger == DESTROY
        output = self.session.output
        asks = not output.as_json and all(each is not None and each.isatty() for each in (sys.stdin, sys.stdout))
        if self.deed.told:
            output.note(self.deed.told)
        if destroys and self.opening.production:
            if confirm is None and asks:
                confirm = click.prompt(f"{what}? Type {self.place} to do it", default="", show_default=False)
            if confirm != self.place:
                raise Invalid(f"{what}: {self.place} is a production source, so say --confirm {self.place}")
            return True
        if confirm is not None and confirm != self.place:
            raise Invalid(f"--confirm {confirm!r} is not the name of this source, which is {self.place}")
        if yes or confirm is not None:
            return True
        if asks:
            return click.confirm(f"{what}?", default=False)
        if destroys:
            raise Invalid(f"{what}: say --yes to do it, or --dry-run to look first")
        return True

    def _one(self, key: Key | None, doing: Doing, counts: Mapping[str, int], progress: Progress) -> bool:
        try:
            done, unrecorded = self._audited(key, doing, counts)
        except WorkbenchError as error:
            progress.clear()
            self._tell_failure("/".join(key or ()), error)
            return not isinstance(error, Unavailable)
        progress.clear()
        output = self.session.output
        if output.as_json:
            result = "stopped" if done.stopped else "done"
            line = {**self._line("/".join(key or ())), "result": result, "counts": dict(done.counts)}
            output.json({**line, "undo": done.entry, "error": masked(str(unrecorded)) if unrecorded else None})
        else:
            output.line(str(done.words), "doubtful" if done.stopped else "good")
            if done.entry is not None:
                output.note(f"`workbench undo {done.entry[:12]}` puts it back")
        if unrecorded is not None:
            self.errors.append(unrecorded)
            output.refusal(f"that stands, but the audit log holds only the intent: {masked(str(unrecorded))}")
        return True

    def _audited(self, key: Key | None, doing: Doing, counts: Mapping[str, int]) -> tuple[Done, WorkbenchError | None]:
        from workbench.desk.doing import carry_out

        audit, reason = self.audit, self.reason
        return carry_out(
            self.deed, self.source, doing, audit=audit, key=key, counts=counts, reason=reason, via="command line"
        )

    def _tell_plan(self, wanted: Sequence[tuple[Key | None, Doing]], counts: Sequence[Mapping[str, int]]) -> None:
        output = self.session.output
        for (key, _), count in zip(wanted, counts, strict=True):
            if output.as_json:
                output.json({**self._line("/".join(key or ())), "result": "dry run", "counts": dict(count)})
            else:
                of = f" of {'/'.join(key)}" if key else ""
                output.line(f"would {self.deed.id}: {_counted(count)}{of}")

    def _tell_failure(self, id: str, error: WorkbenchError) -> None:
        self.errors.append(error)
        said = masked(str(error))
        if self.session.output.as_json:
            self.session.output.json({**self._line(id), "result": state_of(error), "error": said})
        self.session.output.refusal(said)

    def _tell_left(self, id: str) -> None:
        if self.session.output.as_json:
            self.session.output.json({**self._line(id), "result": "not done"})
        self.session.output.refusal(f"{id}: not done, it was interrupted")

    def _line(self, id: str) -> dict[str, object]:
        line = {"source": self.place, "noun": self.noun.id, "verb": self.deed.id, "id": id or None}
        return {**line, "result": None, "counts": {}, "undo": None, "error": None}


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name[:-1] if count == 1 else name}" for name, count in counts.items())
