"""The live table, driven by keys and mouse on a screen without a terminal."""

from collections.abc import Callable, Sequence
from time import perf_counter

import pytest
from rich.cells import cell_len
from support.screens import NARROW, WIDE, Screen, golden, run, screen_styles, screen_text, until
from support.tables import TableApp, row, rows
from textual.events import MouseScrollDown
from textual.pilot import Pilot
from textual.strip import Strip

from workbench.desk.safe import plain
from workbench.tui.columns import TableColumn
from workbench.tui.live_table import LiveTable
from workbench.tui.rows import TONES, TableRow

INBOX = (
    row(1, "save_file", wait="8m"),
    row(2, "✎ Use OAuth? 日本語の質問", wait="1h", sign="!", tone="bad"),
    row(3, "[/foo] [@click=app.quit()]click me[/] [b]bold[/b]", wait="4m", tone="muted"),
    row(4, "run_shell \x1b]0;owned\x07 \u202e reversed", wait="<1m", tone="warning"),
    *(row(n, f"http_request {n}", wait="12m") for n in range(5, 60)),
)


def line_of(app: TableApp, text: str) -> str:
    return next(line for line in screen_text(app).splitlines() if text in line)


def cursor_line(app: TableApp) -> str:
    (found,) = (line for line in screen_text(app).splitlines() if line[1:2] == "▸")
    return found


class Painted:
    """Which lines of a table are drawn anew, as Textual asks for them."""

    def __init__(self, table: LiveTable) -> None:
        self.lines: list[int] = []
        draw: Callable[[int], Strip] = table.render_line

        def render_line(y: int) -> Strip:
            self.lines.append(y)
            return draw(y)

        table.render_line = render_line  # type: ignore[method-assign]

    def taken(self) -> list[int]:
        lines, self.lines = sorted(set(self.lines)), []
        return lines


@pytest.mark.parametrize(("size", "name"), [(WIDE, "live_table_120x34"), (NARROW, "live_table_80x24")])
def test_a_table_fits_its_screen(size: Screen, name: str) -> None:
    app = TableApp(INBOX)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("j", "space", "j")
        await until(pilot, lambda: app.table.cursor == "3")

    async def shown(pilot: Pilot[None]) -> str:
        await steps(pilot)
        strips = app.screen._compositor.render_strips()
        assert {strip.cell_length for strip in strips} == {size[0]}
        assert {cell_len(strip.text) for strip in strips} == {size[0]}, "wide characters shifted a line"
        return screen_text(app)

    text = run(app, shown, size)
    lines = text.splitlines()
    assert len(lines) == size[1]
    assert lines[0].split()[:4] == ["WAIT", "EXPIRES", "SOURCE", "WHAT"] and "FROM" in lines[0]
    assert lines[2].startswith("*!") and "日本語の質問" in lines[2]
    assert lines[3].startswith(" ▸") and "[/foo] [@click=app.quit()]click me[" in lines[3]
    assert "␛]0;owned␇" in lines[4] and "⟨U+202E⟩" in lines[4]
    golden(name, text)


def test_the_operators_keys_move_the_cursor_and_tell_it() -> None:
    app = TableApp(rows(*range(100)))

    async def steps(pilot: Pilot[None]) -> list[tuple[str, object]]:
        seen: list[tuple[str, object]] = []
        for key in PLACES:
            await pilot.press(key)
            seen.append((key, app.table.cursor))
            await pilot.pause()
            assert f" {app.table.cursor} " in f"{cursor_line(app)} ", "the cursor is not on screen"
        return seen

    assert run(app, steps, (80, 21)) == list(PLACES.items())
    assert app.moves()[:3] == [("0", None), ("1", None), ("2", None)]


# Twenty lines of body: a page is nineteen, so that one line stays in sight, and half a page is ten.
PLACES = {
    "j": "1", "down": "2", "k": "1", "up": "0", "pagedown": "19", "ctrl+d": "29", "ctrl+u": "19", "pageup": "0",
    "end": "99", "home": "0", "G": "99", "g": "0",
}  # fmt: skip


