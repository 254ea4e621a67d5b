"""Nouns: what an operator sees. Each is declared once; the screen, the command line and the reference follow from it.

A noun says which columns a list of it has, how a page of the list is read, and how one of it is shown in full. Its
cells are pure functions of a record and a moment. Importing a noun is cheap: no database and no driver comes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.data import Page, Source
    from workbench.data.engine.page import Cursor
    from workbench.desk.detail import Detail
    from workbench.desk.exporting import Out
    from workbench.desk.house import House
    from workbench.desk.looking import Looking
    from workbench.desk.safe import SafeText

Key = tuple[str, ...]
PAGE = 100
SOURCE, HOUSE = "source", "house"  # where a noun is: in each source, or with the workbench itself


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a noun: its cell, in words what it says, and how much room it wants on the screen.

    `width` fixes it; otherwise it is as wide as its cells, between `least` and `most`. What room is left goes to the
    columns that grow; where there is too little, the one with the highest `drop` goes first. `listed` and `on_screen`
    say where it is shown unless the operator chooses otherwise.
    """

    id: str
    cell: Callable[[Any, datetime], SafeText]
    words: str
    width: int | None = None
    least: int = 4
    most: int | None = None
    grows: bool = False
    right: bool = False
    drop: int = 0
    listed: bool = True
    on_screen: bool = True
    tone: Callable[[Any, datetime], str] | None = None

    @property
    def title(self) -> str:
        """Its head."""
        return self.id.upper().replace("-", " ").replace("_", " ")


@dataclass(frozen=True, slots=True)
class Sort:
    """An order in which the store itself gives a list: the column that it follows, and whether that one falls.

    `reverse` says that it is the usual order read from its end.
    """

    column: str
    words: str
    falling: bool = True
    reverse: bool = False

    @property
    def id(self) -> str:
        """How it is called where it is remembered."""
        return f"{self.column} {'down' if self.falling else 'up'}"


def either_way(column: str, words: str, other_words: str, *, falling: bool = True) -> tuple[Sort, ...]:
    """The orders of a list that stands by one column and can be read from its end too."""
    return Sort(column, words, falling), Sort(column, other_words, not falling, reverse=True)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a list is asked for: `terms` are what the store itself filters by, `words` must stand in a row.

    `sources` are the only ones that are meant, where what is listed speaks of several. `backwards` begins at the end of
    the list; `reverse` asks for the list the other way round.
    """

    terms: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    limit: int = PAGE
    after: Cursor | None = None
    backwards: bool = False
    sources: tuple[str, ...] = ()
    reverse: bool = False

    def from_(self, after: Cursor | None, limit: int | None = None) -> Ask:
        """The same, from another place on."""
        return replace(self, after=after, limit=self.limit if limit is None else limit)


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of thing that operators look at.

    `page` reads a list of it, `get` one by its key, `find` the keys that a text on the command line may mean. `says`
    is the text of a record in which words are looked for. `terms` are the names that a filter takes, with their words.
    `parts` are the ways in which one can be looked at, the usual one first.
    `reversible` says that its list can be read from the end. `sorts` are the orders that its store can give, the usual
    one first. `forms` are the ways in which one is written out whole.

    `needs` are stores that a source must have all of, `either` those of which one is enough. What is in no source
    (`where` is the house) is read from the `House` in place of one. `lacks` names the commands of lists that have no
    meaning for it. `nothing` is what is said where it is empty, `check` says what is wrong with all of it, if anything
    is, and `binding` is the id of the key that shows it, where no view does.
    """

    id: str
    plural: str
    words: str
    needs: frozenset[str]
    columns: tuple[Column, ...]
    key: Callable[[Any], Key]
    page: Callable[[Any, Ask], Page[Any]]
    get: Callable[[Any, Key], Any]
    find: Callable[[Any, str], Sequence[Key]]
    data: Callable[[Any], dict[str, object]]
    detail: Callable[[Any, Any, Looking], Detail]
    says: Callable[[Any], str]
    terms: Mapping[str, str] = field(default_factory=dict)
    search: Callable[[Any, str, Ask], Page[Any]] | None = None
    tone: Callable[[Any, datetime], str] | None = None
    parts: tuple[str, ...] = ()
    reversible: bool = False
    sorts: tuple[Sort, ...] = ()
    forms: Mapping[str, Callable[[Source, Any, Looking], Out]] = field(default_factory=dict)
    where: str = SOURCE
    either: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    nothing: str = ""
    binding: str = ""
    check: Callable[[Any], SafeText | None] | None = None

    def is_in(self, source: Source | House) -> bool:
        """Whether a source can hold such things."""
        has = source.capabilities
        return self.needs <= has and (not self.either or bool(self.either & has))

    def column(self, id: str) -> Column:
        """A column by its id."""
        return next(column for column in self.columns if column.id == id)

    def ask(self, filter: str = "", limit: int = PAGE, sources: Sequence[str] = ()) -> Ask:
        """What a filter as operators write it asks for: `app=genie user=ann words`, with quotes around spaces."""
        terms: dict[str, str] = {}
        words: list[str] = []
        for part in _parts(filter):
            name, equals, value = part.partition("=")
            if equals and name in self.terms:
                if name in terms:
                    raise Invalid(f'the filter names "{name}" twice: keep one')
                terms[name] = value
            elif equals and name.isidentifier() and self.terms:
                known = ", ".join(self.terms)
                raise Invalid(f'{self.plural} are not filtered by "{name}": use {known}, or words in quotes')
            elif part:
                words.append(part.casefold())
        return Ask(terms, tuple(words), limit, sources=tuple(sources))


def data_of(noun: Noun, source: str, record: Any) -> dict[str, object]:  # noqa: ANN401 - any noun's record
    """A record for programs, with its source."""
    found = noun.data(record)
    return found if noun.where == HOUSE or "source" in found else {"source": source, **found}


def _parts(filter: str) -> list[str]:
    import shlex

    try:
        return shlex.split(filter)
    except ValueError:
        raise Invalid(f"the filter {filter!r} has a quote that is not closed: close it") from None
