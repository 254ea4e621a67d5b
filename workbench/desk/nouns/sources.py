"""The sources that the workbench knows: what the settings say of them, and what they answered if they were asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.data.errors import NotFound
from workbench.desk import cells
from workbench.desk.noun import HOUSE, Ask, Column, Key, Noun

if TYPE_CHECKING:
    from workbench.data import Page
    from workbench.desk.detail import Detail
    from workbench.desk.house import House, Known
    from workbench.desk.looking import Looking
    from workbench.desk.safe import SafeText

_TONES = {"ok": "good", "not made yet": "muted", "not asked": "muted", "problem": "warning"}
_WHERE = 4_000  # cells of an address: the end of a path says more than its beginning, and the table cuts it


def _page(house: House, ask: Ask) -> Page[Known]:
    from workbench.data import Page
    from workbench.data.engine.page import Cursor

    found = [known for known in house.known() if fits(known, ask)]
    begin = int(str(ask.after.values[0])) if ask.after else 0
    end = begin + ask.limit
    return Page(tuple(found[begin:end]), Cursor((end,)) if end < len(found) else None)


def fits(known: Known, ask: Ask) -> bool:
    """Whether a source is among those that a list is asked for, but for the words."""
    wanted = ask.terms
    return (
        (not ask.sources or known.name in ask.sources)
        and wanted.get("mode", known.mode) == known.mode
        and wanted.get("state", known.state) == known.state
        and wanted.get("engine", known.engine) == known.engine
    )


def _get(house: House, key: Key) -> Known:
    for known in house.known():
        if known.name == key[0]:
            return known
    raise NotFound(f'there is no source "{key[0]}": `workbench source list` shows those that are configured')


def _find(house: House, text: str) -> Sequence[Key]:
    return [(known.name,) for known in house.known() if known.name.startswith(text)]


def _detail(house: House, known: Known, looking: Looking) -> Detail:
    from workbench.desk.house_detail import source_detail

    return source_detail(known, looking)


def _size(name: str) -> Callable[[Known, datetime], SafeText]:
    def cell(known: Known, moment: datetime) -> SafeText:
        from workbench.desk.amounts import size_text
        from workbench.desk.safe import plain

        return plain(size_text(getattr(known, name)))

    return cell


def _last_write(known: Known, moment: datetime) -> SafeText:
    from workbench.desk.amounts import age_text
    from workbench.desk.safe import plain

    return plain(age_text(known.last_write))


def _production(known: Known, moment: datetime) -> SafeText:
    from workbench.desk.safe import plain

    return plain("production") if known.production else cells.NONE


def _where(known: Known, moment: datetime) -> SafeText:
    from workbench.desk.safe import safe

    return safe(known.where, limit=_WHERE) if known.where else cells.NONE


SOURCE = Noun(
    id="source",
    plural="sources",
    words="The databases that agents write to, as they are configured.",
    needs=frozenset(),
    columns=(
        Column("name", cells.text("name"), "its name", least=6, most=30),
        Column(
            "state",
            cells.text("state"),
            "how it is",
            least=6,
            most=20,
            tone=lambda known, moment: _TONES.get(known.state, "bad"),
        ),
        Column("engine", cells.text("engine"), "what keeps it", least=6, most=12, drop=2),
        Column("kinds", cells.words("kinds"), "what it holds", least=5, most=30, on_screen=False),
        Column("mode", cells.text("mode"), "whether it is opened for writing", least=9, most=10),
        Column("size", _size("size"), "its size", right=False, on_screen=False),
        Column("wal", _size("wal_size"), "the size of its write-ahead log", listed=False, on_screen=False),
        Column("last_write", _last_write, "when something was last written", on_screen=False),
        Column("clock", cells.text("clock"), "what its clock says", listed=False, on_screen=False),
        Column(
            "production",
            _production,
            "whether it is one on which mistakes cost",
            least=10,
            most=10,
            listed=False,
            drop=1,
            tone=lambda known, moment: "warning",
        ),
        Column("where", _where, "its address, without a password", least=8, most=_WHERE, grows=True),
    ),
    key=lambda known: (known.name,),
    page=_page,
    get=_get,
    find=_find,
    data=lambda known: cells.values_of(known),
    detail=_detail,
    says=lambda known: " ".join(map(str, (known.name, known.where, known.engine, *known.kinds, known.state))),
    terms={"mode": "read-only or read-write", "state": "how it is", "engine": "sqlite or postgresql"},
    where=HOUSE,
    lacks=frozenset({"export", "watch"}),  # `source export` writes the tables of one
    binding="app.sources",
)
