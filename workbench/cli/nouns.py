"""The commands of every noun, made from its declaration: `workbench session list`, `show`, `search`, `watch`…"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.deciding import decision
from workbench.cli.failures import OK
from workbench.cli.options import Command, Group
from workbench.cli.session import Session
from workbench.desk.nouns import deeds, nouns
from workbench.desk.verbs import verbs_for

if TYPE_CHECKING:
    from workbench.desk.noun import Noun
    from workbench.desk.verb import Verb

_LIMIT = 100

_SOURCE = click.Option(
    ["--source", "sources"], multiple=True, metavar="NAME", help="Look here; may be given more than once."
)
_STRICT = click.Option(["--strict"], is_flag=True, help="Exit with 6 when any source does not answer.")
_CSV = click.Option(["--csv", "as_csv"], is_flag=True, help="Print comma-separated values with a head.")
_UTC = click.Option(["--utc"], is_flag=True, help="Times in UTC, not in this machine's zone.")


def groups() -> Iterator[click.Group]:
    """A group of commands for each noun."""
    for noun in nouns().values():
        yield _group(noun)


def _group(noun: Noun) -> click.Group:
    group = Group(noun.id, help=noun.words)
    for command in (_list(noun), _show(noun), _search(noun), _export(noun), _watch(noun)):
        group.add_command(command)
    for deed in deeds().values():
        if deed.noun == noun.id:
            group.add_command(_deed(noun, deed))
    for verb in verbs_for(noun.id):
        group.add_command(decision(verb))
    return group


def _deed(noun: Noun, deed: Verb) -> click.Command:
    params: list[click.Parameter] = [_SOURCE]
    if not deed.sweep:
        params.insert(0, click.Argument(["ids"], nargs=-1, required=True, metavar="ID..."))
    for option in deed.options:
        params.append(
            click.Option(
                [f"--{option.id}"],
                help=option.words,
                required=option.required,
                multiple=option.many,
                is_flag=option.flag,
                metavar=None if option.flag else "TEXT",
            )
        )
    params += [
        click.Option(["--dry-run"], is_flag=True, help="Say how much would be changed, and change nothing."),
        click.Option(["--yes", "-y"], is_flag=True, help="Do not ask."),
        click.Option(["--confirm"], metavar="NAME", help="The name of the source; a production source wants it."),
        click.Option(["--reason"], default="", metavar="TEXT", help="Why; it is kept in the audit log."),
    ]
    return _command(deed.id, deed.words, noun, partial(_run_deed, deed), params)


def _run_deed(deed: Verb, noun: Noun, session: Session, **options: Any) -> int:  # noqa: ANN401
    from workbench.cli.doing import do

    return do(session, noun, deed, **options)


def _filter(noun: Noun) -> click.Option:
    names = ", ".join(f"{name}=…" for name in noun.terms)
    words = f"Only those that match: words, and {names}." if names else "Only those in which these words are."
    return click.Option(["--filter"], default="", metavar="TEXT", help=words)


def _limit(of: str = "each source") -> click.Option:
    return click.Option(
        ["--limit"],
        type=click.IntRange(min=1),
        default=_LIMIT,
        show_default=True,
        metavar="N",
        help=f"How many of {of} at most.",
    )


def _columns(noun: Noun) -> click.Option:
    known = ", ".join(column.id for column in noun.columns)
    return click.Option(["--columns"], metavar="A,B,…", help=f"These columns: {known}.")


def _list(noun: Noun) -> click.Command:
    options = [_SOURCE, _filter(noun), _limit(), _columns(noun), _CSV, _UTC, _STRICT]
    return _command("list", f"List {noun.plural}.", noun, _run_list, options)


def _search(noun: Noun) -> click.Command:
    words = click.Argument(["words"], metavar="WORDS")
    options = [words, _SOURCE, _filter(noun), _limit(), _columns(noun), _CSV, _UTC, _STRICT]
    return _command("search", f"Find {noun.plural} by what is said in them.", noun, _run_list, options)


def _show(noun: Noun) -> click.Command:
    ids = click.Argument(["id"], metavar="ID")
    options: list[click.Parameter] = [ids, _SOURCE, _UTC]
    if noun.parts:
        others = ", ".join(noun.parts)
        options.append(click.Option(["--part"], type=click.Choice(noun.parts), help=f"Which part of it: {others}."))
        options.append(click.Option(["--unfolded"], is_flag=True, help="Calls and results in full."))
    return _command("show", f"Show one of the {noun.plural} in full.", noun, _run_show, options)


def _export(noun: Noun) -> click.Command:
    file = click.Option(["--output"], metavar="FILE", help="Write to this file, which must not exist yet.")
    words = f"Print {noun.plural}, all of them, as JSON lines or CSV."
    return _command("export", words, noun, _run_export, [_SOURCE, _filter(noun), _CSV, file])


def _watch(noun: Noun) -> click.Command:
    words = f"Print {noun.plural} as they come and change, until ctrl+c."
    return _command("watch", words, noun, _run_watch, [_SOURCE, _filter(noun), _columns(noun), _UTC])


def _command(name: str, words: str, noun: Noun, run: Any, params: Sequence[click.Parameter]) -> click.Command:  # noqa: ANN401
    return Command(name, callback=click.pass_obj(partial(run, noun)), params=list(params), help=words)


def _run_list(noun: Noun, session: Session, **options: Any) -> int:  # noqa: ANN401 - as click hands them over
    from workbench.cli.listing import print_list

    return print_list(session, noun, **options)


def _run_show(noun: Noun, session: Session, **options: Any) -> int:  # noqa: ANN401
    from workbench.cli.listing import print_one

    return print_one(session, noun, **options)


def _run_export(noun: Noun, session: Session, **options: Any) -> int:  # noqa: ANN401
    from workbench.cli.exporting import export

    return export(session, noun, **options)


def _run_watch(noun: Noun, session: Session, **options: Any) -> int:  # noqa: ANN401
    from workbench.cli.watching import watch

    watch(session, noun, **options)
    return OK
