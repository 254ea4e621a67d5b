"""The house on the command line: what is in no source, read as nouns want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.cli.session import HOME, Candidate, Session

if TYPE_CHECKING:
    from workbench.desk.house import House, Known


def house_of(session: Session) -> House:
    """The house of the settings; its sources are told without asking them."""
    from workbench.desk.house import House

    settings = session.loaded.settings
    return House(settings.home, settings.operator, lambda: unasked(session))


def unasked(session: Session) -> list[Known]:
    """Every configured source and the home, as the settings have them."""
    from workbench.cli.probing import Answer
    from workbench.cli.records import known

    candidates = [*session.configured(), Candidate(HOME, session.home())]
    return [known(Answer(candidate), asked=False) for candidate in candidates]
