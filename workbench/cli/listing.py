"""Lists of a noun on the command line: read side by side from several sources, and printed in the form asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.cli.failures import OK, UNAVAILABLE, masked
from workbench.cli.output import Cell
from workbench.cli.probing import opened, side_by_side
from workbench.cli.session import Session, looking
from workbench.cli.working import chosen_places, opening_of
from workbench.data.errors import Invalid, NotFound, Unsupported, WorkbenchError
from workbench.desk.noun import HOUSE, data_of
from workbench.settings import Opening, TimeoutSettings

if TYPE_CHECKING:
    from workbench.data import Page, Source
    from workbench.desk.house import House
    from workbench.desk.noun import Ask, Column, Key, Noun

T = TypeVar("T")
_LONGEST = 160  # cells of one column in a table; one thing in full has it all
_TOLD = 5  # candidates that are named when an id is not clear
_TONES = {"good": "good", "bad": "bad", "warning": "doubtful", "urgent": "bad", "muted": "faint"}


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of one source, and whether there are more."""

    source: str
    page: Page[Any]


def now_shown(utc: bool) -> datetime:
    """This moment; all moments are shown in UTC from now on if that is asked for."""
    from workbench.data.agents.clock import now
    from workbench.desk.moments import show_in_utc

    if utc:
        show_in_utc()
    return now()


def print_list(
    session: Session,
    noun: Noun,
    *,
    sources: Sequence[str],
    filter: str,
    limit: int,
    columns: str | None,
    as_csv: bool,
    utc: bool,
    strict: bool,
    words: str = "",
) -> int:
    """Print the first rows of these sources; one that does not answer is a line of its own on standard error."""
    ask = noun.ask(filter, limit, sources)
    chosen = None if columns is None else chosen_columns(noun, columns, names_of_data=session.output.as_json or as_csv)
    moment = now_shown(utc)
    if noun.where == HOUSE:
        from workbench.cli.house import house_of

        pages = [Listed("", read_one(noun, house_of(session), ask, words))]
        print_rows(session, noun, pages, chosen, moment, as_csv=as_csv)
        _tell(session, noun, pages)
        return OK
    places = chosen_places(session, sources)
    found = read_everywhere(session, places, noun.id, partial(_read, noun, ask, words))
    failed = {place: answer for place, answer in found.items() if isinstance(answer, WorkbenchError)}
    if len(places) == 1 and failed:
        raise failed[places[0]]
    for place, error in failed.items():
        session.output.refusal(f"{place}: {masked(str(error))}")
    pages = [Listed(place, page) for place, page in found.items() if not isinstance(page, WorkbenchError)]
    print_rows(session, noun, pages, chosen, moment, as_csv=as_csv)
    _tell(session, noun, pages)
    dead = [error for error in failed.values() if not isinstance(error, Unsupported)]
    return UNAVAILABLE if dead and (strict or len(failed) == len(places)) else OK


def read_everywhere(
    session: Session, places: Sequence[str], what: str, read: Callable[[Opening, TimeoutSettings], T]
) -> dict[str, T | WorkbenchError]:
    """What each of these places answers, asked side by side, or why that is not known."""
    timeouts = session.loaded.settings.timeouts
    openings = {place: opening_for_looking(session, place) for place in places}
    works = [
        (f"{what} of {place}", partial(read, opening, timeouts))
        for place, opening in openings.items()
        if isinstance(opening, Opening)
    ]
    # Longer than one answer may take: there are several to be had.
    answers = iter(side_by_side(works, timeouts.connect + 2 * timeouts.statement + 1))
    return {
        place: opening if isinstance(opening, WorkbenchError) else next(answers) for place, opening in openings.items()
    }


def opening_for_looking(session: Session, place: str) -> Opening | WorkbenchError:
    """How a place is opened; a configured one may be wrong without harm to others, a word that means none is not."""
    try:
        return looking(opening_of(session, place))
    except Invalid as error:
        if place not in session.loaded.settings.sources:
            raise
        return error


def _read(noun: Noun, ask: Ask, words: str, opening: Opening, timeouts: TimeoutSettings) -> Page[Any]:
    with opened(opening, timeouts) as source:
        check_has(noun, source, opening.display)
        return read_one(noun, source, ask, words)


def read_one(noun: Noun, source: Source | House, ask: Ask, words: str = "") -> Page[Any]:
    """A page of one source; with words, of what is found by them."""
    from dataclasses import replace

    from workbench.desk.reading import read_page

    if words and noun.search is not None:
        return noun.search(source, words, ask)
    return read_page(noun, source, replace(ask, words=(*ask.words, words.casefold())) if words else ask)


def check_has(noun: Noun, source: Source | House, display: str) -> None:
    """Refuse a source that cannot hold such things."""
    if not noun.is_in(source):
        raise Unsupported(f"{display} holds no {noun.plural}: it has {', '.join(source.kinds) or 'nothing yet'}")


def chosen_columns(noun: Noun, columns: str, *, names_of_data: bool = False) -> list[str]:
    """The columns that an option names."""
    chosen = [name.strip() for name in columns.split(",") if name.strip()]
    if not chosen:
        raise Invalid("--columns names none: write at least one")
    known = [column.id for column in noun.columns]
    if not names_of_data:
        for name in chosen:
            if name not in known:
                raise Invalid(f'{noun.plural} have no column "{name}": there is {", ".join(known)}')
    return chosen


