"""Long deeds on both engines: told how far they are, stopped between two chunks, and what is done then is whole."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.agents import Place
from support.filling import ago, fill_many

from workbench.data import Source
from workbench.data.transfer import TableFile, export_lines
from workbench.data.transfer_in import load
from workbench.desk.audit import Audit
from workbench.desk.doing import carry_out
from workbench.desk.nouns import deeds, nouns
from workbench.desk.trash import Trash
from workbench.desk.trash_undo import undo
from workbench.desk.verb import Doing

KEY = ("genie", "ann", "s-1")


@pytest.fixture
def source(place: Place) -> Iterator[Source]:
    with place.open(name="prod") as opened:
        opened.sessions.create_session(KEY, {"mood": b"calm"})
        row = {"app_name": "genie", "user_id": "ann", "session_id": "s-1", "created_at": ago(days=400)}
        fill_many(place, "session_events", [row | {"event_data": f'{{"n": {n}}}'} for n in range(450)])
        yield opened


def everything(place: Place) -> dict[str, list[Any]]:
    tables = ("sessions", "session_events", "session_states", "short_memories", "memories")
    return {table: sorted(place.rows(f"SELECT * FROM {table}"), key=repr) for table in tables}


def after(count: int) -> tuple[Callable[[], bool], list[int], Callable[[int], None]]:
    """Go on until so many chunks are done; and what was told meanwhile."""
    told: list[int] = []
    return lambda: len(told) < count, told, told.append


def run(source: Source, home: Path, noun: str, deed: str, doing: Doing, key: tuple[str, ...] | None = None) -> Any:
    found = deeds()[noun, deed]
    done, unrecorded = carry_out(
        found, source, doing, audit=Audit(home, "ops"), key=key, counts=found.preview(source, doing)
    )
    assert unrecorded is None
    return done


def test_a_long_session_goes_in_chunks_and_comes_back_whole(source: Source, place: Place, tmp_path: Path) -> None:
    before, home, trash = everything(place), tmp_path / "home", Trash(tmp_path / "home")
    go_on, told, progress = after(1)
    record = nouns()["session"].get(source, KEY)
    doing = Doing(record, {"deed": "delete"}, "ops", trash, progress=progress, go_on=go_on)
    done = run(source, home, "session", "delete", doing, KEY)
    assert done.stopped and told == [200] and done.counts == {"rows": 200} and done.entry is not None
    assert str(done.words).startswith("stopped: 200 events of session s-1 are deleted")
    assert source.sessions.count_events(KEY) == 250 and source.sessions.session_row(KEY) is not None
    assert Audit(home, "ops").list()[0].result == "stopped"
    undo(source, trash.get(done.entry), trash, Audit(home, "ops"))
    assert everything(place) == before
    done = run(source, home, "session", "delete", replace(doing, go_on=lambda: True), KEY)
    assert not done.stopped and told[1:] == [200, 400, 452] and source.sessions.session_row(KEY) is None
    assert everything(place)["session_events"] == []
    undo(source, trash.get(done.entry), trash, Audit(home, "ops"))
    assert everything(place) == before


@pytest.mark.parametrize("chunks", [0, 2])
def test_a_purge_that_is_stopped_has_purged_what_it_says(
    source: Source, place: Place, tmp_path: Path, chunks: int
) -> None:
    go_on, told, progress = after(chunks)
    doing = Doing(None, {"older_than": "30d"}, "ops", Trash(tmp_path), progress=progress, go_on=go_on)
    done = run(source, tmp_path / "home", "event", "purge", doing)
    assert done.stopped and done.counts == {"events": 200 * chunks} and told == [200 * n for n in range(1, chunks + 1)]
    assert source.sessions.count_events(KEY) == 450 - 200 * chunks
    assert deeds()["event", "purge"].preview(source, replace(doing, most=7)) == {"events": 7}
    oldest = min(row[0] for row in place.rows("SELECT id FROM session_events"))
    assert oldest == 1 + 200 * chunks


def test_expired_values_go_in_chunks_too(source: Source, place: Place, tmp_path: Path) -> None:
    row = {"memory_type": "seen", "value": "1", "expires_at": ago(days=9), "created_at": ago(days=10)}
    fill_many(place, "short_memories", [row | {"key": f"k-{n:05}"} for n in range(1_500)])
    go_on, told, progress = after(1)
    doing = Doing(None, {"expired": True}, "ops", Trash(tmp_path), progress=progress, go_on=go_on)
    done = run(source, tmp_path / "home", "short-memory", "purge", doing)
    assert done.stopped and told == [1_000] and len(everything(place)["short_memories"]) == 500
    done = run(source, tmp_path / "home", "short-memory", "purge", replace(doing, go_on=lambda: True))
    assert not done.stopped and done.counts == {"values": 500}


def test_an_import_that_is_stopped_has_whole_parts_and_says_so(source: Source, place: Place, tmp_path: Path) -> None:
    row = {"app_name": "genie", "user_id": "ann", "content": "x", "topics": "[]"}
    fill_many(place, "memories", [row | {"id": f"m-{n:05}"} for n in range(1_200)])
    file = tmp_path / "file"
    file.write_text("".join(f"{line}\n" for line in export_lines(source, "memories")))
    before = everything(place)["memories"]
    place.run("DELETE FROM memories")
    go_on, told, _ = after(1)
    done = load(source, TableFile(source, "memories", file), lambda so_far: told.append(so_far.rows), go_on)
    assert done.stopped and (done.added, told) == (500, [500]) and len(everything(place)["memories"]) == 500
    done = load(source, TableFile(source, "memories", file))
    assert not done.stopped and (done.added, done.there) == (700, 500) and everything(place)["memories"] == before
