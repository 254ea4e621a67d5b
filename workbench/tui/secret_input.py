"""A line in which one writes, where passwords are dots: those of addresses, and whatever else looks like a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.widgets import Input

from workbench.data.target import SECRET_KEYWORDS

_DOT = "•"
# What stands behind `user:` may be a password as long as no @ says that it is one, and no / that it is a port.
_USER = re.compile(r"://[^\s/?#@:\[]*:(?P<rest>[^\s/?#]*)(?P<end>.?)")
_NAMED = re.compile(
    rf"\b(?:{'|'.join(sorted(SECRET_KEYWORDS))})\s*=\s*(?P<value>'(?:[^'\\]|\\.)*'?|[^\s&]*)", re.IGNORECASE
)
_VARIABLE = re.compile(r"\$\{\w*\}?")


def hidden(text: str) -> Iterator[tuple[int, int]]:
    """Where something stands that nobody is to read over a shoulder. A variable names a secret and is none."""
    from workbench.desk.secrets import mask

    found = [(span.start, span.end) for span in mask(text).spans]
    for match in _USER.finditer(text):
        start, end = match.span("rest")
        if "@" in match["rest"]:
            found.append((start, start + match["rest"].rindex("@")))
        elif not (match["end"] and match["rest"].isdigit()):
            found.append((start, end))
    found += [match.span("value") for match in _NAMED.finditer(text)]
    return (span for span in found if not _VARIABLE.fullmatch(text[slice(*span)]))


class FormWords(Input):
    """One line of a form. What is pasted into it loses what would act on the terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.give_up", "Cancel", show=False, id="form.cancel"),
        Binding("down", "screen.focus_next", "The next line", show=False, id="form.next"),
        Binding("up", "screen.focus_previous", "The line before", show=False, id="form.previous"),
    ]

    def on_mount(self) -> None:
        """The cursor stands still: a form that nobody writes in sends nothing."""
        self.cursor_blink = False

    def _on_paste(self, event: Paste) -> None:
        event.text = "".join(character for character in event.text if character.isprintable())


class SecretWords(FormWords):
    """One in which what looks like a password is shown as dots."""

    @property
    def _value(self) -> Text:
        characters = list(self.value)
        for start, end in hidden(self.value):
            characters[start:end] = _DOT * (end - start)
        return Text("".join(characters), no_wrap=True, overflow="ignore", end="")
