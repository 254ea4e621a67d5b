"""Verbs: what an operator does to a noun. Each is declared once, in the file of its noun, for every face.

A verb is done to rows that were chosen by their ids, or (a sweep) to whatever its options mean. It says beforehand how
much it would change, does it, and says what it did. Importing one is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.safe import SafeText
    from workbench.desk.trash import Trash

NEVER, MAYBE, ALWAYS = "never", "maybe", "always"
CHANGE, DESTROY = "change", "destroy"


@dataclass(frozen=True, slots=True)
class Option:
    """Something that a verb has to be told. `many` takes several; a flag is only there or not."""

    id: str
    words: str
    required: bool = False
    many: bool = False
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Doing:
    """One use of a verb: the record as it was shown (None for a sweep), its options, and who does it.

    `text` is what the operator says to it, `shown` what else the verb looked at beforehand, and compares when it is
    done. What can be undone goes to the `trash`. Long work is done in chunks, each whole: after one `progress` is told
    how much is done, before one `go_on` is asked. A preview that would have to count more than `most` says that many.
    """

    record: Any
    options: Mapping[str, Any]
    operator: str
    trash: Trash | None = None
    shown: Any = None
    progress: Callable[[int], None] = lambda _: None
    go_on: Callable[[], bool] = lambda: True
    most: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What a verb did: in words, counted, and the entry of the trash from which it can be undone.

    `stopped` says that it was told to stop: what its words say is done, the rest is as it was. `record` is what it was
    done to as it is now, where that is still there and was read.
    """

    words: SafeText
    counts: Mapping[str, int] = field(default_factory=dict)
    entry: str | None = None
    stopped: bool = False
    record: Any = None


def _one_row(source: Source, doing: Doing) -> Mapping[str, int]:
    return {"rows": 1}


def _nothing_of_its_own(verb: Verb, source: Source, record: Any) -> str | None:  # noqa: ANN401
    return None


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that is done to a noun, and to those that are `also` named.

    `done` is the word for it afterwards, on the screen and in the audit log. `preview` counts what it would change,
    without changing anything; `look` reads what must not change until it is done; `told` is what to know before;
    `refuses` says in a few words why a record that was read cannot have it done.
    `text` says whether it takes words of the operator, and `asks` what they are. `key` is its usual key, if it has
    one, and `binding` the id under which that stands in the settings. A verb that `decides` answers an agent that
    waits: it is bound to the record as it was shown, and has a short form of its own on the command line.
    """

    id: str
    noun: str
    title: str
    done: str
    words: str
    run: Callable[[Source, Doing], Done]
    preview: Callable[[Source, Doing], Mapping[str, int]] = _one_row
    look: Callable[[Source, Doing], Any] | None = None
    refuses: Callable[[Verb, Source, Any], str | None] = _nothing_of_its_own
    also: tuple[str, ...] = ()
    key: str = ""
    binding: str = ""
    danger: str = CHANGE
    sweep: bool = False
    options: tuple[Option, ...] = ()
    told: str = ""
    text: str = NEVER
    asks: str = ""
    decides: bool = False

    @property
    def applies(self) -> frozenset[str]:
        """The nouns that it is for."""
        return frozenset((self.noun, *self.also))

    def refusal(self, source: Source, record: Any = None) -> str | None:  # noqa: ANN401 - any noun's record
        """Why it cannot be done now, in a few words; None when it can."""
        return "read-only" if source.read_only else self.refuses(self, source, record)

    def command(self, noun: str = "") -> str:
        """How it is typed, such as `workbench session delete`."""
        return f"workbench {noun or self.noun} {self.id}"

    def refuse_text(self, text: str) -> str:
        """The operator's words as they will be written; `Invalid` if the verb needs some, or takes none."""
        text = text.strip()
        if self.text == ALWAYS and not text:
            raise Invalid(f"{self.title} needs text: {self.asks.lower()}")
        if self.text == NEVER and text:
            raise Invalid(f"{self.title} takes no text: leave it out")
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise Invalid("the text holds a character that no database takes (a NUL, or half of one): leave it out")
        return text


def work(name: str, module: str = "deeds") -> Callable[..., Any]:
    """A function of a module of the desk, which is imported when it is first used."""

    def run(*arguments: Any) -> Any:  # noqa: ANN401 - as that function takes and gives them
        from importlib import import_module

        return getattr(import_module(f"workbench.desk.{module}"), name)(*arguments)

    return run
