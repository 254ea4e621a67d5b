"""What part of the loaded rows is on screen, and how it stands still while rows come and go around it. No drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from workbench.tui.rows import Key, RowWindow


@dataclass(frozen=True, slots=True)
class Viewport:
    """The rows on screen at one moment: the line at the top, how many lines fit, and which keys stand where."""

    top: int
    height: int
    places: dict[Key, int]
    cursor: Key | None
    pinned: bool

    @classmethod
    def of(cls, window: RowWindow, top: int, height: int) -> Self:
        """What is on screen now. At the very start of a list it is pinned there, so that new first rows are seen."""
        places = {row.key: place for place, row in enumerate(window.rows[top : top + height])}
        return cls(top, height, places, window.cursor, top == 0 and (window.at_start or not window.rows))

    @property
    def shows_cursor(self) -> bool:
        """Whether the cursor is on screen."""
        return self.cursor in self.places

    def top_in(self, window: RowWindow) -> int:
        """The top in the window as it is now, so that what was on screen stays where it was.

        The row of the cursor counts most, then the topmost row that is still there.
        """
        if self.pinned and window.at_start:
            top = 0
        else:
            keys = (self.cursor, *self.places) if self.cursor in self.places else tuple(self.places)
            here = ((window.line_of(key), self.places[key]) for key in keys if key is not None)
            top = next((line - place for line, place in here if line is not None), self.top)
        top = max(0, min(top, len(window) - self.height))
        return following(window, top, self.height) if self.shows_cursor else top


def following(window: RowWindow, top: int, height: int) -> int:
    """The nearest top at which the cursor is on screen."""
    line = window.cursor_line
    return top if line is None or height < 1 else min(max(top, line - height + 1), line)


def wanted(window: RowWindow, top: int, height: int) -> tuple[Key | None, Key | None]:
    """The last and the first key of the window, each only if less than a screen of rows is left on its side."""
    if not window.rows or height < 1 or window.seeking:
        return None, None
    line = window.cursor_line or 0
    behind = not window.at_end and max(top + height, line) + height > len(window)
    ahead = not window.at_start and min(top, line) < height
    return window.rows[-1].key if behind else None, window.rows[0].key if ahead else None
