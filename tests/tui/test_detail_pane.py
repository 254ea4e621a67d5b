"""The detail as a widget: it keeps its place, paints only what reads otherwise, and knows what was in view."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from support.screens import screen_text, until
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from workbench.desk.detail import Detail
from workbench.desk.lines import DetailLine
from workbench.desk.safe import plain
from workbench.tui.detail_pane import DetailPane

KEY = ("prod", "question", "1")


class PaneApp(App[None]):
    """A pane alone, and the regions that were painted."""

    CSS = "DetailPane { height: 1fr; }"

    def compose(self) -> ComposeResult:
        """The pane."""
        yield Watched(id="pane")


class Watched(DetailPane):
    """A pane that notes what it asks to have painted."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.painted: list[Region] = []

    def refresh(self, *regions: Region, **options: Any) -> "Watched":
        """Note it."""
        self.painted += regions
        super().refresh(*regions, **options)
        return self


def detail(*texts: str, key: tuple[str, str, str] = KEY) -> Detail:
    """Lines that must be seen."""
    lines = tuple(DetailLine(plain("args"), ((plain(text), ""),), must_see=True) for text in texts)
    return Detail(key, "question", "shown", lines)  # type: ignore[arg-type]


def numbered(count: int) -> list[str]:
    """So many lines."""
    return [f"line {number}" for number in range(count)]


def run(steps: Callable[[Watched, Pilot[Any]], Awaitable[None]], height: int = 10) -> None:
    """Put the pane on a screen of that height."""

    async def scenario() -> None:
        app = PaneApp()
        async with app.run_test(size=(40, height)) as pilot:
            pane = app.query_one(Watched)
            pane.focus()
            await pilot.pause()
            await steps(pane, pilot)

    asyncio.run(scenario())


def test_the_same_item_keeps_its_place_and_another_begins_at_the_top() -> None:
    async def steps(pane: Watched, pilot: Pilot[Any]) -> None:
        pane.show(detail(*numbered(50)))
        await pilot.press("pagedown", "j")
        assert screen_text(pilot.app).startswith("args     line 10")
        pane.show(detail(*numbered(50)[:-1], "another end"))
        await pilot.pause()
        assert screen_text(pilot.app).startswith("args     line 10")
        pane.show(detail(*numbered(50), key=("prod", "question", "2")))
        await pilot.pause()
        assert screen_text(pilot.app).startswith("args     line 0")
        pane.show(None)
        await pilot.pause()
        assert screen_text(pilot.app).strip() == "" and pane.unseen == 0

    run(steps)


def test_only_lines_that_read_otherwise_are_painted() -> None:
    async def steps(pane: Watched, pilot: Pilot[Any]) -> None:
        lines = numbered(30)
        pane.show(detail(*lines))
        await pilot.pause()
        pane.painted.clear()
        pane.show(detail(*lines))
        await pilot.pause()
        assert pane.painted == []
        pane.show(detail(*lines[:3], "other", *lines[4:20], "out of view", *lines[21:]))
        await pilot.pause()
        assert [(region.y, region.height) for region in pane.painted] == [(3, 1)]

    run(steps)


def test_moving_by_keys() -> None:
    async def steps(pane: Watched, pilot: Pilot[Any]) -> None:
        pane.show(detail(*numbered(50)))
        for key, top in (("j", 1), ("k", 0), ("k", 0), ("ctrl+d", 9), ("ctrl+u", 0), ("G", 40), ("g", 0)):
            await pilot.press(key)
            assert pane.scroll_y == top, key

    run(steps)


def test_lines_count_as_seen_when_they_were_in_view_and_stay_so_while_they_read_the_same() -> None:
    async def steps(pane: Watched, pilot: Pilot[Any]) -> None:
        lines = numbered(30)
        pane.show(detail(*lines))
        await pilot.pause()
        assert pane.unseen == 20
        await pilot.press("pagedown")
        assert pane.unseen == 11
        pane.show(detail("changed", *lines[1:]))
        await pilot.pause()
        assert pane.unseen == 12
        await pilot.press("g")
        assert pane.unseen == 11
        pane.show(detail("changed", *lines[1:], key=("prod", "question", "2")))
        await pilot.pause()
        assert pane.unseen == 20

    run(steps)


def test_what_is_not_displayed_is_not_seen() -> None:
    async def steps(pane: Watched, pilot: Pilot[Any]) -> None:
        pane.display = False
        await pilot.pause()
        pane.show(detail(*numbered(5)))
        await pilot.pause()
        assert pane.unseen == 5
        pane.display = True
        await until(pilot, lambda: "line 4" in screen_text(pilot.app))
        pane.look()
        assert pane.unseen == 0

    run(steps)


def test_a_line_that_is_cut_off_by_the_edge_of_the_screen_is_not_seen() -> None:
    async def steps(pane: Watched, pilot: Pilot[Any]) -> None:
        pane.styles.height = 20
        await pilot.pause()
        pane.show(detail(*numbered(20)))
        await pilot.pause()
        assert pane.size.height == 20 and pane.unseen == 10

    run(steps)


def test_nothing_of_a_text_is_lost_in_a_narrow_pane() -> None:
    async def steps(pane: Watched, pilot: Pilot[Any]) -> None:
        text = "".join(f"<{number}>" for number in range(30))
        pane.show(replace(detail(text)))
        await pilot.pause()
        shown = "".join(line.removeprefix("args").strip() for line in screen_text(pilot.app).splitlines())
        assert shown == text
        await pilot.resize_terminal(25, 20)
        await pilot.pause()
        shown = "".join(line.removeprefix("args").strip() for line in screen_text(pilot.app).splitlines())
        assert shown == text

    run(steps)
