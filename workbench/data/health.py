"""The health of a source: facts and sentences, gathered without changing anything and without raising."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data import guards
from workbench.data.engine import sqlite_open
from workbench.data.engine.drift import drift
from workbench.data.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.data.source import Health, Source, _Opened

TOLERATED_CLOCK = 2.0


def health(source: "Source", opened: "_Opened") -> "Health":
    """Look at everything that can be looked at; what fails makes the source unreachable, in words."""
    from workbench.data.source import Health

    facts: dict[str, object] = {}
    problems: list[str] = []
    reachable = True
    try:
        if opened.engine == "postgresql":
            facts |= _of_server(opened, problems)
        elif opened.path is not None:
            facts |= _of_path(opened, problems)
        if opened.database is not None:
            facts["drift"] = drift(opened.database, source.declared_tables())
    except WorkbenchError as error:
        reachable = False
        problems.append(str(error))
    return Health(
        name=source.name,
        display=source.display,
        reachable=reachable,
        engine=source.engine,
        kinds=source.kinds,
        read_only=source.read_only,
        problems=tuple(problems),
        notes=opened.notes,
        **facts,  # type: ignore[arg-type]
    )


def _of_path(opened: "_Opened", problems: list[str]) -> dict[str, object]:
    assert opened.path is not None
    path = opened.path
    if opened.database is None:
        return _of_files(path)
    opened.database.change_token()
    files = [path, sqlite_open.side(path, "-wal")]
    stats = [sqlite_open.stat_of(file) for file in files]
    if stats[0] is None:
        return {}
    network = guards.network_filesystem(path)
    if network and sqlite_open.check_head(path)[18:20] == b"\2\2":
        problems.append(
            f"{path} is in WAL mode on a network file system ({network}), where locks do not hold: "
            "move it to a local disk before it is damaged"
        )
    if path.stat().st_nlink > 1 and "home" not in {kind.name for kind in opened.kinds}:
        problems.append(
            f"{path} has another name (a hard link): a program that opens it by that name misses what this one "
            "writes; keep one name"
        )
    sizes = [found[1] if found else None for found in stats]
    return {"size": sizes[0], "wal_size": sizes[1], "last_write": _latest(stats)}


def _of_files(path: Path) -> dict[str, object]:
    stats = [sqlite_open.stat_of(file) for file in path.rglob("*") if file.is_file()]
    return {"size": sum(found[1] for found in stats if found), "last_write": _latest(stats)}


def _latest(stats: list[tuple[int, int, int] | None]) -> datetime | None:
    times = [found[2] for found in stats if found]
    return datetime.fromtimestamp(max(times) / 1e9, UTC) if times else None


def _of_server(opened: "_Opened", problems: list[str]) -> dict[str, object]:
    from workbench.data.engine.postgres import PostgresDatabase

    database = opened.database
    assert isinstance(database, PostgresDatabase)
    difference = database.clock()
    if abs(difference) > TOLERATED_CLOCK:
        problems.append(
            f"the clock of {opened.display} is {_words(difference)}: set both clocks (ages are counted by the server's)"
        )
    return {"size": database.size(), "clock": _words(difference), "clock_difference": difference}


def _words(difference: float) -> str:
    if abs(difference) < 0.05:
        return "the same as this machine"
    side = "ahead of" if difference > 0 else "behind"
    return f"{abs(difference):.1f} s {side} this machine"
