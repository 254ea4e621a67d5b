"""Deleting through the trash and putting back, on both engines: what is kept is exactly what went."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import until
from support.agents import Place
from support.filling import fill
from support.fixtures import copied

from workbench.data import Source, open_source
from workbench.data.errors import Conflict, Corrupt, Invalid, NotFound, QuotaExceeded, ReadOnly, Unavailable
from workbench.desk.audit import Audit
from workbench.desk.trash import Trash
from workbench.desk.trash_deleting import TOGETHER, Doomed, _Step, about, deleting
from workbench.desk.trash_entry import Entry
from workbench.desk.trash_undo import preview, undo


def memories(*ids: str) -> list[Doomed]:
    return [Doomed("memories", {"id": id}) for id in ids]


def remove(source: Source, trash: Trash, doomed: list[Doomed]) -> Entry:
    """Delete rows; the entry of the trash that has them."""
    act = about(source, "ops@bastion", "delete", "memory", [each.where.get("id") for each in doomed])
    done = deleting(source, doomed, trash, act)
    assert done.entry is not None and done.count == len(doomed) and done.missing == []
    return trash.get(done.entry)


def as_stored(place: Place, table: str = "memories") -> list[Any]:
    """Every row by the engine's own words, past our code."""
    if place.engine != "sqlite":
        return place.rows(f"SELECT t::text FROM {table} t ORDER BY t::text")
    connection = sqlite3.connect(place.direct)
    connection.text_factory = bytes
    columns = [row[1].decode() for row in connection.execute(f"PRAGMA table_info({table})")]
    chosen = ", ".join(f"typeof({column}), quote({column})" for column in columns)
    found = sorted(connection.execute(f"SELECT {chosen} FROM {table}").fetchall())
    connection.close()
    return found


def test_rows_go_into_the_trash_and_come_back_to_the_bit(
    place: Place, source: Source, trash: Trash, audit: Audit
) -> None:
    fill(place, "memories", {"id": "a", "content": "\x1b[2J\u202e西"}, {"id": "b"}, {"id": "c"})
    fill(place, "app_states", {"key": "k", "value": b"\x00\xff"}, {"key": "l", "value": None})
    before = as_stored(place), as_stored(place, "app_states")
    states = [Doomed("app_states", {"app_name": f"app_name {n}", "key": key}) for n, key in enumerate("kl")]
    entry = remove(source, trash, [*memories("a", "b"), *states])
    assert place.rows("SELECT id FROM memories") == [("c",)] and place.rows("SELECT * FROM app_states") == []
    assert (entry.rows, entry.about.operator, entry.about.source, entry.about.verb) == (
        4,
        "ops@bastion",
        "prod",
        "delete",
    )
    expected = preview(source, entry, trash)
    done = undo(source, entry, trash, audit)
    assert done.counts == expected.counts == {"back": 4} and done.whole and done.result == "undone"
    assert (as_stored(place), as_stored(place, "app_states")) == before
    (act,) = audit.list()
    assert act.intent is not None and act.outcome is not None
    assert (act.entry.verb, act.entry.noun, act.entry.keys[:2]) == ("undo", "memory", ("a", "b"))
    assert (act.intent.counts, act.intent.more, act.result) == ({"rows": 4}, {"entry": entry.id}, "undone")
    assert act.outcome.counts == {"back": 4}


def test_an_entry_is_undone_once(place: Place, source: Source, trash: Trash, audit: Audit) -> None:
    fill(place, "memories", {"id": "a"})
    entry = remove(source, trash, memories("a"))
    undo(source, entry, trash, audit)
    place.run("DELETE FROM memories")
    for shown in (entry, trash.get(entry.id)):
        with pytest.raises(Conflict, match="undone"):
            undo(source, shown, trash, audit)
    assert place.rows("SELECT * FROM memories") == []


