"""The line behind `:`: a noun, a filter and a source in one line, or something to be done; and how it is completed.

`session app=genie errors @prod` shows sessions of one source, filtered. The first bare word is the noun, by its name,
its plural or as much of either as means no other; where it is none, a noun further on is taken if it is the only one.
`@` begins a source. All else is the filter, as the filter line takes it: names with values, words, quotes around
spaces. What is no noun is something to be done. Nothing here knows a widget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from workbench.data.errors import Invalid
from workbench.desk.safe import safe

LONGEST = 2_000  # characters of a line; nobody writes so many
_BLANKS = " \t\r\n"
_TOLD = 8  # names that a sentence holds


@dataclass(frozen=True, slots=True)
class Subject:
    """A noun as this line knows it: `check` refuses a filter that it does not take, with a sentence."""

    id: str
    plural: str = ""
    words: str = ""
    terms: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[str], object] = lambda _: None

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called."""
        plural = self.plural.replace(" ", "-")
        return (self.id, plural) if plural and plural != self.id else (self.id,)


@dataclass(frozen=True, slots=True)
class Deal:
    """Something that can be done by its name; `takes` is what may stand behind it, `reason` why it cannot be now."""

    id: str
    words: str = ""
    takes: tuple[str, ...] = ()
    reason: str = ""
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called."""
        return (self.id, *self.also)


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that a line may name. `shown` is the noun in view, which a line without a noun filters."""

    subjects: tuple[Subject, ...] = ()
    deals: tuple[Deal, ...] = ()
    sources: tuple[str, ...] = ()
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a line means. What is empty stays as it is; a `filter` of None leaves the one that there is."""

    noun: str = ""
    filter: str | None = None
    source: str = ""
    deal: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may stand in the place of what is being typed, and what it is."""

    text: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand from a place on."""

    start: int
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a line: as it is written, what that means, and where it begins. `bare` says that no quote begins it."""

    raw: str
    text: str
    start: int

    @property
    def bare(self) -> bool:
        return self.raw[0] not in "\"'\\"

    @property
    def names_source(self) -> bool:
        return self.raw[0] == "@"

    @property
    def may_be_noun(self) -> bool:
        return self.bare and not self.names_source and "=" not in self.raw


# -- reading -----------------------------------------------------------------------------------------------------


def parse(line: str, known: Known) -> Wish:
    """What a line means; `Invalid` with a sentence that says what is wrong with it and what to write."""
    if len(line) > LONGEST:
        raise Invalid(f"a line of {len(line):,} characters is too long: write {LONGEST:,} at most")
    parts, open_at = _parts(line)
    if open_at is not None:
        raise Invalid("a quote is not closed: close it")
    source, parts = _source_of(parts, known)
    head = _head(parts, known)
    if isinstance(head, _Done):
        return _done(head, parts, source, known)
    subject, rest = head
    if subject is None and not rest:
        return Wish(source=source)
    if subject is None:
        subject = _shown(known)
    text = " ".join(part.raw for part in rest)
    subject.check(text)
    return Wish(subject.id, text or None, source)


@dataclass(frozen=True, slots=True)
class _Done:
    """The line names something to be done, by this part of it."""

    deal: Deal
    part: _Part


def _source_of(parts: Sequence[_Part], known: Known) -> tuple[str, list[_Part]]:
    named = [part for part in parts if part.names_source]
    rest = [part for part in parts if not part.names_source]
    if len(named) > 1:
        raise Invalid("a line names one source: take one of the two @ out (a word that begins so stands in quotes)")
    return (_find_source(named[0].text[1:], known.sources) if named else ""), rest


