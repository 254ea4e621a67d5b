"""The options of every list, whatever its noun: one declaration, so that each means the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from workbench.desk.noun import Noun

LIMIT = 100

SOURCE = click.Option(
    ["--source", "sources"], multiple=True, metavar="NAME", help="Look here; may be given more than once."
)
STRICT = click.Option(["--strict"], is_flag=True, help="Exit with 6 when any source does not answer.")
CSV = click.Option(["--csv", "as_csv"], is_flag=True, help="Print comma-separated values with a head.")
UTC = click.Option(["--utc"], is_flag=True, help="Times in UTC, not in this machine's zone.")


def list_options(noun: Noun, limit: int = LIMIT, of: str = "each source") -> list[click.Parameter]:
    """What every list of a noun takes."""
    return [SOURCE, filter_option(noun), limit_option(limit, of), columns_option(noun), CSV, UTC, STRICT]


def filter_option(noun: Noun) -> click.Option:
    """What a list shows only."""
    names = ", ".join(f"{name}=…" for name in noun.terms)
    words = f"Only those that match: words, and {names}." if names else "Only those in which these words are."
    return click.Option(["--filter"], default="", metavar="TEXT", help=words)


def limit_option(limit: int = LIMIT, of: str = "each source") -> click.Option:
    """How much of it."""
    return click.Option(
        ["--limit"],
        type=click.IntRange(min=1),
        default=limit,
        show_default=True,
        metavar="N",
        help=f"How many of {of} at most." if of else "How many at most.",
    )


def columns_option(noun: Noun) -> click.Option:
    """Which columns of it."""
    known = ", ".join(column.id for column in noun.columns)
    return click.Option(["--columns"], metavar="A,B,…", help=f"These columns: {known}.")
