"""What a screen comes back to: how it was left, unless the operator named a source or does not want it."""

from __future__ import annotations

from dataclasses import replace

from workbench.cli.session import HOME, Session
from workbench.data.errors import WorkbenchError
from workbench.desk.remembered import Remembered, read


def remembered(session: Session, *, named: bool) -> Remembered:
    """What is remembered. Where a source was named, or with `resume = false`, the screen begins with the inbox."""
    settings = session.loaded.settings
    found = read(settings.home)
    return replace(found, view="", source="") if named or not settings.resume else found


def last_source(session: Session, found: Remembered) -> str | None:
    """The source that was shown last, if it still is one that can be found by its name."""
    if found.source != HOME and found.source not in session.loaded.settings.sources:
        return None
    try:
        session.candidate(found.source)
    except WorkbenchError:  # it cannot be composed now: a variable is not set, say
        return None
    return found.source


def theme_of(session: Session, found: Remembered) -> str:
    """The theme to begin with: one that was chosen on the screen stands in for what the settings files say.

    An option or a variable is for this run, and wins.
    """
    theme, place = session.loaded.settings.theme, session.loaded.place("theme")
    return theme if place.startswith(("--", "WORKBENCH_")) else found.theme_for(theme)