def _find_source(text: str, sources: Sequence[str]) -> str:
    shown = [(source, safe(source)) for source in sources]
    for fits in (
        [source for source, name in shown if text in (source, name)],
        [source for source, name in shown if text and name.casefold().startswith(text.casefold())],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise Invalid(f'"@{safe(text)}" may mean {_listed(map(safe, fits))}: write more of it')
    if not sources:
        raise Invalid("there is no source to go to: `workbench source add` adds one")
    raise Invalid(f'no source is called "{safe(text)}": there is {_listed(safe(source) for source in sources)}')


def _head(parts: Sequence[_Part], known: Known) -> tuple[Subject | None, list[_Part]] | _Done:
    """The noun of a line and what is left of it, or what it wants to have done."""
    at = next((at for at, part in enumerate(parts) if part.may_be_noun), None)
    if at is None:
        return None, [*parts]
    first, rest = parts[at], [*parts[:at], *parts[at + 1 :]]
    if found := _exactly(first.text, known.subjects):
        return found, rest
    if deal := _exactly(first.text, known.deals):
        return _Done(deal, first)
    fits = _beginning(first.text, known.subjects)
    if len(fits) == 1:
        return fits[0], rest
    if not fits and (later := _further_on(parts, known)):
        only, at = later
        return only, [*parts[:at], *parts[at + 1 :]]
    deals = [] if fits else _beginning(first.text, known.deals)
    if len(deals) == 1:
        return _Done(deals[0], first)
    if several := [*(one.id for one in fits), *(one.id for one in deals)]:
        raise Invalid(f'"{safe(first.text)}" may mean {_listed(several)}: write more of it')
    raise Invalid(_unknown(first.text, known))


def _further_on(parts: Sequence[_Part], known: Known) -> tuple[Subject, int] | None:
    """The only noun of a line that does not begin with it."""
    found = [
        (one, at) for at, part in enumerate(parts) if part.may_be_noun and (one := _exactly(part.text, known.subjects))
    ]
    if len(found) > 1:
        raise Invalid(f"the line may mean {_listed(one.id for one, _ in found)}: write the noun first")
    return found[0] if found else None


def _unknown(text: str, known: Known) -> str:
    from difflib import get_close_matches

    names = [*(one.id for one in known.subjects), *(one.id for one in known.deals)]
    near = get_close_matches(text.casefold(), names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"nouns are {_listed(one.id for one in known.subjects)}"
    return f'"{safe(text, limit=60)}" is no noun and nothing to be done here: {hint}'


def _shown(known: Known) -> Subject:
    shown = next((one for one in known.subjects if one.id == known.shown), None)
    if shown is None:
        raise Invalid(f"a filter needs a noun: {_listed(one.id for one in known.subjects)}")
    return shown


def _done(found: _Done, parts: Sequence[_Part], source: str, known: Known) -> Wish:
    deal, rest = found.deal, [part for part in parts if part is not found.part]
    if source:
        raise Invalid(f"{deal.id} is done to what is shown: leave the @{safe(source)} out, or go there first")
    if deal.reason:
        raise Invalid(f"{deal.id}: {deal.reason}")
    if not rest:
        return Wish(deal=deal.id)
    if not deal.takes:
        raise Invalid(f"{deal.id} takes nothing behind it: leave {_listed(safe(part.raw) for part in rest)} out")
    if len(rest) > 1:
        raise Invalid(f"{deal.id} takes one word behind it: {_listed(map(safe, deal.takes))}")
    fits = [name for name in deal.takes if rest[0].text in (name, safe(name))] or [
        name for name in deal.takes if name.startswith(rest[0].text)
    ]
    if len(fits) != 1:
        names = _listed(map(safe, fits or deal.takes))
        raise Invalid(f'"{safe(rest[0].text)}" is nothing that {deal.id} takes: write one of {names}')
    return Wish(deal=deal.id, argument=fits[0])


A = TypeVar("A", Subject, Deal)


def _exactly(text: str, among: Iterable[A]) -> A | None:
    return next((one for one in among if text.casefold() in one.names), None)


def _beginning(text: str, among: Iterable[A]) -> list[A]:
    return [one for one in among if any(name.startswith(text.casefold()) for name in one.names)]


def _listed(names: Iterable[str]) -> str:
    found = [*names]
    more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return ", ".join(found[:_TOLD]) + more


# -- completing --------------------------------------------------------------------------------------------------


def complete(line: str, known: Known) -> Completion:
    """What may stand in the place of the last part of a line, the likeliest first."""
    parts, open_at = _parts(line[:LONGEST])
    if open_at is not None:
        return Completion(len(line))
    begun = parts.pop() if parts and not line.endswith(tuple(_BLANKS)) else None
    start = begun.start if begun else len(line)
    return Completion(start, tuple(_candidates(begun.raw if begun else "", parts, known)))


def _candidates(begun: str, before: Sequence[_Part], known: Known) -> Iterator[Candidate]:
    rest = [part for part in before if not part.names_source]
    has_source = len(rest) < len(before)
    try:
        head = _head(rest, known)
    except Invalid:
        return
    if isinstance(head, _Done):
        if len(rest) == 1:
            yield from (Candidate(_quoted(name)) for name in _fitting(begun, head.deal.takes))
        return
    if begun.startswith("@"):
        if not has_source:
            names = {safe(source): source for source in known.sources}
            yield from (Candidate(f"@{_quoted(name)} ") for name in _fitting(begun[1:].strip("\"'"), names))
        return
    subject = head[0]
    if subject is None:
        yield from _heads(begun, known)
        subject = next((one for one in known.subjects if one.id == known.shown), None) if begun else None
    if subject is not None:
        used = {part.text.partition("=")[0] for part in rest if "=" in part.text}
        terms = {f"{name}=": words for name, words in subject.terms.items() if name not in used}
        yield from (Candidate(name, terms[name]) for name in _fitting(begun, terms) if name != begun)
    if not begun and not has_source:
        yield from (Candidate(f"@{_quoted(safe(source))} ") for source in known.sources)


def _heads(begun: str, known: Known) -> Iterator[Candidate]:
    """Nouns by any of their names, each once; then what can be done, but not before a letter of it is there."""
    subjects = [one for one in known.subjects if _fitting(begun, one.names)]
    yield from (Candidate(f"{one.id} ", one.words) for one in subjects)
    for deal in known.deals if begun else ():
        if not deal.reason and _fitting(begun, deal.names):
            yield Candidate(deal.id + (" " if deal.takes else ""), deal.words)


def _fitting(begun: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.casefold().startswith(begun.casefold())]


def _quoted(name: str) -> str:
    """A name as the line takes it."""
    plain = name and not set(name) & set(_BLANKS + "\"'\\")
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


# -- the parts of a line -----------------------------------------------------------------------------------------


def _parts(line: str) -> tuple[list[_Part], int | None]:
    """The parts of a line with the rules of a shell, and where a quote begins that is not closed."""
    start = next((at for at, character in enumerate(line) if character not in _BLANKS + ":"), len(line))
    found: list[_Part] = []
    raw = text = quote = ""
    begin = at = start
    while at < len(line):
        character = line[at]
        if quote == "" and character in _BLANKS:
            if raw:
                found.append(_Part(raw, text, begin))
            raw = text = ""
            begin = at + 1
        elif character == "\\" and quote != "'":
            after = line[at + 1 : at + 2]
            if not after:
                return found, at
            text += after if quote == "" or after in '"\\' else character + after
            raw += character + after
            at += 1
        elif character == quote or (quote == "" and character in "\"'"):
            quote = "" if quote else character
            raw += character
        else:
            raw, text = raw + character, text + character
        at += 1
    if raw:
        found.append(_Part(raw, text, begin))
    return found, (begin if quote else None)
