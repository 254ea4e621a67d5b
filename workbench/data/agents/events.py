"""The events of a session as people read them: who said what, which tools were called, what it cost.

An event is always made, whatever stands in the row: what cannot be read is `Damaged` in its field or left out
of its text, and named with its reason in `damage`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workbench.data.agents.json_text import read_json, word_for
from workbench.data.agents.records import SessionEvent
from workbench.data.agents.store import SessionKey
from workbench.data.engine.page import Damaged
from workbench.data.engine.times import Unreadable

UNREADABLE = "unreadable"  # the role of an event of which nothing can be read
# Every key that the writers of these events are known to use; any other is named in `more`.
_WRITTEN = (
    "object created model choices usage system_fingerprint error done is_partial requestID invocationId "
    "parentInvocationId author id timestamp branch tag requiresCompletion longRunningToolIDs stateDelta actions "
    "filterKey version response extensions parentMetadata"
)
_KNOWN = frozenset(_WRITTEN.split())
_NOTHING: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model asked for; `arguments` is the JSON text that it wrote."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered; `id` is that of its call."""

    id: str
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class EventError:
    """Why a run ended."""

    message: str
    type: str
    code: str


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens that one answer of a model took; `cached` are part of `prompt`."""

    prompt: int
    completion: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class Event:
    """One event. What a tool answered stands in `tool_results`, not in `text`.

    Parts of a message that are no text stand in `text` in our words, which are listed in `attachments`.
    `at` is the event's own time, `created_at` that of its row. `raw` is the stored text, and `readable` whether
    it is an event at all, however damaged.
    """

    id: int
    session: SessionKey
    created_at: datetime
    event_id: str = ""
    author: str = ""
    role: str = UNREADABLE
    kind: str = ""
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = ()
    error: EventError | None = None
    tokens: Usage | None = None
    model: str = ""
    at: datetime | None = None
    invocation: str = ""
    branch: str = ""
    filter_key: str = ""
    tag: str = ""
    finish: str = ""
    attachments: tuple[str, ...] = ()
    state_delta: Mapping[str, bytes | None] = field(default_factory=dict, hash=False)
    partial: bool = False
    more: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
    raw: object = field(default="", repr=False)
    readable: bool = False


def read_events(rows: Iterable[SessionEvent]) -> tuple[Event, ...]:
    """Every row as an event, in the order given."""
    return tuple(map(read_event, rows))


def read_event(row: SessionEvent) -> Event:
    """The row as an event. This never raises."""
    stored: object = row.event_data
    session = SessionKey(row.app_name, row.user_id, row.session_id)
    raw = stored.raw if isinstance(stored, Damaged) else stored
    try:
        if not isinstance(raw, (str, bytes)):
            raise Unreadable(stored.why if isinstance(stored, Damaged) else "no text")
        data = read_json(raw)
    except Unreadable as error:
        return Event(row.id, session, row.created_at, damage=(f"event_data: {error}",), raw=raw)
    if data.__class__ is not dict:
        why = f"event_data: {word_for(data)} where an object belongs"
        return Event(row.id, session, row.created_at, damage=(why,), raw=raw)
    return _Reading(data, []).event(row, session, raw)


class _Reading:
    """The reading of one decoded event: what its choices say, gathered."""

    __slots__ = ("attachments", "calls", "damage", "data", "finish", "reasoning", "results", "role", "texts")

    def __init__(self, data: dict[str, Any], damage: list[str]) -> None:
        self.data = data
        self.damage = damage
        self.role = self.finish = ""
        self.texts: list[str] = []
        self.reasoning: list[str] = []
        self.attachments: list[str] = []
        self.calls: list[ToolCall] = []
        self.results: list[ToolResult] = []

    def event(self, row: SessionEvent, session: SessionKey, raw: object) -> Event:
        data, text = self.data, self._text
        self._choices()
        author = text(data, "author")
        error = self._error()
        return Event(
            row.id,
            session,
            row.created_at,
            text(data, "id"),
            author,
            "error" if error is not None else self.role or self._likely_role(author),
            text(data, "object"),
            "\n".join(self.texts),
            "\n".join(self.reasoning),
            tuple(self.calls),
            tuple(self.results),
            error,
            self._usage(),
            text(data, "model"),
            self._moment(data.get("timestamp")),
            text(data, "invocationId"),
            text(data, "branch"),
            text(data, "filterKey"),
            text(data, "tag"),
            self.finish,
            tuple(self.attachments),
            self._state_delta(),
            self._yes(data, "is_partial"),
            () if data.keys() <= _KNOWN else tuple(name for name in data if name not in _KNOWN),
            tuple(self.damage),
            raw,
            True,
        )

    def _likely_role(self, author: object) -> str:
        if self.results:
            return "tool"
        return "user" if author == "user" else "assistant"

    # -- single values ---------------------------------------------------------------------------------------

    def _damaged(self, where: str, value: object, belongs: str) -> Any:  # noqa: ANN401 - it stands in any field
        found = Damaged(value, f"{word_for(value)} where {belongs} belongs")
        self.damage.append(f"{where}: {found.why}")
        return found

    def _text(self, data: dict[str, Any], name: str, where: str = "") -> str:
        value = data.get(name)
        if value.__class__ is str:
            return value
        return "" if value is None else self._damaged(where + name, value, "text")

    def _number(self, data: dict[str, Any], name: str, where: str) -> int:
        value = data.get(name)
        if value is None:
            return 0
        if value.__class__ is not int:
            return self._damaged(where + name, value, "a whole number")  # type: ignore[no-any-return]
        if not -(2**63) <= value < 2**63:
            return self._damaged(where + name, value, "a whole number of 64 bits")  # type: ignore[no-any-return]
        return value

    def _yes(self, data: dict[str, Any], name: str) -> bool:
        value = data.get(name)
        if value is None or value.__class__ is bool:
            return bool(value)
        return self._damaged(name, value, "true or false")  # type: ignore[no-any-return]

    def _object(self, data: dict[str, Any], name: str, where: str = "") -> Any:  # noqa: ANN401 - or `Damaged`
        """An object; None when it is missing, null or empty."""
        value = data.get(name)
        if value.__class__ is dict or value is None:
            return value or None
        return self._damaged(where + name, value, "an object")

    def _list(self, data: dict[str, Any], name: str, where: str) -> list[Any]:
        value = data.get(name)
        if value.__class__ is list:
            return value
        if value is not None:
            self._damaged(where + name, value, "a list")
        return []

    def _moment(self, value: object) -> datetime | None:
        if value is None or value == "":
            return None
        if isinstance(value, str) and value[10:11] == "T":
            try:
                moment = datetime.fromisoformat(value)
                if moment.tzinfo is not None:
                    return moment.astimezone(UTC)
            except (ValueError, OverflowError):
                pass  # said below
        return self._damaged("timestamp", value, "a time with its zone")  # type: ignore[no-any-return]

    # -- parts -----------------------------------------------------------------------------------------------

    def _usage(self) -> Usage | None:
        usage = self._object(self.data, "usage")
        if usage.__class__ is not dict:
            return usage  # type: ignore[no-any-return]
        details = self._object(usage, "prompt_tokens_details", "usage.")
        cached = details if details.__class__ is dict else _NOTHING
        return Usage(
            self._number(usage, "prompt_tokens", "usage."),
            self._number(usage, "completion_tokens", "usage."),
            self._number(usage, "total_tokens", "usage."),
            self._number(cached, "cached_tokens", "usage.prompt_tokens_details."),
        )

    def _error(self) -> EventError | None:
        error = self._object(self.data, "error")
        if error.__class__ is not dict:
            return error  # type: ignore[no-any-return]
        message, kind, code = (self._text(error, name, "error.") for name in ("message", "type", "code"))
        return EventError(message, kind, code)

    def _state_delta(self) -> Mapping[str, bytes | None]:
        delta = self._object(self.data, "stateDelta")
        if delta.__class__ is not dict:
            return delta or {}
        return {name: self._bytes(name, value) for name, value in delta.items()}

    def _bytes(self, name: str, value: object) -> bytes | None:
        import base64

        if value is None:
            return None
        try:
            if isinstance(value, str):
                return base64.b64decode(value, validate=True)
        except ValueError:
            pass  # said below
        return self._damaged(f"stateDelta.{name}", value, "base64")  # type: ignore[no-any-return]

    # -- what was said ---------------------------------------------------------------------------------------

    def _choices(self) -> None:
        for number, choice in enumerate(self._list(self.data, "choices", "")):
            where = f"choices[{number}]."
            if choice.__class__ is not dict:
                self._damaged(where[:-1], choice, "an object")
                continue
            self.finish = self.finish or self._text(choice, "finish_reason", where)
            message = self._object(choice, "message", where)
            said = message.__class__ is dict and self._message(message, f"{where}message.")
            delta = choice.get("delta")
            # An empty delta stands beside every whole message; one that says something, beside an empty message.
            if delta.__class__ is not dict or len(delta) > 1 or delta.get("role"):
                delta = self._object(choice, "delta", where)
                if delta.__class__ is dict and not said:
                    self._message(delta, f"{where}delta.")

    def _message(self, message: dict[str, Any], where: str) -> bool:
        """Gather what a message says; whether it says anything."""
        before = len(self.calls), len(self.results)
        role = self._text(message, "role", where)
        self.role = self.role or role
        content = self._content(message, where)
        reasoning = self._text(message, "reasoning_content", where)
        if reasoning.__class__ is str and reasoning:
            self.reasoning.append(reasoning)
        if role == "tool" or "tool_id" in message:
            self.results.append(
                ToolResult(self._text(message, "tool_id", where), self._text(message, "tool_name", where), content)
            )
        elif content:
            self.texts.append(content)
        if "tool_calls" in message:
            for number, call in enumerate(self._list(message, "tool_calls", where)):
                self._call(call, f"{where}tool_calls[{number}].")
        return bool(content or reasoning) or before != (len(self.calls), len(self.results))

    def _content(self, message: dict[str, Any], where: str) -> str:
        content = self._text(message, "content", where)
        texts = [content] if content and content.__class__ is str else []
        if "content_parts" in message:
            from workbench.data.agents.content_parts import words_of

            for number, part in enumerate(self._list(message, "content_parts", where)):
                try:
                    words, ours = words_of(part)
                    texts.append(words)
                    self.attachments += [words] * ours
                except Unreadable as error:
                    self.damage.append(f"{where}content_parts[{number}]: {error}")
        return "\n".join(filter(None, texts))

    def _call(self, call: object, where: str) -> None:
        if not isinstance(call, dict):
            self._damaged(where[:-1], call, "an object")
            return
        function = self._object(call, "function", where)
        if function.__class__ is not dict:
            function = _NOTHING
        inside = f"{where}function."
        self.calls.append(
            ToolCall(
                self._text(call, "id", where),
                self._text(function, "name", inside),
                self._text(function, "arguments", inside),
            )
        )