def test_a_row_whose_key_is_taken_is_told_and_the_others_come_back(
    place: Place, source: Source, trash: Trash, audit: Audit
) -> None:
    fill(place, "cron_tasks", *({"id": id, "name": f"task {id}"} for id in "abcd"))
    entry = remove(source, trash, [Doomed("cron_tasks", {"id": id}) for id in "abcd"])
    fill(place, "cron_tasks", {"id": "b", "name": "by hand"}, {"id": "x", "name": "task c"})
    expected = preview(source, entry, trash)
    assert [row.result for row in expected.rows] == ["back", "taken", "back", "back"]
    done = undo(source, entry, trash, audit)
    told = {row.key: (row.result, row.why) for row in done.rows}
    assert told == {
        ("a",): ("back", ""), ("b",): ("taken", "another row has its key"),
        ("c",): ("taken", "another row has a value of it that may stand there only once"), ("d",): ("back", ""),
    }  # fmt: skip
    assert not done.whole and done.result == "partly undone"
    found = dict(place.rows("SELECT id, name FROM cron_tasks"))
    assert found == {"a": "task a", "b": "by hand", "d": "task d", "x": "task c"}
    # What is still missing can come back later, when its place is free.
    place.run("DELETE FROM cron_tasks WHERE id IN ('b', 'x')")
    done = undo(source, trash.get(entry.id), trash, audit)
    assert done.counts == {"back": 2, "there": 2} and done.whole
    assert [act.result for act in audit.list()] == ["undone", "partly undone"]


def test_what_is_not_there_or_no_longer_as_shown_is_not_deleted(place: Place, source: Source, trash: Trash) -> None:
    fill(place, "memories", {"id": "a", "content": "old"}, {"id": "b", "content": "new"})
    doomed = [Doomed("memories", {"id": id, "content": "old"}) for id in "abz"]
    done = deleting(source, doomed, trash, about(source, "me", "delete", "memory"))
    assert done.count == 1 and done.missing == doomed[1:]
    assert place.rows("SELECT id FROM memories") == [("b",)]
    done = deleting(source, memories("z"), trash, about(source, "me", "delete", "memory"))
    assert (done.entry, done.count) == (None, 0) and len(trash.list()) == 1
    with pytest.raises(NotFound, match="no table"):
        deleting(source, [Doomed("nosuch", {"id": "a"})], trash, about(source, "me", "delete", "memory"))


def test_many_rows_are_one_entry(place: Place, source: Source, trash: Trash, audit: Audit) -> None:
    ids = [f"{number:04}" for number in range(2 * TOGETHER + 1)]
    fill(place, "memories", *({"id": id} for id in ids))
    before = as_stored(place)
    entry = remove(source, trash, memories(*ids))
    assert entry.rows == len(ids) and as_stored(place) == []
    assert undo(source, entry, trash, audit).counts == {"back": len(ids)}
    assert as_stored(place) == before


def test_what_went_before_the_trash_was_full_is_in_it_and_told(place: Place, source: Source, tmp_path: Path) -> None:
    ids = [f"{number:04}" for number in range(TOGETHER + 10)]
    fill(place, "memories", *({"id": id} for id in ids))
    trash = Trash(tmp_path, limit=2 * len(ids) * 110)
    fill(place, "memories", {"id": "z", "content": "x" * trash._limit})
    with pytest.raises(QuotaExceeded, match=rf"the {TOGETHER} before are deleted, and in the trash as "):
        deleting(source, memories(*ids, "z"), trash, about(source, "me", "delete", "memory"))
    (entry,) = trash.list()
    assert entry.rows == TOGETHER and place.rows("SELECT count(*) FROM memories") == [(11,)]


def test_what_went_before_the_source_went_away_is_in_the_trash_and_told(
    place: Place, source: Source, trash: Trash
) -> None:
    ids = [f"{number:04}" for number in range(TOGETHER)]
    fill(place, "memories", *({"id": id} for id in ids))

    def doomed() -> Iterator[Doomed]:
        yield from memories(*ids)
        raise Unavailable("the server went away")

    with pytest.raises(Unavailable, match=rf"went away; the {TOGETHER} before are deleted, and in the trash as "):
        deleting(source, doomed(), trash, about(source, "me", "delete", "memory"))
    (entry,) = trash.list()
    assert entry.rows == TOGETHER and place.rows("SELECT count(*) FROM memories") == [(0,)]


