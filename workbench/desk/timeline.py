"""A session as a conversation: who said what and when, each tool call with its result, errors and tokens.

Pure: events in, lines out. Folded, a call and its result take a line each; unfolded they are there in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from workbench.data.agents.events import Event, ToolCall, ToolResult
from workbench.data.agents.exchanges import Exchange, exchanges
from workbench.data.engine.page import Damaged
from workbench.desk.arguments import Line, arguments, as_text
from workbench.desk.finding import pattern
from workbench.desk.lines import NO_LABEL, DetailLine, Piece
from workbench.desk.moments import here
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.secrets import mask

_FOLDED = 200  # cells of a call or a result on its one line
_LOOKED = 4096  # characters of which that line is made: more than are shown, so that no secret is cut and shown
_CALLS, _RETURNS, _FAILS, _THINKS, _HURT = plain("→ "), plain("← "), plain("✗ "), plain("∴ "), plain("⚠ ")
_WAITS = plain("no result yet")


def timeline(
    events: Iterable[Event], moment: datetime, *, folded: bool = True, reveal: bool = False, find: str = ""
) -> list[DetailLine]:
    """The lines of these events, oldest first. A result stands with its call, wherever in the events it came.

    Folded, a call or a result in which the text `find` stands is there in full all the same.
    """
    events = list(events)
    pairs = exchanges(events)
    asked: dict[int, list[Exchange]] = {}
    alone: dict[int, list[Exchange]] = {}
    for pair in pairs:
        where = asked if pair.asked is not None else alone
        event = pair.asked or pair.answered
        if event is not None:
            where.setdefault(event.id, []).append(pair)
    drawing = _Drawing(moment, folded, reveal, find)
    return [line for event in events for line in drawing.event(event, asked.get(event.id, []), alone.get(event.id, []))]


class _Drawing:
    """How events are drawn: for which moment, folded or not, with or without their secrets, and what is looked for."""

    def __init__(self, moment: datetime, folded: bool, reveal: bool, find: str) -> None:
        self._day = here(moment).date()
        self._folded = folded
        self._reveal = reveal
        self._find = pattern(find) if find else None

    def event(self, event: Event, asked: list[Exchange], alone: list[Exchange]) -> Iterator[DetailLine]:
        """One event: its head, then all that it holds. One that only brings results of calls above has no head."""
        body = list(self._body(event, asked, alone))
        if not body and event.tool_results:
            return
        at: object = event.at or event.created_at
        told = here(at) if isinstance(at, datetime) else None
        if told is not None and told.date() != self._day:
            self._day = told.date()
            yield _line((plain(f"— {told.day} {told:%b %Y} —"), "faint"))
        yield DetailLine(plain(f"{told:%H:%M}" if told else "?"), tuple(self._head(event)), prose=True)
        yield from body

    def _head(self, event: Event) -> Iterator[Piece]:
        author = _word(event.author) or _word(event.role)
        yield safe(author, limit=80), "key"
        if event.role not in (author, ""):
            yield plain(" ") + safe(event.role, limit=40), "faint"
        if event.tokens is not None and isinstance(event.tokens.total, int) and event.tokens.total:
            yield plain(f" · {event.tokens.total:,} tokens"), "faint"
        if event.partial:
            yield plain(" · partial"), "faint"

    def _body(self, event: Event, asked: list[Exchange], alone: list[Exchange]) -> Iterator[DetailLine]:
        if event.reasoning:
            yield from self._text(event.reasoning, _THINKS, "faint")
        if event.text:
            yield from self._text(event.text)
        for pair in asked:
            if pair.call is not None:
                yield from self._call(pair.call)
            yield from self._result(pair.result)
        for pair in alone:
            if pair.result is not None:
                yield from self._result(pair.result, of=pair.name)
        if event.error is not None:
            said = ": ".join(part for part in (_word(event.error.type), _word(event.error.message)) if part)
            yield from self._text(said or "an error without words", _FAILS, "bad")
        for why in event.damage:
            yield _line((_HURT + safe(why, limit=200), "warn"))

    def _text(self, text: object, mark: SafeText = NO_LABEL, tone: str = "") -> Iterator[DetailLine]:
        if not isinstance(text, str):
            why = text.why if isinstance(text, Damaged) else "no text"
            yield _line((_HURT + plain("cannot be read: ") + safe(why, limit=200), "warn"))
            return
        for number, line in enumerate(as_text(text, reveal=self._reveal).lines):
            first = ((mark, tone),) if mark and not number else ()
            yield _line(*first, *((piece, kind or tone) for piece, kind in line.pieces))

    def _call(self, call: ToolCall) -> Iterator[DetailLine]:
        name = safe(_word(call.name) or "(unnamed)", limit=120)
        lines = self._in_full(call.arguments)
        if not lines:
            yield _line((_CALLS, "faint"), (name, "key"), (plain(" ") + self._short(call.arguments), ""), folded=True)
            return
        yield _line((_CALLS, "faint"), (name, "key"))
        yield from _indented(lines)

    def _result(self, result: ToolResult | None, of: str = "") -> Iterator[DetailLine]:
        if result is None:
            yield _line((_RETURNS, "faint"), (_WAITS, "faint"))
            return
        name = (safe(of, limit=120) + plain(" "), "key") if of else (NO_LABEL, "")
        lines = self._in_full(result.content)
        if not lines:
            yield _line((_RETURNS, "faint"), name, (self._short(result.content), "faint"), folded=True)
            return
        yield _line((_RETURNS, "faint"), name)
        yield from _indented(lines)

    def _in_full(self, text: object) -> tuple[Line, ...]:
        """All lines of a call or a result; none where it is to be folded."""
        if self._folded and self._find is None:
            return ()
        lines = arguments(text, reveal=self._reveal).lines
        if self._folded and self._find is not None and not any(self._find.search(line.text) for line in lines):
            return ()
        return lines

    def _short(self, text: object) -> SafeText:
        """The beginning of a text on one line, and how much more there is."""
        if not isinstance(text, str):
            return plain("(cannot be read)")
        kept = text[:_LOOKED]
        words = safe(kept) if self._reveal else mask(kept).safe
        short = words.cut(_FOLDED)
        return short + plain(f" ({len(text):,} characters)") if short != words or kept != text else short


def _line(*pieces: Piece, folded: bool = False) -> DetailLine:
    return DetailLine(NO_LABEL, tuple(piece for piece in pieces if piece[0]), prose=not folded, folded=folded)


def _indented(lines: Iterable[Line]) -> Iterator[DetailLine]:
    for line in lines:
        yield DetailLine(NO_LABEL, ((plain("  "), ""), *line.pieces))


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def state_lines(state: Mapping[str, bytes | None], *, reveal: bool = False) -> Iterator[DetailLine]:
    """The values of a session's state, each with its name; JSON is laid out, bytes that are no text are told."""
    for name, value in sorted(state.items()):
        label = ((safe(name, limit=200), "key"),)
        raw: object = value
        if isinstance(raw, Damaged):
            yield DetailLine(NO_LABEL, (*label, (plain("  cannot be read: ") + safe(raw.why, limit=200), "warn")))
        elif value is None:
            yield DetailLine(NO_LABEL, (*label, (plain("  no value"), "faint")))
        else:
            yield DetailLine(NO_LABEL, label)
            try:
                text = value.decode("utf-8")
            except UnicodeDecodeError:
                some = value[:64].hex(" ")
                yield DetailLine(NO_LABEL, ((plain(f"  {len(value):,} bytes: {some}"), "faint"),))
            else:
                yield from _indented(arguments(text, reveal=reveal).lines)
