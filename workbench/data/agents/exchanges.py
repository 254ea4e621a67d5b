"""Tool calls beside their answers, and what a session has cost so far, from its events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from workbench.data.agents.events import Event, ToolCall, ToolResult, Usage


@dataclass(frozen=True, slots=True)
class Exchange:
    """A tool call of the event `asked`, and its result in the event `answered`.

    Without result it is still waited for, or was never answered; without call the call is not among the events.
    """

    call: ToolCall | None
    asked: Event | None
    result: ToolResult | None = None
    answered: Event | None = None

    @property
    def name(self) -> str:
        """The tool's name, from whichever side has it."""
        return (self.call and self.call.name) or (self.result and self.result.name) or ""


def exchanges(events: Iterable[Event]) -> tuple[Exchange, ...]:
    """Every tool call with its result, in the order of the events (oldest first), results without call in between.

    A result belongs to the open call with its id: of its own invocation if there is one, else to the latest
    such call. Where an id is missing on either side, name and order decide within the invocation.
    """
    pairing = _Pairing()
    for event in events:
        if event.partial is True:
            continue  # the whole event follows, and says the same again
        for call in event.tool_calls:
            pairing.ask(event, call)
        for result in event.tool_results:
            pairing.answer(event, result)
    return tuple(pairing.exchanges)


@dataclass(slots=True)
class _Pairing:
    """The calls that are still open, by all that a result may know them by."""

    exchanges: list[Exchange] = field(default_factory=list)
    by_id: dict[tuple[Any, str], list[int]] = field(default_factory=dict)
    by_invocation: dict[tuple[Any, str], list[int]] = field(default_factory=dict)

    def ask(self, event: Event, call: ToolCall) -> None:
        number = len(self.exchanges)
        self.exchanges.append(Exchange(call, event))
        for waiting in self._lists(event, _word(call.id)):
            waiting.append(number)

    def answer(self, event: Event, result: ToolResult) -> None:
        number = self._call_of(event, result)
        if number is None:
            self.exchanges.append(Exchange(None, None, result, event))
            return
        open_one = self.exchanges[number]
        assert open_one.asked is not None and open_one.call is not None
        self.exchanges[number] = Exchange(open_one.call, open_one.asked, result, event)
        for waiting in self._lists(open_one.asked, _word(open_one.call.id)):
            waiting.remove(number)

    def _lists(self, event: Event, call_id: str) -> Iterator[list[int]]:
        if call_id:
            yield self.by_id.setdefault((event.session, call_id), [])
        yield self.by_invocation.setdefault((event.session, _word(event.invocation)), [])

    def _call_of(self, event: Event, result: ToolResult) -> int | None:
        result_id, invocation = _word(result.id), _word(event.invocation)
        nearby = self.by_invocation.get((event.session, invocation), [])
        if result_id:
            same_id = self.by_id.get((event.session, result_id), [])
            here = [number for number in same_id if number in nearby]
            if here:
                named = self._by_name(here, result)
                return here[0] if named is None else named
            if same_id:
                return same_id[-1]
            nearby = [number for number in nearby if not _word(self._call(number).id)]
        return self._by_name(nearby, result)

    def _by_name(self, numbers: list[int], result: ToolResult) -> int | None:
        """The first of these calls that goes by the result's name, where both have one."""
        name = _word(result.name)
        fitting = [number for number in numbers if not name or _word(self._call(number).name) in ("", name)]
        return fitting[0] if fitting else None

    def _call(self, number: int) -> ToolCall:
        call = self.exchanges[number].call
        assert call is not None
        return call


def _word(value: object) -> str:
    """A text to pair by; a damaged one pairs with nothing."""
    return value if isinstance(value, str) else ""


@dataclass(slots=True)
class Totals:
    """Tokens and errors of a session, added up event by event, oldest first.

    `last_id` is the row up to which it counts: an event at or before it was counted already and is passed over,
    so a cache can go on from the events after `last_id`.
    """

    last_id: int = 0
    events: int = 0
    prompt: int = 0
    completion: int = 0
    total: int = 0
    cached: int = 0
    errors: int = 0
    unreadable: int = 0

    def add(self, event: Event) -> bool:
        """Count one event; whether it was new."""
        if event.id <= self.last_id:
            return False
        self.last_id = event.id
        self.events += 1
        self.errors += event.error is not None
        self.unreadable += not event.readable
        tokens: object = event.tokens
        if isinstance(tokens, Usage):
            self.prompt += _count(tokens.prompt)
            self.completion += _count(tokens.completion)
            self.total += _count(tokens.total) or _count(tokens.prompt) + _count(tokens.completion)
            self.cached += _count(tokens.cached)
        return True


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
