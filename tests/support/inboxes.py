"""An inbox on the screen for tests: what waits in it, at fixed times, and the operator who sits before it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from support import screens
from support.agents import Place as Where
from support.screens import WIDE, Screen
from textual.events import Key
from textual.pilot import Pilot

from workbench.data import Source, open_source
from workbench.data.agents.records import Approval, Clarification
from workbench.desk.audit import Act as Done
from workbench.desk.audit import Audit
from workbench.desk.places import Place, Rules
from workbench.tui.app import WorkbenchApp
from workbench.tui.choices import Choices
from workbench.tui.deciding import SETTLE
from workbench.tui.inbox_screen import InboxScreen
from workbench.tui.noun_screen import NounScreen

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ARGS = '{"path": "/srv/app/config.yaml", "content": "replicas: 3\\n"}'
SECRET = "ghp_" + "a1B2c3D4" * 4 + "wXyZ"


def ago(minutes: float) -> datetime:
    """So many minutes before noon."""
    return NOON - timedelta(minutes=minutes)


@dataclass
class Operator:
    """An operator before a database: the app as it is started for one, and what it left in the audit."""

    where: Where
    home: Path
    name: str = "ops@bastion"
    read_only: bool = False
    never_writable: bool = False
    production: bool = False
    theme: str = "workbench-dark"
    moment: datetime = NOON
    source_name: str = "prod-genie"
    choices: Choices = field(default_factory=Choices)
    others: list[Place] = field(default_factory=list)
    apps: list[WorkbenchApp] = field(default_factory=list)

    def app(self) -> WorkbenchApp:
        """The app, not running yet."""
        place = Place(
            self.source_name,
            "its address",
            lambda write: self.where.open(read_only=not write, name=self.source_name),
            writable=not self.read_only,
            never_writable=self.never_writable,
            production=self.production,
        )
        rules = Rules(self.name, self.home)
        app = WorkbenchApp(place, rules, self.theme, self.choices, others=self.others, clock=lambda: self.moment)
        self.apps.append(app)
        return app

    def run(self, steps: Callable[["Keys"], Awaitable[None]], size: Screen = WIDE) -> None:
        """Sit down, press keys, and leave."""

        async def scenario() -> None:
            app = self.app()
            async with app.run_test(size=size) as pilot:
                keys = Keys(app, pilot)
                try:
                    await keys.until(lambda: getattr(app.screen, "answered", False))
                    await steps(keys)
                finally:
                    app.leave(0)
            app.gateway.wait(30)

        asyncio.run(scenario())

    def acts(self) -> list[Done]:
        """What the audit has, oldest first."""
        return list(reversed(Audit(self.home, self.name).list()))


class Keys:
    """The keys of an app under test, and what it shows."""

    def __init__(self, app: WorkbenchApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def inbox(self) -> InboxScreen:
        """The screen."""
        for screen in self.app.screen_stack:
            if isinstance(screen, InboxScreen):
                return screen
        return None  # type: ignore[return-value]

    @property
    def view(self) -> NounScreen:
        """The view of a noun that is shown."""
        assert isinstance(self.app.screen, NounScreen)
        return self.app.screen

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return screens.screen_text(self.app)

    @property
    def flat(self) -> str:
        """The same as one long line, without frames: for sentences that are wrapped."""
        return " ".join(re.sub("[│┃━─]", " ", self.text).split())

    @property
    def packed(self) -> str:
        """The same without any blank: for long words that are wrapped."""
        return re.sub(r"[\s│┃]", "", self.text)

    @property
    def notice(self) -> str:
        """The sentence about what just happened."""
        return str(self.inbox.notice.words)

    @property
    def cursor(self) -> str | None:
        """The id of the item under the cursor."""
        key = self.inbox.table.cursor
        return key[2] if isinstance(key, tuple) else None

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Write words."""
        names = {" ": "space", "\n": "ctrl+j"}
        await self.pilot.press(*(names.get(character, character) for character in text))

    async def rush(self, text: str) -> None:
        """Write words so fast that all of them come at once, as over a slow line."""
        names = {" ": "space", ":": "colon"}
        for character in text:
            self.app.post_message(Key(names.get(character, character), character))
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it holds; what breaks on the screen meanwhile ends the wait."""
        found = await screens.until(self.pilot, lambda: self.app.broken or condition())
        if self.app.broken is not None:
            raise self.app.broken
        assert found

    async def sees(self, *texts: str) -> None:
        """Wait until all of these stand on the screen."""
        await self.until(lambda: all(text in self.text for text in texts))

    async def golden(self, name: str, *hidden: tuple[str, str]) -> None:
        """Compare the screen with its golden file once it reads so; what changes from run to run is put differently."""

        def text() -> str:
            found = self.text
            for each, instead in hidden:
                found = found.replace(each, instead)
            return found

        with suppress(AssertionError):
            await screens.until(self.pilot, lambda: screens.is_golden(name, text()), seconds=20)
        screens.golden(name, text())

    async def settled(self) -> None:
        """Wait until the item under the cursor is shown and may be decided."""

        def ready() -> bool:
            detail = self.inbox.detail
            shown = detail is not None and detail.key == self.inbox.table.cursor
            return shown and monotonic() - self.inbox.shown_at >= SETTLE

        await self.until(ready)

    async def go_to(self, id: str) -> None:
        """Put the cursor on an item, and look at it for long enough."""
        await self.press("g")
        for _ in range(len(self.inbox.items)):
            if self.cursor == id:
                break
            await self.press("j")
        assert self.cursor == id
        await self.settled()


def place_at(path: Path, name: str = "", **about: Any) -> Place:
    """A database file as a source of the screen, under the name of the file."""

    def open_place(write: bool) -> Source:
        return open_source(path, read_only=not write, name=name or path.stem)

    return Place(name or path.stem, str(path), open_place, **{"writable": True, **about})


def ask(source: Source, tool: str = "save_file", args: str = ARGS, *, minutes: float = 4, **about: Any) -> Approval:
    """An approval that has waited for so many minutes at noon."""
    values = {"sender_context": "agui:web-1", "ttl": 1800.0, **about}
    return source.approvals.create(tool_name=tool, args=args, at=ago(minutes), **values)


def wonder(source: Source, question: str = "Which region?", *, minutes: float = 4, **about: Any) -> Clarification:
    """A question that has waited for so many minutes at noon."""
    return source.clarifications.ask(question, at=ago(minutes), **{"sender_context": "agui:web-1", **about})
