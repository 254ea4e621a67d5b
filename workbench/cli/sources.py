"""`workbench source list`, `workbench source test`, and `workbench X` for one source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from workbench.cli.failures import OK, UNAVAILABLE, exit_code, exit_code_of_many, masked
from workbench.cli.list_options import list_options
from workbench.cli.listing import Listed, chosen_columns, now_shown, print_rows
from workbench.cli.options import Command, Group
from workbench.cli.probing import Answer, ask_all
from workbench.cli.records import fields, known, record, state
from workbench.cli.session import HOME, Candidate, Session, looking
from workbench.data.errors import WorkbenchError
from workbench.desk.nouns.sources import SOURCE, fits
from workbench.settings import Opening


@click.group("source", cls=Group)
def source() -> None:
    """The databases that agents write to."""


def _list(session: Session, strict: bool, unasked: bool, **options: Any) -> int:  # noqa: ANN401
    return show_sources(session, strict=strict, unasked=unasked, **options)


_UNASKED = click.Option(["--unasked"], is_flag=True, help="Open none of them: only what the settings say.")
source.add_command(
    Command(
        "list",
        callback=click.pass_obj(_list),
        params=[*list_options(SOURCE, of=""), _UNASKED],
        help="Show every configured source and the home.",
    )
)


@source.command("test")
@click.argument("names", nargs=-1, metavar="[NAME|TARGET]...")
@click.pass_obj
def test_sources(session: Session, names: tuple[str, ...]) -> int:
    """Open sources and say whether they answer.

    Without a name: every configured source, and the home if it is there. The exit code says what is wrong with
    the only one; of several it is 4 if any is in conflict, else 1 if any failed.
    """
    answers = ask(session, chosen(session, names))
    output = session.output
    if not answers:
        output.note("no source is configured; name a file or a database")
    for answer in answers:
        if output.as_json:
            output.json(record(answer))
        elif answer.error is None:
            output.line(f"{answer.name}: {tested(answer)}", "good" if state(answer) == "ok" else "doubtful")
    errors = failures(answers)
    for name, error in errors:
        output.refusal(_sentence(name, error, of_many=len(answers) > 1))
    return exit_code(errors[0][1]) if len(answers) == 1 and errors else exit_code_of_many(error for _, error in errors)


@source.command("show")
@click.argument("name", metavar="SOURCE|PATH|URL")
@click.pass_obj
def show_one(session: Session, name: str) -> int:
    """Show one source: what it holds and how it is."""
    return show_source(session, name)


def show_source(session: Session, name: str) -> int:
    """The record of one source."""
    (answer,) = ask(session, [session.candidate(name)])
    return _show(session, answer)


def show_sources(
    session: Session,
    *,
    sources: Sequence[str],
    filter: str,
    limit: int,
    columns: str | None,
    as_csv: bool,
    utc: bool,
    strict: bool,
    unasked: bool,
) -> int:
    """The table of sources; a dead one is its line, and no failure of the whole."""
    from workbench.data import Page
    from workbench.desk.reading import matches

    asked = SOURCE.ask(filter, limit)
    output, moment = session.output, now_shown(utc)
    picked = None if columns is None else chosen_columns(SOURCE, columns, names_of_data=output.as_json or as_csv)
    some = [*session.configured(), Candidate(HOME, session.home())] if not sources else chosen(session, sources)
    answers = [Answer(each) for each in some] if unasked else ask(session, some)
    rows = [known(answer, asked=not unasked) for answer in answers]
    fitting = [row for row in rows if fits(row, asked) and matches(SOURCE, row, asked.words)]
    page = Page(tuple(fitting[:limit]))
    print_rows(session, SOURCE, [Listed("", page)], picked, moment, as_csv=as_csv)
    if len(fitting) > limit:
        output.note("there are more sources; --limit shows more of them")
    errors = failures(answers)
    if errors:
        # The rows have the states; the sentences would not fit beside them, and the doctor says them all.
        does = "does" if len(errors) == 1 else "do"
        output.refusal(f"{len(errors)} of {len(answers)} sources {does} not answer; `workbench doctor` says why")
    if hint := session.genie_hint():
        output.note(hint)
    return UNAVAILABLE if strict and errors else OK


def chosen(session: Session, names: Sequence[str]) -> list[Candidate]:
    """The sources that were named, or every configured one and the home if it is there."""
    if names:
        return [session.candidate(name) for name in dict.fromkeys(names)]
    home = [Candidate(HOME, session.home())] if session.loaded.settings.home.exists() else []
    return [*session.configured(), *home]


def ask(session: Session, candidates: Sequence[Candidate], *, thorough: float = 0, look: bool = False) -> list[Answer]:
    """Ask the sources without leaving a trace on disk; a home that nobody has made yet is not asked."""
    timeouts = session.loaded.settings.timeouts
    asked = []
    unmade = {}
    for index, candidate in enumerate(candidates):
        if candidate.name == HOME and not session.loaded.settings.home.exists():
            unmade[index] = Answer(candidate)
        elif isinstance(candidate.opening, Opening):
            asked.append((index, Candidate(candidate.name, looking(candidate.opening))))
        else:
            asked.append((index, candidate))
    answers = ask_all([candidate for _, candidate in asked], timeouts, thorough=thorough, look=look)
    # The mode that is shown is the one that other commands would open the source with.
    found = {
        index: replace(answer, candidate=candidates[index]) for (index, _), answer in zip(asked, answers, strict=True)
    }
    return [unmade.get(index) or found[index] for index in range(len(candidates))]


def failures(answers: Sequence[Answer]) -> list[tuple[str, WorkbenchError]]:
    """The sources that did not answer, and why."""
    return [(answer.name, answer.error) for answer in answers if answer.error is not None]


def _show(session: Session, answer: Answer) -> int:
    output = session.output
    if output.as_json:
        output.json(record(answer))
    elif answer.error is None:
        output.pairs(fields(answer))
    if answer.error is None:
        return OK
    output.refusal(_sentence(answer.name, answer.error, of_many=False))
    return exit_code(answer.error)


def tested(answer: Answer) -> str:
    """That a source answers, what it holds, and what is wrong with it, in one line."""
    health = answer.health
    if health is None:
        return "not made yet"
    took = f"{(answer.seconds or 0) * 1000:.0f} ms"
    words = f"{state(answer)}, {health.engine}, {', '.join(health.kinds) or 'nothing that the workbench knows'}, {took}"
    return "; ".join([words, *health.problems])


def _sentence(name: str, error: WorkbenchError, *, of_many: bool) -> str:
    """The refusal; among several sources, and where it does not say so itself, it names the source."""
    said = masked(str(error))
    return said if not of_many or f'"{name}"' in said else f"{name}: {said}"
