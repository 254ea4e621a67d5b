"""Changing a text on the screen: a memory, or a value of a session's state. It is compared with what was shown."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from workbench.data import Source
from workbench.data.errors import Invalid, WorkbenchError
from workbench.desk.detail import Detail
from workbench.desk.nouns import deeds
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verb import Done, Verb
from workbench.tui.deed_jobs import Wanted
from workbench.tui.noun_deeds import NounDeeds

if TYPE_CHECKING:
    from workbench.data.agents.records import SessionState
    from workbench.desk.noun import Key

_LONGEST = 20_000  # characters that are edited here
_NAMED = 12  # names that a question shows
_FOREIGN = ("app:", "user:", "temp:")  # begin the names of values that are not the session's own


class NounEdits(NounDeeds):
    """The part of a noun's view that changes a text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit", tooltip="A memory, or a value of a session's state.", id="noun.edit"),
    ]

    part: str

    @property
    def _key(self) -> Key | None:
        """What the cursor is on."""
        raise NotImplementedError

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._sent: tuple[object, str] | None = None  # what is being written, and for which text
        self._refused: tuple[object, str] | None = None  # what could not be written

    @property
    def edits(self) -> Verb | None:
        """How one of these is edited, if it can be."""
        return deeds().get((self.noun.id, "edit")) or deeds().get((self.noun.id, "set"))

    def done(self, found: tuple[Done, WorkbenchError | None]) -> None:
        """It is done."""
        self._sent = self._refused = None
        super().done(found)

    def refused(self, error: Exception) -> None:
        """It could not be done: what was written for it is kept."""
        self._refused, self._sent = self._sent or self._refused, None
        super().refused(error)

    def action_edit(self) -> None:
        """Open the text in an editor: there it is on screen before anything of it is written."""
        deed, detail = self.edits, self.detail
        if deed is None or detail is None or not self.may_change(deed.title):
            return
        wanted = Wanted(deed, detail.key[2:], detail.record, counts={"values": 1})
        if deed.id == "edit":
            self._edit(wanted, "content", detail.record.content, plain("Edit ") + _name(detail))
        elif self.part != "state":
            self.say(plain("What is edited of a session is its state: go to State first."), "$warning")
        else:
            self.lane.read("state", partial(_names, key=wanted.key or ()), partial(self._choose, wanted), self.refused)

    def _choose(self, wanted: Wanted, names: list[str]) -> None:
        """Ask which of the values is meant."""
        if self._has_gone_on(wanted):
            return
        shown = plain(", ").join([safe(name, limit=40) for name in names[:_NAMED]])
        more = plain(f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
        self.ask_words(
            plain("Which value of the state? ") + (shown + more if names else plain("It has none of its own yet.")),
            lambda text: _no_name(text.strip()),
            lambda text: self._look_before(wanted, text.strip()),
            draft=names[0] if len(names) == 1 and names[0].isprintable() else "",
            of_item=False,
        )

    def _has_gone_on(self, wanted: Wanted) -> bool:
        """Whether the operator looks at something else by now."""
        return self.asking or not self.is_current or self._key != wanted.key

    def _look_before(self, wanted: Wanted, name: str) -> None:
        work = partial(_value, key=wanted.key or (), name=name)
        self.lane.read("state", work, partial(self._edit_value, wanted, name), self.refused)

    def _edit_value(self, wanted: Wanted, name: str, value: SessionState | None) -> None:
        if self._has_gone_on(wanted):
            return
        new = value is None
        wanted = replace(wanted, options={"key": name}, shown=value)
        title = plain("New value " if new else "Set ") + safe(name, limit=40)
        stored: object = b"" if value is None or value.value is None else value.value
        text: object = stored
        if isinstance(stored, bytes):
            try:
                text = stored.decode("utf-8")
            except UnicodeDecodeError:
                text = None
        self._edit(wanted, "value", text, title, of_item=False)

    def _edit(self, wanted: Wanted, option: str, text: object, title: SafeText, *, of_item: bool = True) -> None:
        """Open the editor with a text as it is stored, if the editor can hold it."""
        if (why := _not_here(text)) or not isinstance(text, str):
            command = plain(f"; `workbench {wanted.deed.noun} {wanted.deed.id}` can")
            self.say(title + plain(f": {why}") + command, "$warning")
            return
        same = plain("that is what it says already")
        place = (wanted.deed.noun, wanted.key, wanted.options.get("key"))
        warnings = [plain(wanted.deed.told)] if wanted.deed.told else []
        draft = text
        if self._refused is not None and self._refused[0] == place and self._refused[1] != text:
            draft = self._refused[1]
            warnings.append(plain("these words of yours were not written; it now says: ") + safe(text, limit=200))

        def send(given: str) -> None:
            self._sent = (place, given)
            self.do([replace(wanted, options={**wanted.options, option: given})])

        self.ask_words(
            title + plain(":"),
            lambda given: same if given == text and (wanted.shown is not None or option == "content") else None,
            send,
            warnings,
            draft,
            of_item=of_item,
        )


def _name(detail: Detail) -> SafeText:
    return safe(detail.kind.replace("-", " ")) + plain(" ") + safe(detail.key[-1], limit=60)


def _not_here(text: object) -> str:
    """Why a text cannot be edited here: the editor shows all of it as it is, and so nothing that acts or hides."""
    from workbench.desk.secrets import mask

    if not isinstance(text, str):
        return "it is no text, so it cannot be edited here"
    if len(text) > _LONGEST:
        return f"it has {len(text):,} characters, too many to edit here"
    if not all(c.isprintable() or c in "\n\t" for c in text):
        return "it has characters that cannot be seen, which an editor here would lose"
    if mask(text).count:
        return "it holds secrets, which are masked here, so it cannot be edited"
    return ""


def _no_name(name: str) -> SafeText | None:
    if not name:
        return plain("the name of a value is needed")
    if name.startswith(_FOREIGN):
        return plain("that belongs to the application or the user, not to this session")
    return None


def _names(source: Source, key: Key) -> list[str]:
    session = source.sessions.get_session(key, events=False)
    if session is None:
        raise Invalid("this session is gone: look again")
    return sorted(name for name in session.state if not name.startswith(_FOREIGN))


def _value(source: Source, key: Key, name: str) -> SessionState | None:
    found: SessionState | None = source.sessions.session_value(key, name)
    return found