def test_every_key_has_an_id_and_can_be_another_key() -> None:
    bindings = [binding for binding in LiveTable.BINDINGS if not isinstance(binding, tuple)]
    ids = [binding.id for binding in bindings]
    assert len(ids) == len(set(ids)) == 12 and None not in ids and all(b.description for b in bindings)
    app = TableApp(rows(*range(10)))

    async def steps(pilot: Pilot[None]) -> None:
        app.set_keymap({"move.down": "z"})
        await pilot.press("z", "z", "j")
        assert app.table.cursor == "2"

    run(app, steps)


def test_enter_opens_and_space_marks_and_a_range_is_drawn_with_v() -> None:
    app = TableApp(rows(*range(10)))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("enter", "j", "enter")
        assert app.opened() == ["0", "1"]
        await pilot.press("space", "j", "j", "V", "j", "j")
        assert app.table.marked == ("1", "3", "4", "5") and app.table.ranging
        await pilot.press("V", "j")
        assert app.table.marked == ("1", "3", "4", "5") and not app.table.ranging
        assert [line[0] for line in screen_text(app).splitlines()[1:8]] == [" ", "*", " ", "*", "*", "*", " "]
        await pilot.press("ctrl+backslash")
        assert app.table.marked == ()
        await pilot.pause()
        assert "*" not in screen_text(app)

    run(app, steps)


def test_a_click_puts_the_cursor_there_and_does_nothing_else() -> None:
    app = TableApp(INBOX[:4])

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.pause()
        link = screen_text(app).splitlines()[3].index("click me")
        await pilot.click(LiveTable, offset=(link, 3))
        assert app.table.cursor == "3"
        await pilot.click(LiveTable, offset=(link, 3), times=2)
        await pilot.click(LiveTable, offset=(10, 0))
        await pilot.click(LiveTable, offset=(10, 20))
        assert app.table.cursor == "3" and app.opened() == [] and app.is_running

    run(app, steps)


def test_the_wheel_scrolls_without_the_cursor_and_a_refresh_does_not_pull_back() -> None:
    app = TableApp(rows(*range(100)))

    async def steps(pilot: Pilot[None]) -> None:
        for _ in range(4):
            await pilot._post_mouse_events([MouseScrollDown], LiveTable, offset=(5, 5))
        await until(pilot, lambda: app.table.scroll_y > 4)
        top = screen_text(app).splitlines()[1]
        app.table.show([row(500, "arrived"), *rows(*range(100))], at_start=True, at_end=True)
        await pilot.pause()
        assert screen_text(app).splitlines()[1][:60] == top[:60] and "▸" not in screen_text(app)
        # A key brings the cursor back in sight, even one that cannot move it.
        await pilot.press("k")
        await pilot.pause()
        assert app.table.cursor == "500" and "▸" not in top and cursor_line(app)

    run(app, steps, (80, 21))


def test_the_same_rows_again_paint_nothing_and_a_changed_row_paints_its_line() -> None:
    app = TableApp(rows(*range(100)))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.pause()
        painted = Painted(app.table)
        app.action_same()
        await pilot.pause()
        assert painted.taken() == []
        app.action_change()
        await pilot.pause()
        assert painted.taken() == [6]
        assert line_of(app, "changed 1").startswith("•")
        await pilot.press("j")
        await pilot.pause()
        assert painted.taken() == [1, 2]
        # A row out of sight costs nothing.
        app.first[90] = row(90, "far away")
        app.action_same()
        await pilot.pause()
        assert painted.taken() == []
        # One that leaves out of sight neither.
        del app.first[80]
        app.action_same()
        await pilot.pause()
        assert painted.taken() == [] and app.table.count_words == "99"
        app.table.looked()
        await pilot.pause()
        assert painted.taken() == [6] and "•" not in screen_text(app)

    run(app, steps)


def test_rows_that_come_above_the_screen_paint_nothing_on_it() -> None:
    app = TableApp(rows(*range(100)))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("pagedown", "pagedown")
        await pilot.pause()
        painted, before = Painted(app.table), screen_text(app)
        app.action_arrive()
        await pilot.pause()
        assert painted.taken() == []
        assert [line[:60] for line in screen_text(app).splitlines()] == [line[:60] for line in before.splitlines()]

    run(app, steps)


