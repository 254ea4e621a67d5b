"""What operators did through the workbench: the audit log, an act a row, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.data.errors import Invalid, NotFound
from workbench.desk import cells
from workbench.desk.noun import HOUSE, Ask, Column, Key, Noun

if TYPE_CHECKING:
    from workbench.data import Page
    from workbench.desk.audit import Act
    from workbench.desk.detail import Detail
    from workbench.desk.house import House
    from workbench.desk.looking import Looking
    from workbench.desk.safe import SafeText

_TONES = {"failed": "bad", "interrupted": "warning", "unknown": "warning"}
_ID = 4  # characters of an id that are enough to look for it
_LONGEST, _LOOKED = 400, 4096  # cells of a text that a list shows, and characters of it that are looked at for secrets


# -- reading -------------------------------------------------------------------------------------------------


def _page(house: House, ask: Ask) -> Page[Act]:
    from workbench.desk.reading import sifted

    def read(at: Ask) -> Page[Act]:
        return house.audit.list(at.limit, at.after)

    if not ask.terms and not ask.sources:
        return read(ask)
    return sifted(read, ask, lambda act: _fits(act, ask))


def _fits(act: Act, ask: Ask) -> bool:
    entry = act.entry
    if ask.sources and entry.source not in ask.sources:
        return False
    told = {
        "operator": entry.operator, "source": entry.source, "verb": entry.verb, "noun": entry.noun,
        "result": act.result, "via": entry.via,
    }  # fmt: skip
    return all(told[name] == wanted for name, wanted in ask.terms.items())


def _get(house: House, key: Key) -> Act:
    for act in house.audit.acts():
        if act.entry.id == key[0]:
            return act
    raise NotFound(f"the audit log has no act {key[0]}: `workbench audit list` shows those that it has")


def _find(house: House, text: str) -> Sequence[Key]:
    if text.isdecimal() and len(text) < _ID:
        return [(act.entry.id,) for act in house.audit.acts() if str(act.entry.seq) == text]
    if len(text) < _ID:
        raise Invalid(f'"{text}" is too little of an id: write {_ID} characters of it, or the number of its record')
    found = dict.fromkeys(
        act.entry.id for act in house.audit.acts() if act.entry.id.startswith(text) or str(act.entry.seq) == text
    )
    return [(id,) for id in found]


def _detail(house: House, act: Act, looking: Looking) -> Detail:
    from workbench.desk.house_detail import act_detail

    return act_detail(act, looking)


def _check(house: House) -> SafeText | None:
    from workbench.desk.findings import BAD, of_audit

    return next((finding.words for finding in of_audit(house.home) if finding.level == BAD), None)


def _says(act: Act) -> str:
    entry = act.entry
    told = (entry.operator, entry.source, entry.verb, entry.noun, *entry.keys, entry.reason, act.result, entry.id)
    return " ".join(map(str, (*told, act.error or "")))


# -- cells ---------------------------------------------------------------------------------------------------


def _data(act: Act) -> dict[str, object]:
    """Everything about an act, for programs; what was previewed and what came of it side by side."""
    entry, intent, outcome = act.entry, act.intent, act.outcome
    return {
        "id": entry.id,
        "seq": entry.seq,
        "time": None if intent is None else intent.time,
        "ended": None if outcome is None else outcome.time,
        "operator": entry.operator,
        "host": entry.host,
        "ssh": entry.ssh,
        "pid": entry.pid,
        "source": entry.source,
        "where": entry.where,
        "via": entry.via,
        "verb": entry.verb,
        "noun": entry.noun,
        "keys": list(entry.keys),
        "counts": {} if intent is None else intent.counts,
        "unseen": entry.unseen,
        "reason": entry.reason,
        "more": {} if intent is None else intent.more,
        "result": act.result,
        "error": act.error,
        "result_counts": {} if outcome is None else outcome.counts,
        "result_more": {} if outcome is None else outcome.more,
    }


def _of(name: str) -> Callable[[Act, datetime], SafeText]:
    """A cell with one text or number of the record."""

    def cell(act: Act, moment: datetime) -> SafeText:
        return _words(getattr(act.entry, name))

    return cell


def _words(value: Any) -> SafeText:  # noqa: ANN401 - whatever the record has there
    from workbench.desk.safe import safe

    return cells.NONE if value in (None, "") else safe(str(value), limit=_LONGEST)


def _stamp(which: str) -> Callable[[Act, datetime], SafeText]:
    """A cell with the moment before or after the act, to the second and in UTC: logs of several machines compare."""

    def cell(act: Act, moment: datetime) -> SafeText:
        from workbench.desk.safe import plain

        entry = getattr(act, which)
        return cells.NONE if entry is None else plain(f"{entry.time:%Y-%m-%d %H:%M:%SZ}")

    return cell


def _when(act: Act, moment: datetime) -> SafeText:
    return cells.when("time")(act.entry, moment)


def _keys(act: Act, moment: datetime) -> SafeText:
    keys = act.entry.keys
    return _words(f"{keys[0]}{f' +{len(keys) - 1}' if len(keys) > 1 else ''}") if keys else cells.NONE


def _counts(act: Act, moment: datetime) -> SafeText:
    counts = {} if act.intent is None else act.intent.counts
    return _words(", ".join(f"{name} {count}" for name, count in counts.items()))


def _result(act: Act, moment: datetime) -> SafeText:
    return _words(act.result)


def _reason(act: Act, moment: datetime) -> SafeText:
    # What the operator wrote, or else what the failure said.
    return _said(act.entry.reason or act.error)


def _error(act: Act, moment: datetime) -> SafeText:
    return _said(act.error)


def _said(value: str | None) -> SafeText:
    from workbench.desk.secrets import mask

    return mask(value[:_LOOKED]).safe.cut(_LONGEST) if value else cells.NONE


AUDIT = Noun(
    id="audit",
    plural="acts",
    words="What operators did through the workbench, recorded before and after.",
    needs=frozenset(),
    columns=(
        Column("when", _when, "when it was begun", least=5, most=17, listed=False),
        Column("seq", _of("seq"), "the number of its record", listed=False, on_screen=False),
        Column("time", _stamp("intent"), "when it was begun, in UTC", on_screen=False),
        Column("ended", _stamp("outcome"), "when it was done, in UTC", listed=False, on_screen=False),
        Column("operator", _of("operator"), "who did it", least=11, most=24),
        Column("host", _of("host"), "on which machine", listed=False, on_screen=False),
        Column("ssh", _of("ssh"), "from where, if by ssh", listed=False, on_screen=False),
        Column("pid", _of("pid"), "in which process", listed=False, on_screen=False),
        Column("source", _of("source"), "where it was done", least=7, most=20, drop=2),
        Column("where", _of("where"), "the address of that", listed=False, on_screen=False),
        Column("via", _of("via"), "by the screen or the command line", listed=False, on_screen=False),
        Column("verb", _of("verb"), "what was done", least=7, most=12),
        Column("noun", _of("noun"), "to what", least=8, most=12, drop=1),
        Column("counts", _counts, "how much it was about to change", listed=False, on_screen=False),
        Column("unseen", _of("unseen"), "lines that were never on screen", listed=False, on_screen=False),
        Column(
            "result",
            _result,
            "what became of it",
            least=8,
            most=12,
            tone=lambda act, moment: _TONES.get(act.result, "good"),
        ),
        Column("reason", _reason, "why, or why not", least=12, grows=True, drop=3),
        Column("keys", _keys, "to which", least=8, most=36, drop=4, on_screen=False),
        Column("error", _error, "why it failed", listed=False, on_screen=False),
        Column("id", _of("id"), "its id", listed=False, on_screen=False),
    ),
    key=lambda act: (act.entry.id,),
    page=_page,
    get=_get,
    find=_find,
    data=_data,
    detail=_detail,
    says=_says,
    terms={
        "operator": "who did it",
        "source": "where",
        "verb": "what was done",
        "noun": "to what",
        "result": "what became of it",
        "via": "screen or command line",
    },
    where=HOUSE,
    nothing="nothing has been recorded yet; the first act makes the log",
    check=_check,
)
