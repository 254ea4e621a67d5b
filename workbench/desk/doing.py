"""Doing what a verb says: on record before and after, whichever face asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.data.errors import WorkbenchError
from workbench.desk.verb import Doing, Done, Verb

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.audit import Audit
    from workbench.desk.noun import Key


def carry_out(
    verb: Verb,
    source: Source,
    doing: Doing,
    *,
    audit: Audit,
    key: Key | None,
    counts: Mapping[str, int],
    reason: str = "",
    via: str = "screen",
) -> tuple[Done, WorkbenchError | None]:
    """Do it; what it did, and why the audit log does not have its outcome, if that is so: it stands all the same."""
    more: dict[str, Any] = {name: value for name, value in doing.options.items() if name != "deed"}
    with audit.intent(
        source=source.name,
        where=source.display,
        verb=verb.id,
        noun=verb.noun,
        keys=[] if key is None else ["/".join(key)],
        counts=counts,
        reason=reason,
        via=via,
        more=more,
    ) as act:
        done = verb.run(source, doing)
        try:
            result = "stopped" if done.stopped else verb.done
            act.outcome(result, counts=done.counts, more={"trash": done.entry} if done.entry else None)
        except WorkbenchError as error:
            return done, error
    return done, None
