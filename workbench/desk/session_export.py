"""One session as a file: every event exactly, one a line; or as a transcript that people read.

Whatever the session holds, neither is ever in memory as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from workbench.data.agents.events import Event, ToolCall, ToolResult, read_event
from workbench.data.agents.exchanges import Exchange, exchanges
from workbench.data.engine.page import Damaged, every
from workbench.data.engine.stored import StoredTable
from workbench.data.transfer_values import to_plain
from workbench.desk.arguments import Arguments, arguments, as_text
from workbench.desk.exporting import Out
from workbench.desk.looking import Looking
from workbench.desk.moments import here
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.written import to_json

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.data.agents.records import SessionRow

_TOGETHER = 200  # events that are read at a time
_EVENTS, _DATA = "session_events", "event_data"
_TICKS = re.compile("`+")


# -- exactly ---------------------------------------------------------------------------------------------------


def as_jsonl(source: Source, row: SessionRow, looking: Looking) -> Out:
    """Each event on a line, with every column as it is stored, the oldest first.

    The event itself stands there as `event`, its JSON to the letter; where it is no JSON, or has line ends between its
    values, as the text `event_data`. Secrets are not masked: this is what the session says.
    """
    return Out(_exact_lines(source, (row.app_name, row.user_id, row.session_id)))


def _exact_lines(source: Source, key: tuple[str, str, str]) -> Iterator[str]:
    table = StoredTable(source.database, _EVENTS)
    at = table.columns.index("id")
    rest = source.sessions.event_ids(key)
    while ids := list(islice(rest, _TOGETHER)):
        rows = table.find([{"id": id} for id in ids])
        for row in sorted(rows, key=lambda row: int(row[at] or 0)):
            yield _exact_line(table.named(row))


def _exact_line(row: dict[str, Any]) -> str:
    data = row[_DATA]
    others = {name: to_plain(value) for name, value in row.items() if name != _DATA}
    if not isinstance(data, str) or not _is_one_line_of_json(data):
        return to_json({**others, _DATA: to_plain(data)})
    # Nothing but a string of JSON can hold what is no ASCII, so an escape in its place means the same.
    return f'{to_json(others)[:-1]}, "event": {_ascii(data)}}}'


def _is_one_line_of_json(text: str) -> bool:
    if "\n" in text or "\r" in text:
        return False
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _ascii(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if " " <= c <= "~" else "\t" if c == "\t" else json.dumps(c)[1:-1] if c != "\x7f" else "\\u007f" for c in text
    )


# -- for people ------------------------------------------------------------------------------------------------


def as_markdown(source: Source, row: SessionRow, looking: Looking) -> Out:
    """The conversation: who said what and when, each tool call with its arguments and its result, errors, tokens.

    What anybody has written stands in a fence that it cannot leave, so that no text can pass for another's. Secrets
    are masked, and characters that cannot be seen are shown by signs.
    """
    made = _Transcript()
    return Out(made.lines(source, row), made.note)


class _Transcript:
    """A transcript in the making: it counts the secrets that it masks."""

    def __init__(self) -> None:
        self._secrets = 0

    def note(self) -> str:
        """What is to be said of it."""
        if not self._secrets:
            return ""
        some = "1 secret is" if self._secrets == 1 else f"{self._secrets:,} secrets are"
        return f"{some} masked in it; JSON lines have all of it"

    def lines(self, source: Source, row: SessionRow) -> Iterator[str]:
        yield f"# Session {_code(row.session_id)}"
        yield ""
        for name, value in (("user", row.user_id), ("application", row.app_name)):
            yield f"- {name}: {_code(value)}"
        for name, at in (("began", row.created_at), ("last active", row.updated_at)):
            yield f"- {name}: {_moment(at)}"
        rows = every(
            lambda after: source.sessions.events(
                (row.app_name, row.user_id, row.session_id), limit=_TOGETHER, after=after
            )
        )
        for event, asked, alone in _paired(map(read_event, rows)):
            yield from self._event(event, asked, alone)
        yield ""
        yield f"*{self.note() or 'the end'}*"

    def _event(self, event: Event, asked: Sequence[Exchange], alone: Sequence[ToolResult]) -> Iterator[str]:
        body = list(self._body(event, asked, alone))
        if not body and event.tool_results:
            return  # its results stand with their calls, above
        author = _word(event.author) or _word(event.role) or "somebody"
        head = [_moment(event.at or event.created_at), _code(author)]
        if event.role not in (author, ""):
            head.append(_code(_word(event.role)))
        if event.model:
            head.append(_code(event.model))
        total: object = event.tokens.total if event.tokens is not None else None
        if isinstance(total, int) and total:
            head.append(f"{total:,} tokens")
        if event.partial:
            head.append("partial")
        yield ""
        yield f"## {' · '.join(head)}"
        yield from body

    def _body(self, event: Event, asked: Sequence[Exchange], alone: Sequence[ToolResult]) -> Iterator[str]:
        if event.reasoning:
            yield from self._block("thinks", event.reasoning)
        if event.text:
            yield from self._block("", event.text)
        for pair in asked:
            if pair.call is not None:
                yield from self._call(pair.call)
            if pair.result is None:
                yield from ("", "← no result follows closely: it stands further down, or there is none")
            else:
                yield from self._result(pair.result)
        for result in alone:
            yield from self._result(result, of=f" of {_code(_word(result.name) or result.id or 'an unknown call')}")
        if event.error is not None:
            said = ": ".join(part for part in (_word(event.error.type), _word(event.error.message)) if part)
            yield from self._block("✗ error", said or "an error without words")
        for why in event.damage:
            yield from ("", f"⚠ {_code(why)}")

    def _call(self, call: ToolCall) -> Iterator[str]:
        yield from ("", f"→ calls {_code(_word(call.name) or '(unnamed)')} with", "")
        yield from self._fenced(arguments(call.arguments))

    def _result(self, result: ToolResult, of: str = "") -> Iterator[str]:
        yield from ("", f"← result{of}", "")
        yield from self._fenced(arguments(result.content))

    def _block(self, title: str, text: object) -> Iterator[str]:
        if title:
            yield from ("", f"{title}:")
        yield ""
        yield from self._fenced(as_text(text) if isinstance(text, str) else arguments(_unreadable(text)))

    def _fenced(self, made: Arguments) -> Iterator[str]:
        """Lines between marks of which there are more than in any of them; indented, as no line of ours is."""
        self._secrets += made.secrets
        lines = [str(line.text) for line in made.lines]
        fence = "`" * max(3, 1 + _longest(lines))
        yield f"  {fence}text"
        yield from (f"  {line}" for line in lines)
        yield f"  {fence}"


def _paired(events: Iterable[Event]) -> Iterator[tuple[Event, list[Exchange], list[ToolResult]]]:
    """Each event with the calls that it makes, and the results that belong to none of them near by.

    A result is looked for among the events that are read together with its call, and those that are read next.
    """
    rest = iter(events)
    told: set[int] = set()  # results that stand with their call, by identity: their events are kept alive below
    here, after = list(islice(rest, _TOGETHER)), list(islice(rest, _TOGETHER))
    while here:
        asked: dict[int, list[Exchange]] = {}
        alone: dict[int, list[ToolResult]] = {}
        mine = {event.id for event in here}
        open_ones = (replace(event, tool_results=_others(event, told)) for event in here)
        for pair in exchanges([*open_ones, *after]):
            if pair.asked is not None and pair.asked.id in mine:
                asked.setdefault(pair.asked.id, []).append(pair)
                told.add(id(pair.result))
            elif pair.asked is None and pair.answered is not None and pair.result is not None:
                alone.setdefault(pair.answered.id, []).append(pair.result)
        for event in here:
            yield event, asked.get(event.id, []), alone.get(event.id, [])
        told &= {id(result) for event in after for result in event.tool_results}
        here, after = after, list(islice(rest, _TOGETHER))


def _others(event: Event, told: set[int]) -> tuple[ToolResult, ...]:
    return tuple(result for result in event.tool_results if id(result) not in told)


def _longest(lines: Iterable[str]) -> int:
    return max((len(run) for line in lines for run in _TICKS.findall(line)), default=0)


def _code(value: object) -> SafeText:
    """A name that markup cannot come out of."""
    words = safe(value if isinstance(value, str) else "(cannot be read)", limit=200)
    ticks = plain("`" * (1 + _longest([words])))
    return ticks + plain(" ") + words + plain(" ") + ticks if len(ticks) > 1 else ticks + words + ticks


def _moment(at: object) -> str:
    return f"{here(at):%Y-%m-%d %H:%M:%S %Z}" if isinstance(at, datetime) else "at a time that cannot be read"


def _unreadable(value: object) -> str:
    return f"cannot be read: {value.why if isinstance(value, Damaged) else 'no text'}"


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
