"""How a source that is open read-only is opened for writing: asked once, tried, and then so in every view of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from workbench.desk.places import Place
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.gateway import Lane
from workbench.tui.lines import Notice
from workbench.tui.view_screen import ViewScreen


class Reopening(ViewScreen):
    """The part of a screen that asks whether its source shall be opened for writing."""

    def ask_beside(self, question: SafeText, then: Callable[[str], None]) -> None:
        """Ask something that is not about the item under the cursor."""
        raise NotImplementedError

    def action_write(self) -> None:
        """Ask whether this source shall be opened writable."""
        self.notice.clear()
        if self.place.writable:
            self.notice.say(plain("This source is open for writing already."))
        elif self.place.never_writable:
            self.notice.say(plain("--read-only was given, and it always wins: start again without it."), "$warning")
        else:
            name = safe(self.place.name).cut(30)
            question = plain("Open ") + name + plain(" for writing? What you decide then acts on live agents.")
            # That source, whatever stands under the cursor by the time that it is answered.
            opening = partial(try_writable, self.place, self.lane, self.app, self.notice)
            self.ask_beside(question, lambda _: opening())


def try_writable(place: Place, lane: Lane, app: Any, notice: Notice) -> None:  # noqa: ANN401 - our app, which is above
    """Open a source once for writing, and if that goes well for good."""
    writable = place.made_writable()

    def opened(_: None) -> None:
        notice.say(plain("Opened for writing."))
        app.opened_for_writing(writable)

    def refused(error: Exception) -> None:
        notice.say(plain("It stays read-only: ") + safe(str(error)), "$error")

    notice.say(plain("Opening…"))
    lane.read("reopen", lambda _: writable.open(True).close(), opened, refused)
