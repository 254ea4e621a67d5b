"""The commands of every noun, made from its declaration: `workbench session list`, `show`, `search`, `watch`…"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.decided import decided
from workbench.cli.deciding import decision
from workbench.cli.failures import OK
from workbench.cli.list_options import CSV, SOURCE, UTC, columns_option, filter_option, list_options
from workbench.cli.options import Command, Group
from workbench.cli.session import Session
from workbench.desk.kinds import APPROVAL
from workbench.desk.noun import HOUSE
from workbench.desk.nouns import nouns, verbs_of

if TYPE_CHECKING:
    from workbench.desk.noun import Noun
    from workbench.desk.verb import Verb

EACH = ("list", "show", "search", "export", "watch")  # the commands that nouns have


def groups(made: Mapping[str, click.Group]) -> Iterator[click.Group]:
    """A group of commands for each noun. What a group that was made by hand has already is kept."""
    for noun in nouns().values():
        yield _filled(made.get(noun.id) or Group(noun.id, help=noun.words), noun)


def _filled(group: click.Group, noun: Noun) -> click.Group:
    made = {"list": _list, "show": _show, "search": _search, "export": _export, "watch": _watch}
    commands = [make(noun) for name, make in made.items() if name not in (*group.commands, *noun.lacks)]
    commands += [
        decision(verb) if verb.decides else _deed(noun, verb)
        for verb in verbs_of(noun.id)
        if verb.id not in group.commands
    ]
    for command in commands:
        group.add_command(command)
    if noun.id == APPROVAL:
        group.add_command(decided)
    return group


def _deed(noun: Noun, deed: Verb) -> click.Command:
    params: list[click.Parameter] = [SOURCE]
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


def _list(noun: Noun) -> click.Command:
    options = list_options(noun)
    return _command("list", f"List {noun.plural}.", noun, _run_list, options)


def _search(noun: Noun) -> click.Command:
    words = click.Argument(["words"], metavar="WORDS")
    options = [words, *list_options(noun)]
    return _command("search", f"Find {noun.plural} by what is said in them.", noun, _run_list, options)


def _show(noun: Noun) -> click.Command:
    ids = click.Argument(["id"], metavar="ID")
    options: list[click.Parameter] = [ids, *([SOURCE] if noun.where != HOUSE else []), UTC]
    if noun.parts:
        others = ", ".join(noun.parts)
        options.append(click.Option(["--part"], type=click.Choice(noun.parts), help=f"Which part of it: {others}."))
        options.append(click.Option(["--unfolded"], is_flag=True, help="Calls and results in full."))
    return _command("show", f"Show one of the {noun.plural} in full.", noun, _run_show, options)


def _export(noun: Noun) -> click.Command:
    file = click.Option(["--output"], metavar="FILE", help="Write to this file, which must not exist yet.")
    words = f"Print {noun.plural}, all of them, as JSON lines or CSV."
    params: list[click.Parameter] = [SOURCE, filter_option(noun), CSV, file]
    if noun.forms:
        words += f" With an ID print that one whole: {' or '.join(noun.forms)}."
        params.insert(0, click.Argument(["id"], required=False, metavar="[ID]"))
        known = ", ".join(noun.forms)
        params.insert(2, click.Option(["--as", "form"], type=click.Choice([*noun.forms]), help=f"One of: {known}."))
    return _command("export", words, noun, _run_export, params)


def _watch(noun: Noun) -> click.Command:
    words = f"Print {noun.plural} as they come and change, until ctrl+c."
    return _command("watch", words, noun, _run_watch, [SOURCE, filter_option(noun), columns_option(noun), UTC])


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
