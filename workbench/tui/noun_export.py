"""Writing things out from the screen: one that is shown, or the list as it is filtered, to a new file."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from workbench.data import Source
from workbench.data.errors import Invalid
from workbench.desk.exporting import ENDINGS, Stopped, form_of, forms_of, suggested, write_out, written_out
from workbench.desk.looking import Looking
from workbench.desk.noun import Ask, Key, Noun
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.noun_deeds import NounDeeds
from workbench.tui.work import DONE, Nothing, Work

_WORDS = {"jsonl": "every event exactly", "markdown": "a transcript, its secrets masked"}
_TOGETHER = 500  # rows of a list that are read at a time


class NounExport(NounDeeds):
    """The part of a noun's view that writes files. A source to look at is enough for it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "export", "Export to a file", tooltip="It asks for the name.", id="view.export"),
    ]

    filter: str

    def asked_for(self, filter: str) -> Ask:
        """What the list is asked for, in the order that was chosen."""
        raise NotImplementedError

    def action_export(self) -> None:
        """Ask for the name of the file."""
        key = self.detail.key[2:] if self.detail is not None else None
        self.notice.clear()
        if self.noun.forms and key is None:
            return
        self.ask_words(
            self._question(key),
            self._no_file,
            partial(self._write, key),
            draft=suggested(self.noun, key),
            of_item=False,
        )

    def _question(self, key: Key | None) -> SafeText:
        if self.noun.forms and key is not None:
            what = safe(self.noun.id) + plain(" ") + safe(key[-1], limit=40)
        else:
            what = plain(f"all {self.noun.plural}")
            what += plain(" that match ") + safe(self.filter, limit=60) if self.filter else plain("")
        forms = forms_of(self.noun)
        endings = [
            f"{ending}: {_WORDS[form]}" if self.noun.forms and form in _WORDS else ending
            for ending, form in ENDINGS.items()
            if form in forms
        ]
        return plain("Export ") + what + plain(f" to which file? ({', '.join(endings)})")

    def _no_file(self, text: str) -> SafeText | None:
        try:
            _file(text)
            form_of(self.noun, text.strip())
        except Invalid as error:
            return safe(str(error))
        return None

    def _write(self, key: Key | None, text: str) -> None:
        path = _file(text)
        work = Work(plain(f"export {self.noun.id if self.noun.forms else self.noun.plural}"), self.place.name)
        looking = Looking(self.place.name, self.moment)
        ask = replace(self.asked_for(self.filter), limit=_TOGETHER)
        job = partial(_export, noun=self.noun, key=key, path=path, ask=ask, looking=looking)
        self.working.start_work(self.lane, work, job, lambda _: None)


def _file(text: str) -> Path:
    """The file that is meant; `Invalid` where there is no telling."""
    path = os.path.expanduser(text.strip())  # noqa: PTH111 - Path.expanduser fails for an unknown user
    if path.startswith("~"):
        raise Invalid("there is no such user here: write the path without ~")
    try:
        return Path(path).absolute()
    except OSError:
        raise Invalid("the directory that the workbench was started in is gone: write a path from / on") from None


def _export(
    source: Source, work: Work, noun: Noun, key: Key | None, path: Path, ask: Ask, looking: Looking
) -> tuple[SafeText, str]:
    record: Any = noun.get(source, key) if noun.forms and key is not None else None
    out = written_out(noun, source, record, form_of(noun, path.name), ask, looking)
    try:
        return write_out(path, out, work.progress, work.go_on), DONE
    except Stopped:
        raise Nothing from None