def test_a_transaction_that_is_run_again_keeps_nothing_twice(place: Place, source: Source, trash: Trash) -> None:
    fill(place, "memories", {"id": "a"}, {"id": "b"})
    database, act = source.database, about(source, "me", "delete", "memory")
    again = _Step(memories("a"), trash, act, None)
    changed = _Step(memories("b"), trash, act, None)
    for step in (again, changed):
        with pytest.raises(ZeroDivisionError), database.transaction():
            step(database)
            raise ZeroDivisionError
    place.run("UPDATE memories SET content = 'by hand' WHERE id = 'b'")
    assert database.transact(again).count == 1
    with pytest.raises(Conflict, match="have changed while they were being deleted"):
        database.transact(changed)
    assert [entry.rows for entry in trash.list()] == [1, 1] and place.rows("SELECT id FROM memories") == [("b",)]


def test_a_column_that_came_meanwhile_comes_back_too(place: Place, source: Source, trash: Trash, audit: Audit) -> None:
    source.database.relations()
    place.run("ALTER TABLE memories ADD COLUMN mood text")
    fill(place, "memories", {"id": "a", "mood": "calm"})
    before = as_stored(place)
    entry = remove(source, trash, memories("a"))
    assert undo(source, entry, trash, audit).result == "undone" and as_stored(place) == before


def test_what_the_trash_cannot_take_is_not_deleted(place: Place, source: Source, tmp_path: Path) -> None:
    fill(place, "memories", {"id": "a", "content": "x" * 5000})
    act = about(source, "me", "delete", "memory")
    with pytest.raises(QuotaExceeded, match="they are not deleted"):
        deleting(source, memories("a"), Trash(tmp_path, limit=4000), act)
    (tmp_path / "taken").write_text("")
    with pytest.raises(Unavailable, match="cannot be written"):
        deleting(source, memories("a"), Trash(tmp_path / "taken"), act)
    with place.open(read_only=True) as looking, pytest.raises(ReadOnly):
        deleting(looking, memories("a"), Trash(tmp_path), act)
    assert place.rows("SELECT id FROM memories") == [("a",)]


DELETING = """
import sys
from pathlib import Path
from workbench.data import open_source
from workbench.desk.trash import Trash
from workbench.desk.trash_deleting import Doomed, about, deleting
class Slow(Trash):
    def keep(self, *arguments, **options):
        kept = super().keep(*arguments, **options)
        print("kept", flush=True)
        sys.stdin.read()
        return kept
with open_source(sys.argv[1], name="prod") as source:
    act = about(source, "me", "delete", "memory")
    deleting(source, [Doomed("memories", {"id": "a"})], Slow(Path(sys.argv[2])), act)
"""


