"""Every setting, declared once: its type, its default, the words that describe it and what may not stand there.

The command line's options, the environment's names, the checks and the README's table all come from here, and so does
the model of pydantic that judges what is not plainly right (`judging.py`). These are plain dataclasses, so that a run
whose settings are in order loads nothing heavier.
"""
# The annotations are looked at while the program runs, so they are no texts here (`from __future__`).

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

CLIPBOARDS = ("auto", "native", "osc52", "file", "off")


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared of a setting beside its type and its default; it stands in `Annotated`."""

    description: str
    above: float | None = None  # a number must be greater than this
    most: float | None = None
    rule: Callable[[str], str] | None = None  # gives a text back, or raises `ValueError` with the end of a sentence
    free: str = ""  # the word for the free part of the keys of a table, as in `sources.NAME`
    one: bool = False  # a list of one may be written as a text, and a free part may have dots in it
    example: tuple[str, ...] = ()  # what may stand where there is no default


def _default_operator() -> str:
    import getpass

    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # no passwd entry, as in some containers
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{_host()}"


def _host() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # what it says is the same, but it takes longer to load than all settings together

    return socket.gethostname()


def _default_home() -> Path:
    from workbench.data.home import home_path

    return home_path({})  # the variable is a layer of its own


def _known_clipboard(way: str) -> str:
    if way not in CLIPBOARDS:
        raise ValueError(f'must be one of {", ".join(CLIPBOARDS)}, not "{way[:40]}"')
    return way


def _one_line(text: str) -> str:
    import unicodedata

    # It is written into other programs' databases and shown on their screens.
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
        raise ValueError("must be one line of visible text")
    return text


def _seconds(description: str) -> Declared:
    return Declared(description, above=0, most=86_400)


@dataclass(frozen=True, kw_only=True)
class TimeoutSettings:
    """How long the workbench waits for a database."""

    connect: Annotated[float, _seconds("Seconds to wait for a connection to a database.")] = 3.0
    statement: Annotated[float, _seconds("Seconds to wait for one answer of a database.")] = 5.0
    lock: Annotated[float, _seconds("Seconds to wait for another program's lock on a file.")] = 15.0


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """One named source."""

    target: Annotated[
        str,
        Declared("A file, a directory, or a PostgreSQL URL or key=value text; `${VAR}` is read when it is opened."),
    ] = field(repr=False)  # a password may stand in it
    read_only: Annotated[bool, Declared("Whether the source is opened without the right to change it.")] = True
    production: Annotated[bool, Declared("Whether destroying something asks to type the source's name.")] = False
    passfile: Annotated[Path | None, Declared("A PostgreSQL password file for this source (mode 0600).")] = None
    allow_other_owner: Annotated[bool, Declared("Whether another user's database file may be opened writable.")] = False


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of the workbench, merged from their layers by `workbench.settings.load`."""

    operator: Annotated[
        str, Declared("Who you are, written beside what you decide (default: user@host).", rule=_one_line)
    ] = field(default_factory=_default_operator)
    home: Annotated[
        Path, Declared("The workbench's own directory (default: the platform's user data directory + workbench).")
    ] = field(default_factory=_default_home)
    default_source: Annotated[str | None, Declared("The source that is opened when none is named.")] = None
    theme: Annotated[str, Declared("The colours of the screen: the name of a theme file.")] = "workbench-dark"
    resume: Annotated[
        bool, Declared("Whether the screen, when no source is named, comes back to the view and source shown last.")
    ] = True
    clipboard: Annotated[
        str, Declared(f"How text is copied on the screen: {', '.join(CLIPBOARDS)}.", rule=_known_clipboard)
    ] = "auto"
    bell: Annotated[bool, Declared("Whether the terminal's bell rings when something new waits.")] = False
    title: Annotated[bool, Declared("Whether the terminal's title tells how much waits.")] = True
    osc9: Annotated[bool, Declared("Whether the terminal shows a notice (OSC 9) when something new waits.")] = False
    log_file: Annotated[
        Path | None,
        Declared("A file for the program's own log and that of the PostgreSQL driver (default: nowhere)."),
    ] = None
    timeouts: Annotated[TimeoutSettings, Declared("How long to wait for a database.")] = TimeoutSettings()
    columns: Annotated[
        dict[str, list[str]], Declared('The columns of a list, by noun: `source = ["name", "state"]`.', free="NOUN")
    ] = field(default_factory=dict)
    keys: Annotated[
        dict[str, list[str]],
        Declared(
            'The keys of the screen, by what they do: `view.help = ["f1", "?"]`.',
            free="ID", one=True, example=("f1", "?"),
        ),
    ] = field(default_factory=dict)  # fmt: skip
    sources: Annotated[dict[str, SourceSettings], Declared("The named sources.", free="NAME")] = field(
        default_factory=dict
    )


def is_table_type(kind: Any) -> bool:  # noqa: ANN401 - a type, whichever it is
    """Whether a type is one of the classes above, each of which is a table of settings."""
    return is_dataclass(kind)


def declaration_of(one: Field[Any]) -> tuple[Any, Declared]:
    """The type of a field of these classes (of its members, where its keys are free), and what is declared of it."""
    annotation, declared = get_args(one.type)
    return (get_args(annotation)[1] if declared.free else annotation), declared


def composed(values: Mapping[tuple[str, ...], object]) -> Settings:
    """The settings that have these values, each by its key; what is not given is the default."""
    nested: dict[str, Any] = {}
    for key, value in values.items():
        table = nested
        for part in key[:-1]:
            table = table.setdefault(part, {})
        table[key[-1]] = value
    settings: Settings = _composed(Settings, nested)
    return settings


def _composed(model: Any, table: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of the classes above, and one of it
    given = {}
    for one in fields(model):
        if one.name not in table:
            continue
        value = table[one.name]
        member, declared = declaration_of(one)
        if not is_table_type(member):
            given[one.name] = value
        elif declared.free:
            given[one.name] = {name: _composed(member, inner) for name, inner in value.items()}
        else:
            given[one.name] = _composed(member, value)
    return model(**given)
