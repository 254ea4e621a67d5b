"""The JSON of an event as it is stored: checked, so that the program that owns the database can read it back.

That program passes over an event that it cannot read, without a word; so a wrong type is refused here.
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NoReturn

from workbench.data.agents.session import StateMap, complete
from workbench.data.engine.times import in_utc
from workbench.data.errors import Invalid

_TYPES: dict[str, type] = {
    "object": str, "created": int, "model": str, "choices": list, "usage": dict, "system_fingerprint": str,
    "error": dict, "done": bool, "is_partial": bool, "requestID": str, "invocationId": str,
    "parentInvocationId": str, "author": str, "id": str, "timestamp": str, "branch": str, "tag": str,
    "requiresCompletion": bool, "longRunningToolIDs": dict, "stateDelta": dict, "actions": dict, "filterKey": str,
    "version": int, "response": dict,
}  # fmt: skip
_SAID = {"tool_calls": list, "tool_id": str, "content": str, "content_parts": list, "reasoning_content": str}
_WORDS = {str: "a text", int: "a whole number", list: "a list", dict: "an object", bool: "true or false"}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_DIGITS_AS_0 = bytes(ord("0") if 48 <= each < 58 else 32 for each in range(256))
_MANY_DIGITS = b"0" * 19  # the shortest number that may not fit 64 bits
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
ZERO_TIME = "0001-01-01T00:00:00Z"


def prepared(
    event: Mapping[str, Any] | str, state_delta: StateMap | None, app_name: str, moment: datetime
) -> tuple[str | None, StateMap]:
    """The text to store (None: this event is not kept, as nothing is said in it) and the state that it sets.

    What is missing is filled in: `id`, `timestamp`, `version`, an empty `invocationId`, and as `author` `user` for
    a user's message and the application for any other. The state is that of the event's own `stateDelta` and, over
    it, that of the argument; the stored event carries both.
    """
    made = dict(_parsed(event))
    for name, value in made.items():
        expected = _TYPES.get(name)
        if expected is not None and value.__class__ is not expected and value is not None:
            _check_type(name, value, expected)
    delta = _delta_of(made.get("stateDelta"))
    if state_delta:
        delta = {**delta, **complete(state_delta)}
        made["stateDelta"] = {name: _base64(value) for name, value in delta.items()}
    says = _says_something(made.get("choices"))
    if made.get("is_partial") or not says:
        return None, delta
    if not made.get("id"):
        made["id"] = new_id()
    if not (at := made.get("timestamp")):
        made["timestamp"] = rfc3339(moment)
    elif not is_rfc3339(at):
        raise Invalid(f"the event's timestamp {at!r} is no RFC 3339 time: pass one, or leave it out")
    if not made.get("version"):
        made["version"] = 1
    if made.get("invocationId") is None:
        made["invocationId"] = ""
    if not made.get("author"):
        made["author"] = "user" if _is_of_user(made["choices"]) else app_name
    return _text(made), delta


def new_id() -> str:
    """A random UUID as text; an event needs one, and `uuid.uuid4` takes four times as long."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:]}"


def rfc3339(moment: datetime) -> str:
    """`2026-11-20T06:31:31.1805Z`, with as many digits of the second as there are."""
    text = in_utc(moment).isoformat()[:-6]
    return (text.rstrip("0") if moment.microsecond else text) + "Z"


def is_rfc3339(text: str) -> bool:
    """Whether a text is a time as events hold it."""
    if not _RFC3339.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _parsed(event: Mapping[str, Any] | str) -> Mapping[str, Any]:
    found: object = event
    if isinstance(event, str):
        try:
            found = json.loads(event, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Invalid(f"the event is not JSON: {error}") from None
    if not isinstance(found, Mapping):
        raise Invalid(f"an event is an object, not of type {type(found).__name__}: pass a dict or the text of one")
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _check_type(name: str, value: object, expected: type) -> None:
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is int):
        raise Invalid(f"the event's {name} is of type {type(value).__name__}: it must be {_WORDS[expected]}")


def _delta_of(given: dict[str, Any] | None) -> StateMap:
    if not given:
        return {}
    delta: dict[str, bytes | None] = {}
    for name, value in given.items():
        try:
            delta[name] = None if value is None else base64.b64decode(value, validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise Invalid(f"the event's stateDelta {name!r} is no base64: pass bytes as state_delta instead") from None
    return complete(delta)


def _base64(value: bytes | None) -> str | None:
    return None if value is None else str(binascii.b2a_base64(value, newline=False), "ascii")


def _says_something(choices: list[Any] | None) -> bool:
    """Whether there is anything in the choices that is worth keeping: words, parts, reasoning, calls, results."""
    says = False
    for choice in choices or ():
        if not isinstance(choice, dict):
            raise Invalid(f"a choice of the event is of type {type(choice).__name__}: it must be an object")
        for side in ("message", "delta"):
            message = choice.get(side)
            if message is None:
                continue
            if not isinstance(message, dict):
                raise Invalid(f"a {side} of the event is of type {type(message).__name__}: it must be an object")
            for name in _SAID.keys() & message.keys():
                if value := message[name]:
                    _check_type(name, value, _SAID[name])
                    says = True
    return says


def _is_of_user(choices: list[Any]) -> bool:
    message = choices[0].get("message") or {}
    return bool(message.get("role") == "user")


@cache
def _quick_encoder() -> Callable[[object], bytes]:
    import msgspec

    return msgspec.json.Encoder().encode


def _plain(value: object) -> object:
    """A time, bytes and the like as the quick encoder writes them (RFC 3339, base64)."""
    import msgspec

    return msgspec.to_builtins(value)


_careful_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain).encode


def _text(made: dict[str, Any]) -> str:
    """The JSON text. Whatever might be wrong with it is left to the careful way, which says what that is."""
    try:
        text = _quick_encoder()(made)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return _text_with_care(made)
    # NaN would have become null.
    if b"null" in text or b"\\u0000" in text or _MANY_DIGITS in text.translate(_DIGITS_AS_0):
        return _text_with_care(made)
    return str(text, "utf-8")


def _text_with_care(made: dict[str, Any]) -> str:
    try:
        text = _careful_encode(made)
    except RecursionError:
        raise Invalid("the event is nested too deeply to be read back: flatten it") from None
    except (TypeError, ValueError) as error:
        raise Invalid(f"the event cannot be written as JSON: {error}") from None
    if _NUL.search(text):
        raise Invalid("the event holds a NUL character, which no database here keeps: remove it")
    _refuse_long_numbers(made)
    return text


def _refuse_long_numbers(made: dict[str, Any]) -> None:
    left: list[object] = [made]
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            left.extend(value.values())
        elif isinstance(value, (list, tuple)):
            left.extend(value)
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise Invalid(f"the event holds {value}, which does not fit 64 bits: pass a smaller number, or a text")
