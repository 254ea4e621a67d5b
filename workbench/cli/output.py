"""What the commands print: aligned tables and lines for people, one JSON object per line for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from workbench.desk.amounts import age_text as age_text
from workbench.desk.amounts import size_text as size_text
from workbench.desk.safe import safe
from workbench.desk.written import csv_lines as csv_lines
from workbench.desk.written import to_json as to_json

_GAP = "  "
_NARROWEST = 4
_COLOURS = {"good": "32", "bad": "31", "doubtful": "33", "faint": "2", "head": "1"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table; the tone is its colour on a terminal and never its only meaning."""

    text: str
    tone: str = ""


class Output:
    """Where a command writes: standard output, the notes and refusals on standard error."""

    def __init__(self, *, as_json: bool, colour: bool) -> None:
        self.as_json = as_json
        self._colour = colour and _is_colourful(sys.stdout)

    def line(self, text: str, tone: str = "") -> None:
        """One line for people; the text may come from anywhere."""
        write(sys.stdout, self._toned(safe(text), tone))

    def json(self, record: Mapping[str, object]) -> None:
        """One record for programs, in ASCII."""
        write(sys.stdout, to_json(record))

    def table(self, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Rows under their heads, each column as wide as its widest cell, or as the terminal lets it be."""
        lines = [[Cell(name.upper().replace("_", " "), "head") for name in head], *rows]
        texts = [[safe(cell.text) for cell in line] for line in lines]
        widths = _fitting([max(t.cells for t in column) for column in zip(*texts, strict=True)], _terminal_width())
        for line, line_texts in zip(lines, texts, strict=True):
            fitted = [text.cut(cells) for text, cells in zip(line_texts[:-1], widths, strict=False)]
            padded = [text.pad(cells) for text, cells in zip(fitted, widths, strict=False)]
            # The last column is a path more often than not, and the end of a path says more than its beginning.
            padded.append(line_texts[-1].cut(widths[-1], keep_end=True))
            cells = (self._toned(text, cell.tone) for text, cell in zip(padded, line, strict=True))
            write(sys.stdout, _GAP.join(cells).rstrip())

    def csv(self, records: Iterable[Mapping[str, object]]) -> None:
        """Records as comma-separated values under their names."""
        for line in csv_lines(records):
            write(sys.stdout, line)

    def flush(self) -> None:
        """Let whoever reads along have it now."""
        if sys.stdout is not None:
            sys.stdout.flush()

    def pairs(self, fields: Sequence[tuple[str, Cell]]) -> None:
        """One record as lines of name and value."""
        names = [safe(name.replace("_", " ")) for name, _ in fields]
        cells = max((name.cells for name in names), default=0)
        for name, (_, cell) in zip(names, fields, strict=True):
            write(sys.stdout, f"{name.pad(cells)}{_GAP}{self._toned(safe(cell.text), cell.tone)}".rstrip())

    def note(self, text: str) -> None:
        """Something to know beside the answer, on standard error."""
        with suppress(OSError):
            write(sys.stderr, f"note: {safe(text)}")

    def refusal(self, text: str) -> None:
        """One sentence of what went wrong, on standard error."""
        refuse(text)

    def _toned(self, text: str, tone: str) -> str:
        if not (self._colour and tone and text.strip()):
            return text
        return f"\x1b[{_COLOURS[tone]}m{text}\x1b[0m"


def refuse(text: str) -> None:
    """Print the one sentence that a failing command says."""
    with suppress(OSError):  # nobody can be told that nobody can be told
        write(sys.stderr, f"workbench: {safe(text)}")


def write(stream: IO[str] | None, line: str) -> None:
    """Write a line; a stream that was closed before we began (`>&-`) takes nothing."""
    if stream is not None:
        stream.write(f"{line}\n")


def _terminal_width() -> int | None:
    """The cells of a line of the terminal; None where standard output is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError, AttributeError):
        return None


def _fitting(widths: list[int], limit: int | None) -> list[int]:
    """The widths of the columns, the widest ones made narrower until a line fits."""
    gaps = len(_GAP) * (len(widths) - 1)
    while limit is not None and sum(widths) + gaps > limit and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _is_colourful(stream: IO[str] | None) -> bool:
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()
