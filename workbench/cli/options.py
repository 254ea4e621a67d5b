"""The click classes of our commands: options that every command has, made from the settings, and help as JSON.

Such an option may stand before or after the command's name; the last one counts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import click

from workbench.settings import leaves

GIVEN = "workbench.given"
JSON_ASKED = "workbench.json"

_TYPES: dict[type, click.ParamType[Any]] = {
    bool: click.STRING, float: click.FLOAT, str: click.STRING, Path: click.STRING,
}  # fmt: skip
_METAVARS: dict[type, str] = {bool: "true|false", float: "SECONDS", str: "TEXT", Path: "PATH"}
_FLAGS = (
    ("--json", "Print one JSON object per line, in ASCII."),
    ("--no-color", "No colours, whatever the terminal can do (as NO_COLOR in the environment)."),
    ("--write", "Open sources writable, whatever the settings say."),
    ("--read-only", "Open sources read-only; stronger than --write and the settings."),
    ("--debug", "Show where an internal error happened."),
)


def given(ctx: click.Context) -> dict[str, Any]:
    """The common options that were given, by name; settings by their dotted key."""
    options: dict[str, Any] = ctx.find_root().meta.setdefault(GIVEN, {})
    return options


@cache
def common_options() -> tuple[click.Option, ...]:
    """The options of every command: the flags, the settings file, and each scalar setting."""
    options = [
        click.Option([flag], is_flag=True, expose_value=False, help=words, callback=_keep) for flag, words in _FLAGS
    ]
    options.append(
        click.Option(
            ["--config"], metavar="FILE", expose_value=False, callback=_keep, help="Read this settings file, not yours."
        )
    )
    for leaf in leaves():
        if leaf.is_scalar:
            option = click.Option(
                [leaf.option],
                type=_TYPES[leaf.kind],
                metavar=_METAVARS[leaf.kind],
                expose_value=False,
                callback=_keep,
                help=leaf.description,
            )
            option.name = leaf.dotted
            options.append(option)
    return tuple(options)


def _keep(ctx: click.Context, option: click.Parameter, value: object) -> None:
    if value is not None and value is not False:
        given(ctx)[str(option.name)] = value


class _Common(click.Command):
    """What our commands and groups share."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters and the common ones."""
        return [*super().get_params(ctx), *common_options()]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note early whether --json is asked for: --help answers before the other options are read."""
        if "--json" in args:
            ctx.find_root().meta[JSON_ASKED] = True
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The help text, or with --json its content as one object."""
        return json.dumps(self._described(ctx)) if ctx.find_root().meta.get(JSON_ASKED) else super().get_help(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options, then those that every command has."""
        own = [parameter for parameter in click.Command.get_params(self, ctx) if isinstance(parameter, click.Option)]
        sections: list[tuple[str, Sequence[click.Option]]] = [("Options", own)]
        if ctx.parent is None:
            sections.append(("Options of every command, before or after its name", common_options()))
        else:
            sections.append(("Options of every command; `workbench --help` lists them all", common_options()[:1]))
        for title, options in sections:
            records = [record for option in options if (record := option.get_help_record(ctx))]
            with formatter.section(title):
                formatter.write_dl(records)

    def _described(self, ctx: click.Context) -> dict[str, Any]:
        """The help as data: usage, words, options and commands."""
        options = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, click.Option)]
        return {
            "usage": self.get_usage(ctx).removeprefix("Usage: "),
            "description": " ".join((self.help or "").split()),
            "options": [{"names": option.opts, "description": option.help or ""} for option in options],
            "commands": [
                {"name": name, "description": command.get_short_help_str(limit=200)}
                for name, command in sorted(getattr(self, "commands", {}).items())
            ],
        }


class Command(_Common):
    """A command of the workbench."""


class Group(_Common, click.Group):
    """A group of commands, named by a noun."""

    command_class = Command

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - those of click.Group
        # Without a command there is one sentence, as for any other mistake, and not the whole help.
        super().__init__(*args, **{"no_args_is_help": False, **options})

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands first: they are what one looks for."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


Group.group_class = Group
