"""The root of the command line: `workbench`, its commands, and what an unknown word means."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence

import click

from workbench import __version__
from workbench.cli.audit import audit
from workbench.cli.deciding import commands
from workbench.cli.doctor import doctor
from workbench.cli.failures import OK, USAGE, guarded, masked
from workbench.cli.inbox import inbox
from workbench.cli.nouns import groups
from workbench.cli.options import JSON_ASKED, Group, given
from workbench.cli.output import refuse, to_json
from workbench.cli.places import config, home
from workbench.cli.preferences import keys, show_themes
from workbench.cli.screen import open_target, show
from workbench.cli.session import Session
from workbench.cli.source_editing import add, remove
from workbench.cli.source_migrating import migrate
from workbench.cli.sources import source
from workbench.cli.transfer import export_table, import_table
from workbench.cli.trash import COLUMNS as TRASH_COLUMNS
from workbench.cli.trash import trash, undo
from workbench.cli.upkeep import analyze, backup, checkpoint, size, vacuum
from workbench.desk.nouns import nouns

_PROGRAM = "workbench"
_COLUMNS = {
    "trash": TRASH_COLUMNS,
    **{noun.id: tuple(column.id for column in noun.columns) for noun in nouns().values()},
}  # fmt: skip


class Root(Group):
    """The root group: what is no command is a source, a path or a URL."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command by its name, else the nameless one that opens a source."""
        if self.get_command(ctx, args[0]) is None:
            return args[0], open_target, args
        return super().resolve_command(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The words after `workbench` in the usage line."""
        return ["[OPTIONS]", "[COMMAND | SOURCE | PATH | URL…]"]


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        print(to_json({"version": __version__}) if JSON_ASKED in ctx.meta else f"{_PROGRAM} {__version__}")
        ctx.exit()


@click.group(cls=Root, invoke_without_command=True)
@click.option(
    "--version", "-V", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Show the version.",
)  # fmt: skip
@click.pass_context
def root(ctx: click.Context) -> int:
    """The operator's terminal over the databases that AI agents write to.

    Without a command it opens the inbox of a source, or prints it where there is no terminal. A source is named by
    the settings, a path or a PostgreSQL URL.
    """
    ctx.obj = Session(given(ctx), sorted(root.commands), _COLUMNS)
    return show(ctx.obj) if ctx.invoked_subcommand is None else OK


_made = {group.name or "": group for group in (audit, inbox, source)}
for _command in (config, doctor, home, trash, undo, *commands(), *groups(_made)):
    root.add_command(_command)
for _command in (add, export_table, import_table, migrate, remove):
    source.add_command(_command)
for _command in (keys, show_themes):
    config.add_command(_command)
for _command in (analyze, backup, checkpoint, size, vacuum):
    home.add_command(_command)


def command_paths(group: click.Group = root, above: str = "") -> Iterator[tuple[str, str]]:
    """Each command by its full name, such as `source list`, with its one line of help."""
    for name, command in sorted(group.commands.items()):
        full = f"{above}{name}"
        if isinstance(command, click.Group):
            yield from command_paths(command, f"{full} ")
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield full, command.get_short_help_str(limit=200)


def run(arguments: Sequence[str]) -> int:
    """Run the command line with these arguments and give the exit code."""
    words = list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 gets what it can show
    return guarded(lambda: _run(words), debug=lambda: "--debug" in words)


def _run(arguments: list[str]) -> int:
    try:
        with root.make_context(_PROGRAM, list(arguments)) as ctx:
            code = root.invoke(ctx)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else _PROGRAM
        said = masked(error.format_message()).rstrip(".")
        refuse(said if said.endswith("?") else f"{said}; see `{path} --help`")
        return USAGE
    return code if isinstance(code, int) else OK
