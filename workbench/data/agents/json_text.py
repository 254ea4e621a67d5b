"""Reading JSON texts that others wrote: quickly where they are whole, and saying why where they are not."""

from collections.abc import Callable
from functools import cache
from typing import Any

from workbench.data.engine.times import Unreadable


@cache
def _quick() -> Callable[[str | bytes], Any]:
    import msgspec

    return msgspec.json.Decoder().decode


def read_json(text: str | bytes) -> object:
    """What a JSON text means; `Unreadable` with the reason if it means nothing."""
    try:
        return _quick()(text)
    except RecursionError:
        raise Unreadable("nested too deeply to be read") from None
    except Exception:  # whatever it was, the careful reading says it in words, or can do it
        return _carefully(text)


def _carefully(text: str | bytes) -> object:
    """Half a surrogate pair and numbers beyond a float are no reason to lose the rest."""
    import json

    try:
        return json.loads(text if isinstance(text, str) else text.decode("utf-8"), parse_constant=_no_constants)
    except RecursionError:
        raise Unreadable("nested too deeply to be read") from None
    except UnicodeDecodeError:
        raise Unreadable("bytes that are not UTF-8 where JSON belongs") from None
    except ValueError as error:
        why = "an empty text" if not text.strip() else str(error)
        raise Unreadable(f"not JSON: {why}") from None


def _no_constants(word: str) -> object:
    raise ValueError(f"{word} is no number")


def word_for(value: object) -> str:
    """What kind of JSON value this is, for a sentence."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"
