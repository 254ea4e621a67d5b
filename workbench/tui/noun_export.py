"""Writing things out from the screen: one that is shown, or the list as it is filtered, to a new file."""

from __future__ import annotations

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


class NounExport(NounDeeds):
    """The part of a noun's view that writes files. A source to look at is enough for it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "export", "Export to a file", tooltip="It asks for the name.", id="view.export"),
    ]

    filter: str

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
            form_of(self.noun, text.strip())
        except Invalid as error:
            return safe(str(error))
        return None

    def _write(self, key: Key | None, text: str) -> None:
        path = Path(text.strip()).expanduser().absolute()
        work = Work(plain(f"export {self.noun.id if self.noun.forms else self.noun.plural}"), self.place.name)
        looking = Looking(self.place.name, self.moment)
        job = partial(_export, noun=self.noun, key=key, path=path, ask=self.noun.ask(self.filter, 500), looking=looking)
        self.working.start_work(self.lane, work, job, lambda _: None)


def _export(
    source: Source, work: Work, noun: Noun, key: Key | None, path: Path, ask: Ask, looking: Looking
) -> tuple[SafeText, str]:
    record: Any = noun.get(source, key) if noun.forms and key is not None else None
    out = written_out(noun, source, record, form_of(noun, path.name), ask, looking)
    try:
        return write_out(path, out, work.progress, work.go_on), DONE
    except Stopped:
        raise Nothing from None
