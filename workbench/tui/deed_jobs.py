"""What the threads of the screen do of a deed: count, do one or many, on record each, and undo. No drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workbench.data import Source
from workbench.data.errors import NotFound, Unavailable, WorkbenchError
from workbench.desk.places import Rules
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verb import Doing, Done, Verb
from workbench.tui.work import DONE, STOPPED, Work

if TYPE_CHECKING:
    from workbench.desk.noun import Key


@dataclass(frozen=True, slots=True)
class Wanted:
    """A deed that was asked for: on which record as it was shown (none for a sweep), how, and what it would change."""

    deed: Verb
    key: Key | None = None
    record: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    shown: Any = None

    @property
    def total(self) -> int:
        """How many rows that are."""
        return sum(self.counts.values())


def counted(counts: Mapping[str, int], most: int | None = None) -> str:
    """What would be changed, in words; of what was counted no further than `most` there are so many at least."""
    return ", ".join(
        f"{'≥ ' if count == most else ''}{count:,} {name[:-1] if count == 1 else name}"
        for name, count in counts.items()
    )


def doing_of(wanted: Wanted, rules: Rules, **more: Any) -> Doing:  # noqa: ANN401 - other fields of it
    """A run of the deed."""
    from workbench.desk.trash import Trash

    options = {**wanted.options, "deed": wanted.deed.id}
    return Doing(wanted.record, options, rules.operator, Trash(rules.home), shown=wanted.shown, **more)


def count(source: Source, wanted: Wanted, rules: Rules) -> Wanted:
    """The same, counted."""
    return replace(wanted, counts=dict(wanted.deed.preview(source, doing_of(wanted, rules))))


def do_one(source: Source, wanted: Wanted, rules: Rules, **more: Any) -> tuple[Done, WorkbenchError | None]:  # noqa: ANN401
    """Do one, on record before and after."""
    from workbench.desk.audit import Audit
    from workbench.desk.doing import carry_out

    audit = Audit(rules.home, rules.operator, secrets=rules.secrets)
    doing = doing_of(wanted, rules, **more)
    return carry_out(wanted.deed, source, doing, audit=audit, key=wanted.key, counts=wanted.counts)


def told(done: Done, unrecorded: WorkbenchError | None, undo: str) -> tuple[SafeText, bool]:
    """What to say of it, and whether it stands in the audit log as well."""
    words = done.words + plain(f" · {undo} puts it back" if done.entry else "")
    if unrecorded is None:
        return words, True
    return words + plain(". That stands, but the audit log holds only the intent: ") + safe(str(unrecorded)), False


def do_all(source: Source, work: Work, wanted: Sequence[Wanted], rules: Rules, undo: str) -> tuple[SafeText, str]:
    """Do them one after the other, each on record by itself; what was not done is told of each."""
    done = 0
    before = 0
    state = DONE
    for number, each in enumerate(wanted):
        if not work.go_on():
            work.more += [_of(left) + plain(": not done, it was stopped") for left in wanted[number:]]
            state = STOPPED
            break

        def progress(count: int, before: int = before) -> None:
            work.progress(before + count)

        try:
            found, unrecorded = do_one(source, each, rules, progress=progress, go_on=work.go_on)
        except WorkbenchError as error:
            if len(wanted) == 1:
                raise
            work.more.append(_of(each) + plain(": ") + safe(str(error)))
            if isinstance(error, Unavailable):  # each of the others would wait as long as this one did
                work.more += [_of(left) + plain(": not tried") for left in wanted[number + 1 :]]
                state = STOPPED
                break
        else:
            words, stands = told(found, unrecorded, undo)
            if len(wanted) == 1:
                return words, STOPPED if found.stopped else DONE
            done += not found.stopped
            if found.stopped or not stands:
                work.more.append(words)
        before += each.total
        work.progress(before)
    words = work.title + plain(f": {done:,} of {len(wanted):,} done")
    return words + plain(f" · {undo} puts the last back" if done else ""), STOPPED if work.stopping else state


def _of(wanted: Wanted) -> SafeText:
    return safe("/".join(wanted.key or ()), limit=80)


def undo_last(source: Source, rules: Rules) -> SafeText:
    """Put back what this operator deleted last."""
    from workbench.desk.audit import Audit
    from workbench.desk.trash import Trash
    from workbench.desk.trash_undo import undo

    trash = Trash(rules.home)
    entry = trash.newest(rules.operator)
    if entry is None:
        raise NotFound("there is nothing to undo: nothing of yours is in the trash")
    done = undo(source, entry, trash, Audit(rules.home, rules.operator, secrets=rules.secrets))
    counts = ", ".join(f"{count:,} {result}" for result, count in done.counts.items())
    return plain(f"{done.result}: ") + safe(f"{entry.about.verb} {entry.about.noun}") + plain(f" ({counts})")
