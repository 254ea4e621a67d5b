"""Where an agents database is, in the words of its program's configuration; and opening it as that program does.

with AgentsConfig.default().open() as source:
    ...
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from workbench.data.errors import Invalid, Unavailable, Unsupported

if TYPE_CHECKING:
    from workbench.data.source import Source
    from workbench.data.target import ServerTarget

POSTGRES = "postgres"


@dataclass(frozen=True, slots=True, repr=False)
class AgentsConfig:
    """A file, or a server's connection text, which wins over the file. With neither it is the default file."""

    db_file: str = ""
    dsn: str = ""

    def __post_init__(self) -> None:
        for name, value in (("db_file", self.db_file), ("dsn", self.dsn)):
            if not isinstance(value, str):
                raise Invalid(f"{name} must be a text, not {type(value).__name__}: pass a str")

    def __repr__(self) -> str:
        # A connection text can hold a password, and a representation ends up in logs.
        return f"AgentsConfig({self.display_path()!r})"

    @classmethod
    def default(cls) -> Self:
        """The file that the program uses when it is told nothing."""
        return cls(db_file=str(default_path()))

    @property
    def target(self) -> str:
        """What is opened: the connection text if there is one, else the path."""
        return self.dsn or self.db_file or str(default_path())

    def display_path(self) -> str:
        """For people: the path of the file, or the word `postgres`; never a credential."""
        return POSTGRES if self.dsn else self.target

    def open(self, *, read_only: bool = False, **options: Any) -> "Source":  # noqa: ANN401 - those of `open_source`
        """Open the database in place. A file that is not there is made, with its directory and every table.

        So are the tables of a server's database that has none at all. What is made is for this user alone; a
        database that has agents tables is opened as it is, whatever it lacks. `read_only` makes nothing.
        """
        if "create" in options:
            raise Invalid("create goes without saying here: leave it out, or pass read_only=True to make nothing")
        return self._open_server(read_only, options) if self.dsn else self._open_file(read_only, options)

    def _open_server(self, read_only: bool, options: dict[str, Any]) -> "Source":
        from workbench.data.source import open_source

        server = _server(self.dsn)
        try:
            return _checked(open_source(server, read_only=read_only, **options))
        except Unsupported:
            if read_only or not _is_empty(server):
                raise
        return open_source(server, create=True, **options)

    def _open_file(self, read_only: bool, options: dict[str, Any]) -> "Source":
        from workbench.data.source import open_source

        path = _path(self.target)
        if read_only or path.exists():
            return _checked(open_source(path, read_only=read_only, **options))
        _make_directory(path.parent)
        return open_source(path, create=True, **options)


def default_path() -> Path:
    """`~/.genie/genie.db`; where there is no home, a relative path, as that program has it."""
    home = os.environ.get("USERPROFILE" if os.name == "nt" else "HOME")
    return Path(home, ".genie", "genie.db") if home else Path("genie", "genie.db")


def _path(text: str) -> Path:
    """The file that the program opens for this text: its driver takes what follows a `?` for parameters."""
    from workbench.data.target import FileTarget, parse_target

    if text.startswith("file:") or text == ":memory:" or "\0" in text:
        raise Invalid(f"db_file {text!r} is no path of a file: write the path alone, without file: and parameters")
    cut = text.find("?")
    parsed = parse_target(Path(text[:cut] if cut > 0 else text))
    assert isinstance(parsed, FileTarget), "a Path is a path"
    return parsed.path


def _server(dsn: str) -> "ServerTarget":
    from workbench.data.target import ServerTarget, parse_target

    parsed = parse_target(dsn, files_first=False)
    if not isinstance(parsed, ServerTarget):
        raise Invalid("the dsn is no connection text of PostgreSQL: write postgresql://…, or name a file as db_file")
    return parsed


def _checked(source: "Source") -> "Source":
    """The source, if it is an agents database; else it is closed, and the error says what it is."""
    if "agents" in source.kinds:
        return source
    kinds = ", ".join(source.kinds)
    source.close()
    raise Unsupported(f"{source.display} holds no agents tables ({kinds}): name another database")


def _is_empty(server: "ServerTarget") -> bool:
    """Whether a database has no tables at all: only then is it ours to fill."""
    from workbench.data.engine.postgres import PostgresDatabase
    from workbench.data.target import mask

    with PostgresDatabase(server.dsn, display=mask(server.dsn), read_only=True) as database:
        return not database.relations()


def _make_directory(directory: Path) -> None:
    """Make a directory and those above it that are not there, each for this user alone."""
    if directory.is_dir():
        return
    try:
        if not directory.parent.exists():
            _make_directory(directory.parent)
        directory.mkdir(mode=stat.S_IRWXU, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{directory} cannot be made: {error.strerror}; choose another place") from None