def test_rows_that_were_given_before_the_first_screen_are_on_it() -> None:
    app = TableApp()
    app.table.show(rows(*range(100)), at_start=True, at_end=True)
    app.table.move_cursor("50")

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.pause()
        assert "tool 50" in cursor_line(app) and app.moves()[-1] == ("50", None)

    run(app, steps)


def test_the_cursor_says_when_its_row_left() -> None:
    app = TableApp(rows(1, 2, 3))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("j")
        app.table.show(rows(1, 3), at_start=True, at_end=True)
        await pilot.pause()
        assert app.table.cursor == "3" and app.moves()[-1] == ("3", "2")
        row_there = app.table.cursor_row
        assert row_there is not None and row_there.key == "3"
        app.table.show([], at_start=True, at_end=True)
        await pilot.pause()
        assert app.moves()[-1] == (None, "3") and app.table.cursor_row is None
        assert line_of(app, "Nothing is waiting.").startswith("   Nothing")
        app.table.say(plain("The source is silent."))
        await pilot.press("enter", "space", "V", "G", "j")
        assert "The source is silent." in screen_text(app) and "Nothing" not in screen_text(app)
        assert app.opened() == [] and app.table.marked == ()

    run(app, steps)


def test_another_list_may_have_other_columns() -> None:
    app = TableApp(rows(*range(80)))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("G")
        app.table.forget((TableColumn("id", plain("ID"), grows=True),), empty=plain("Reading…"))
        await pilot.pause()
        assert app.moves()[-1] == (None, None)
        assert screen_text(app).splitlines()[:2] == ["   ID", "   Reading…"]
        app.table.show([TableRow(("a", "b"), (plain("one cell"),))], at_start=True, at_end=True)
        await pilot.pause()
        assert screen_text(app).splitlines()[1] == " ▸ one cell" and app.moves()[-1] == (("a", "b"), None)

    run(app, steps)


def test_the_columns_follow_the_width_of_the_terminal_and_the_cursor_stays_in_sight() -> None:
    app = TableApp([row(n, f"{n} is a rather long name of a tool") for n in range(50)])

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("end")
        await pilot.resize_terminal(44, 10)
        await until(pilot, lambda: "FROM" not in screen_text(app))
        assert "49" in cursor_line(app) and "SOURCE" in screen_text(app)
        await pilot.resize_terminal(120, 34)
        await until(pilot, lambda: "FROM" in screen_text(app))
        assert "agui:web-0" in cursor_line(app) and len(screen_text(app).splitlines()) == 34

    run(app, steps)


@pytest.mark.parametrize("theme", ["textual-dark", "ansi-dark", "textual-light"])
def test_the_cursor_and_the_signs_are_seen_without_colours_and_every_tone_can_be_drawn(theme: str) -> None:
    app = TableApp([row(n, tone=tone, sign="!") for n, tone in enumerate(TONES)])

    async def steps(pilot: Pilot[None]) -> None:
        app.theme = theme
        await pilot.pause()
        before = screen_styles(app, 2)
        await pilot.press("j")
        await pilot.pause()
        assert cursor_line(app).startswith(" ▸!") and line_of(app, "tool 0").startswith(" ! ")
        assert len(screen_styles(app, 2)) == len(before) == 2, "a line is one run of text, and the scroll bar"
        assert screen_styles(app, 2)[0][1] != before[0][1]
        assert len({screen_styles(app, line)[0][1] for line in range(3, 6)}) == 3

    run(app, steps)


def test_without_colour_at_all_the_marker_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = TableApp(rows(1, 2))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("j")
        assert app.no_color and "tool 2" in cursor_line(app)

    run(app, steps)


def test_a_table_of_two_thousand_rows_is_shown_at_once() -> None:
    app = TableApp()
    many: Sequence[TableRow] = rows(*range(2_000))

    async def steps(pilot: Pilot[None]) -> float:
        begin = perf_counter()
        app.table.show(many, at_start=True, at_end=True)
        spent = perf_counter() - begin
        await pilot.pause()
        assert "tool 0" in cursor_line(app) and app.table.count_words == "2,000"
        return spent

    assert run(app, steps) < 0.05 * 20