# -- printing ------------------------------------------------------------------------------------------------


def print_rows(
    session: Session,
    noun: Noun,
    pages: Sequence[Listed],
    chosen: list[str] | None,
    moment: datetime,
    *,
    as_csv: bool,
    nothing: str = "",
) -> None:
    """Print what was read in the form that was asked for."""
    output = session.output
    rows = [(listed.source, record) for listed in pages for record in listed.page]
    if output.as_json or as_csv:
        picked = [_picked(data_of(noun, source, record), chosen, noun) for source, record in rows]
        if output.as_json:
            for record in picked:
                output.json(record)
        elif picked:
            output.csv(picked)
        return
    if not rows:
        output.note(nothing or f"no {noun.plural}")
        return
    columns = columns_shown(session, noun, chosen)
    several = len(pages) > 1
    head = [*(["source"] if several else []), *(column.id for column in columns)]
    table = []
    for source, record in rows:
        cells = [cell_of(noun, column, record, moment) for column in columns]
        table.append([Cell(source), *cells] if several else cells)
    output.table(head, table)


def columns_shown(session: Session, noun: Noun, chosen: Sequence[str] | None) -> list[Column]:
    """The columns of a table: the chosen ones, those of the settings, else the usual ones."""
    if chosen is None:
        chosen = session.loaded.settings.columns.get(noun.id)
    if chosen is None:
        return [column for column in noun.columns if column.listed]
    return [noun.column(name) for name in chosen]


def cell_of(noun: Noun, column: Column, record: Any, moment: datetime) -> Cell:  # noqa: ANN401
    """One cell with its tone."""
    tone = column.tone or noun.tone
    text = column.cell(record, moment).cut(column.most or _LONGEST)
    return Cell(text, _TONES.get(tone(record, moment), "") if tone else "")


def _picked(record: dict[str, object], chosen: list[str] | None, noun: Noun) -> dict[str, object]:
    if chosen is None:
        return record
    for name in chosen:
        if name not in record:
            raise Invalid(f'{noun.plural} have no field "{name}": there is {", ".join(record)}')
    return {name: record[name] for name in chosen}


def _tell(session: Session, noun: Noun, pages: Sequence[Listed]) -> None:
    for listed in pages:
        if listed.page.next is not None:
            where = f"{listed.source}: " if listed.source else ""
            session.output.note(f"{where}there are more {noun.plural}; --limit shows more of them")
        if listed.page.damage:
            rows = len({damage.key for damage in listed.page.damage})
            said = "1 row is" if rows == 1 else f"{rows} rows are"
            session.output.note(f"{listed.source}: {said} damaged; `workbench doctor {listed.source}` says more")


# -- one of them ---------------------------------------------------------------------------------------------


def print_one(
    session: Session,
    noun: Noun,
    *,
    id: str,
    utc: bool,
    sources: Sequence[str] = (),
    **options: Any,  # noqa: ANN401
) -> int:
    """Print one thing in full."""
    from workbench.cli.inbox import print_detail
    from workbench.desk.looking import Looking

    with _where(session, noun, sources) as (place, source):
        record = noun.get(source, the_key(noun, source, id))
        if session.output.as_json:
            session.output.json(data_of(noun, place, record))
        else:
            how = Looking(place, now_shown(utc), part=options.get("part") or "", folded=not options.get("unfolded"))
            print_detail(session, noun.detail(source, record, how))
    return OK


@contextmanager
def _where(session: Session, noun: Noun, sources: Sequence[str]) -> Iterator[tuple[str, Source | House]]:
    """The one source that is meant, open; or the house, for what is in no source."""
    if noun.where == HOUSE:
        from workbench.cli.house import house_of

        house = house_of(session)
        yield house.name, house
        return
    place, timeouts = the_place(session, sources), session.loaded.settings.timeouts
    with opened(looking(opening_of(session, place)), timeouts) as source:
        check_has(noun, source, place)
        yield place, source


def each_source(session: Session, noun: Noun, sources: Sequence[str]) -> Iterator[tuple[str, Source | House]]:
    """Every source that is meant, open one after the other; the first that cannot be opened ends it."""
    if noun.where == HOUSE:
        with _where(session, noun, ()) as found:
            yield found
        return
    for place in chosen_places(session, sources):
        opening = opening_for_looking(session, place)
        if isinstance(opening, WorkbenchError):
            raise opening
        with opened(opening, session.loaded.settings.timeouts) as source:
            check_has(noun, source, opening.display)
            yield place, source


def the_place(session: Session, sources: Sequence[str]) -> str:
    """The one source that is meant."""
    places = chosen_places(session, sources)
    if len(places) != 1:
        raise Invalid("name one source: an id belongs to one of them")
    return places[0]


def the_key(noun: Noun, source: Source | House, text: str) -> Key:
    """The key that a text on the command line means: an id, or the beginning of only one."""
    if not text:
        raise Invalid(f"an id is needed: `workbench {noun.id} list` shows them")
    found = noun.find(source, text)
    exact = [key for key in found if key[-1] == text]
    found = exact or list(found)
    if not found:
        raise NotFound(f'no {noun.id} has an id that is or begins with "{text}": `workbench {noun.id} list` shows them')
    if len(found) > 1:
        some = ", ".join("/".join(key) for key in found[:_TOLD])
        more = ", …" if len(found) > _TOLD else ""
        raise Invalid(f'"{text}" is the beginning of several: {some}{more}; write more of it')
    return found[0]
