"""A table over a list that is longer than its window: rows are asked for in time, once, wherever the operator goes."""

import pytest
from support.screens import run, screen_text, until
from support.tables import TableApp, row, rows
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from workbench.tui.live_table import LiveTable

PAGE = 50


class LongApp(TableApp):
    """A list of any length behind a table; answers every wish, as a reader of a store would, or none while dead."""

    def __init__(self, total: int, *, maximum: int = 150) -> None:
        super().__init__(maximum=maximum)
        self.total = total
        self.dead = False

    def on_mount(self) -> None:
        """Show the first page."""
        self.show(0)

    def show(self, first: int) -> None:
        """Show a page."""
        last = min(first + PAGE, self.total)
        self.table.show(rows(*range(first, last)), at_start=first == 0, at_end=last == self.total)

    def on_live_table_need_rows(self, message: LiveTable.NeedRows) -> None:
        """Answer; Textual calls the one that writes it down as well."""
        if self.dead:
            return
        if message.edge:
            self.show(0 if message.edge == "start" else self.total - PAGE)
        elif message.after is not None:
            first = int(str(message.after)) + 1
            last = min(first + PAGE, self.total)
            self.table.extend_after(message.after, rows(*range(first, last)), at_end=last == self.total)
        elif message.before is not None:
            last = int(str(message.before))
            first = max(0, last - PAGE)
            self.table.extend_before(message.before, rows(*range(first, last)), at_start=first == 0)


def on_screen(app: TableApp) -> list[int]:
    lines = screen_text(app).splitlines()[1:]
    return [int(line.split("tool ")[1].split()[0]) for line in lines if "tool " in line]


def test_paging_through_a_long_list_shows_every_row_once_and_keeps_a_bounded_window() -> None:
    app = LongApp(500)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.pause()
        seen = on_screen(app)
        while seen[-1] < 499:
            await pilot.press("pagedown")
            await pilot.pause()
            now = on_screen(app)
            assert now == list(range(now[0], now[0] + 20)) and now[0] <= seen[-1] + 1
            assert len(app.table.rows) <= 150
            seen += now
        assert set(seen) == set(range(500))
        await pilot.press("G")
        assert app.table.cursor == "499" and app.table.count_words == "≥ 150"
        while on_screen(app)[0]:
            await pilot.press("pageup")
            await pilot.pause()
            assert on_screen(app) == list(range(on_screen(app)[0], on_screen(app)[0] + 20))
        needs = app.needs()
        assert len(needs) == len(set(needs)), "rows were asked for twice"
        assert {edge for _, _, edge in needs} == {""}

    run(app, steps, (80, 21))


def test_the_last_page_is_asked_for_and_the_cursor_goes_to_its_end_and_back() -> None:
    app = LongApp(5_000)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("G")
        await until(pilot, lambda: app.table.cursor == "4999")
        await pilot.pause()
        assert on_screen(app) == list(range(4_980, 5_000)) and app.needs()[-1] == (None, None, "end")
        assert app.moves()[-1] == ("4999", None), "no row left: the operator went"
        await pilot.press("g")
        await until(pilot, lambda: app.table.cursor == "0")
        await pilot.pause()
        assert on_screen(app) == list(range(20)) and app.needs()[-1] == (None, None, "start")

    run(app, steps, (80, 21))


def test_the_wheel_asks_for_rows_too_but_never_slides_the_window_past_the_cursor() -> None:
    app = LongApp(500)

    async def steps(pilot: Pilot[None]) -> None:
        for _ in range(200):
            await pilot._post_mouse_events([MouseScrollDown], LiveTable, offset=(5, 5))
            if on_screen(app)[-1] == 149:
                break
        await pilot.pause()
        assert app.table.cursor == "0" and app.table.rows[0].key == "0" and len(app.table.rows) == 150
        assert [after for after, _, _ in app.needs()] == ["49", "99", "149"]

    run(app, steps, (80, 21))


def test_an_edge_whose_rows_never_came_is_asked_for_again_by_a_key_press_there() -> None:
    app = LongApp(500)

    async def steps(pilot: Pilot[None]) -> None:
        app.dead = True
        await pilot.press(*["pagedown"] * 4)
        assert app.table.cursor == "49" and app.needs().count(("49", None, "")) == 2
        app.dead = False
        app.table.ask_again()
        await pilot.press("k", "j")
        await until(pilot, lambda: len(app.table.rows) == 100)
        await pilot.press("j")
        assert app.table.cursor == "50"

    run(app, steps, (80, 21))


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    app = LongApp(500)

    async def steps(pilot: Pilot[None]) -> None:
        app.dead = True
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown")
        app.table.forget()
        app.table.show([row(7_000)], at_start=True, at_end=True)
        assert not app.table.extend_after("49", rows(*range(50, 100)), at_end=False)
        await pilot.pause()
        assert on_screen(app) == [7_000]

    run(app, steps, (80, 21))


@pytest.mark.parametrize("total", [0, 1, 19, 20, 21])
def test_a_list_that_is_there_whole_is_never_asked_for(total: int) -> None:
    app = LongApp(total)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("j", "G", "g", "pagedown", "k")
        assert app.needs() == [] and len(on_screen(app)) == min(total, 20)

    run(app, steps, (80, 21))