def test_a_kill_between_keeping_and_deleting_leaves_an_entry_of_which_nothing_is_missing(
    place: Place, source: Source, trash: Trash, audit: Audit
) -> None:
    fill(place, "memories", {"id": "a"})
    before = as_stored(place)
    process = subprocess.Popen(
        [sys.executable, "-c", DELETING, place.target, trash.folder.parent],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "kept\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert until(lambda: as_stored(place) == before)
    entry = trash.newest("me")
    assert entry is not None and entry.rows == 1
    done = undo(source, entry, trash, audit)
    assert done.counts == {"there": 1} and done.result == "nothing missing"
    assert as_stored(place) == before and trash.newest("me") is None


def test_two_who_undo_the_same_entry_at_once_are_both_told_the_truth(
    place: Place, source: Source, trash: Trash, audit: Audit
) -> None:
    ids = [f"{number:03}" for number in range(100)]
    fill(place, "memories", *({"id": id} for id in ids))
    entry = remove(source, trash, memories(*ids))
    told: list[object] = []

    def work() -> None:
        try:
            told.append(undo(source, entry, trash, audit).counts)
        except Conflict as error:
            told.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count({"back": 100}) == 1 and sum("undone" in str(each) for each in told) == 3
    assert place.rows("SELECT count(*) FROM memories") == [(100,)]


def test_another_database_and_a_read_only_source_are_refused_in_words(
    place: Place, source: Source, trash: Trash, audit: Audit, tmp_path: Path
) -> None:
    fill(place, "memories", {"id": "a"})
    entry = remove(source, trash, memories("a"))
    other = tmp_path / "other.db"
    with (
        open_source(other, create=True, name="prod") as wrong,
        pytest.raises(Invalid, match=r"are from .* and prod is .*other\.db: name the source"),
    ):
        undo(wrong, entry, trash, audit)
    with place.open(read_only=True, name="prod") as looking:
        with pytest.raises(ReadOnly, match="--write"):
            undo(looking, entry, trash, audit)
        assert preview(looking, entry, trash).counts == {"back": 1}
    assert "correct-horse" not in entry.path.read_text()
    assert list(audit.list()) == []
    if place.engine == "sqlite":  # however the file is named
        link = tmp_path / "link.db"
        link.symlink_to(place.target)
        with open_source(link, name="prod") as same:
            assert undo(same, entry, trash, audit).result == "undone"


def test_a_table_that_is_no_longer_what_it_was_takes_nothing_back_by_half(
    place: Place, source: Source, trash: Trash, audit: Audit
) -> None:
    fill(place, "memories", {"id": "a"}, {"id": "b"})
    entry = remove(source, trash, memories("a", "b"))
    with entry.path.open("a") as file:
        file.write('{"table":"memories"}\n')
    with pytest.raises(Corrupt, match="nothing of it is put back"):
        undo(source, entry, trash, audit)
    assert place.rows("SELECT * FROM memories") == []
    fill(place, "memories", {"id": "c"})
    entry = remove(source, trash, memories("c"))
    place.run("ALTER TABLE memories RENAME COLUMN topics TO subjects")
    source.database.relations(fresh=True)
    with pytest.raises(Invalid, match="no column 'topics'"):
        undo(source, entry, trash, audit)
    assert [act.result for act in audit.list()] == ["failed", "failed"]


def test_an_undo_stands_although_its_end_could_not_be_recorded(
    place: Place, source: Source, trash: Trash, audit: Audit
) -> None:
    fill(place, "memories", {"id": "a"})
    entry = remove(source, trash, memories("a"))

    class Vanishing(Trash):
        def mark_undone(self, entry: Entry) -> None:
            super().mark_undone(entry)
            audit.path.rename(audit.path.with_name("aside"))
            audit.path.mkdir()

    done = undo(source, entry, Vanishing(trash.folder.parent), audit)
    assert done.counts == {"back": 1} and isinstance(done.unrecorded, Unavailable)
    assert place.rows("SELECT id FROM memories") == [("a",)]


def test_every_row_of_a_damaged_file_can_be_deleted_and_put_back(tmp_path: Path, trash: Trash, audit: Audit) -> None:
    """Bytes where text belongs, times that are none, keys that are NULL, texts that are no UTF-8."""
    path = copied("agents/genie_damaged.db", tmp_path)
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO memories SELECT NULL, app_name, user_id, content, topics, 5, x'ff' FROM memories LIMIT 3"
    )
    connection.execute("INSERT INTO memories SELECT * FROM memories WHERE id IS NULL")
    connection.execute("UPDATE memories SET content = CAST(x'636166e9' AS TEXT), topics = 1.5 WHERE rowid % 7 = 0")
    connection.commit()
    connection.close()
    place = Place("sqlite", str(path), str(path))
    tables = ("memories", "approvals", "short_memories", "cron_tasks")
    before = {table: as_stored(place, table) for table in tables}
    with open_source(path, name="theirs", allow_other_owner=True) as source:
        for table, (key, *more) in (
            ("memories", ["id"]), ("approvals", ["id"]), ("cron_tasks", ["id"]),
            ("short_memories", ["key", "memory_type"]),
        ):  # fmt: skip
            rows = [dict(row) for row in _keys(path, table, [key, *more])]
            done = deleting(source, [Doomed(table, row) for row in rows], trash, about(source, "me", "clear", table))
            assert done.count == len(before[table]) and as_stored(place, table) == []
            assert done.entry is not None
            assert undo(source, trash.get(done.entry), trash, audit).counts == {"back": done.count}
            assert as_stored(place, table) == before[table]


def _keys(path: Path, table: str, names: list[str]) -> list[dict[str, Any]]:
    connection = sqlite3.connect(path)
    found = connection.execute(f"SELECT DISTINCT {', '.join(names)} FROM {table}").fetchall()
    connection.close()
    return [dict(zip(names, row, strict=True)) for row in found]
