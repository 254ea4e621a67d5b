"""The trash: on disk before it says so, for us alone, never over its limits, and readable whatever happened to it."""

import os
import resource
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.hostile import MARKUP

from workbench.data.engine.page import every
from workbench.data.engine.stored import same
from workbench.data.errors import Conflict, Corrupt, Invalid, NotFound, QuotaExceeded, Unavailable
from workbench.desk.trash import Trash
from workbench.desk.trash_entry import About, Kept

ACT = About("ops@bastion", "prod", "/srv/a.db", "sqlite", "delete", "memory", ("4f1c",))
ODD = (None, "", "caf\udce9\0", b"\x00\xff", 2**62, 1.0, -0.0, float("inf"), True, "\x1b[2J\u202e", *MARKUP[:2])


def kept(*values: object, table: str = "memories") -> Kept:
    return Kept(table, tuple(f"c{number}" for number in range(len(values))), tuple(values))  # type: ignore[arg-type]


def aged(trash: Trash, id: str, days: float) -> None:
    """Make an entry so many days old."""
    entry = trash.get(id)
    then = entry.time - timedelta(days=days)
    entry.path.rename(entry.path.with_name(f"{then:%Y%m%dT%H%M%S%f}-{id}{entry.path.suffix}"))


def test_an_entry_has_the_rows_to_the_bit_and_says_whose_they_were(trash: Trash) -> None:
    rows = [kept(*ODD), kept("x", table="short_memories")]
    id = trash.keep(ACT, rows)
    entry = trash.get(id)
    assert (entry.id, entry.about, entry.rows, entry.undone) == (id, ACT, 2, None)
    assert abs(datetime.now(UTC) - entry.time) < timedelta(minutes=1)
    found = list(trash.rows(entry))
    assert [(each.table, each.columns) for each in found] == [(each.table, each.columns) for each in rows]
    assert all(same(one.row, other.row) for one, other in zip(found, rows, strict=True))
    text = entry.path.read_bytes()
    assert entry.size == len(text) and text.isascii()
    assert all(line.decode().isprintable() for line in text.split(b"\n"))


def test_it_is_for_us_alone_and_looking_makes_nothing(trash: Trash) -> None:
    assert list(trash.list()) == [] and trash.newest("me") is None and trash.empty().entries == 0
    assert not trash.folder.exists()
    id = trash.keep(ACT, [kept(1)])
    assert stat.S_IMODE(trash.folder.stat().st_mode) == stat.S_IMODE(trash.folder.parent.stat().st_mode) == 0o700
    for file in trash.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    trash.mark_undone(trash.get(id))
    assert stat.S_IMODE(trash.get(id).path.stat().st_mode) == 0o600


def test_rows_can_be_added_to_an_entry_for_as_long_as_it_is_there(trash: Trash) -> None:
    id = trash.keep(ACT, [kept(1)])
    other = trash.keep(ACT, [kept(9)])
    assert trash.keep(ACT, [kept(2), kept(3)], into=id) == id
    assert [row.row for row in trash.rows(trash.get(id))] == [(1,), (2,), (3,)]
    assert trash.get(other).rows == 1
    trash.empty()
    with pytest.raises(NotFound, match="nothing can join it"):
        trash.keep(ACT, [kept(4)], into=id)


def test_what_is_newest_stands_first_and_pages_go_on_from_there(trash: Trash) -> None:
    ids = [trash.keep(ACT, [kept(number)]) for number in range(7)]
    for limit in (1, 2, 3, 7, 9):
        found = list(every(lambda before, limit=limit: trash.list(limit, before)))
        assert [entry.id for entry in found] == ids[::-1]
    assert trash.list(7).next is None
    with pytest.raises(Invalid, match="ask for one or more"):
        trash.list(0)


def test_an_id_may_be_shortened_while_it_is_the_only_one(trash: Trash) -> None:
    ids = [trash.keep(ACT, [kept(number)]) for number in range(20)]
    assert trash.get(ids[3]).id == ids[3] and trash.get(ids[3][:11]).id == ids[3]
    shared = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)
    with pytest.raises(Invalid, match="beginning of several"):
        trash.get(shared)
    for wrong in ("zz", "../x", "*"):
        with pytest.raises(NotFound, match="no entry"):
            trash.get(wrong)
    with pytest.raises(Invalid, match="an id is needed"):
        trash.get("")


def test_the_newest_one_to_undo_is_this_operators_own_and_not_undone(trash: Trash) -> None:
    mine = [trash.keep(ACT, [kept(number)]) for number in range(2)]
    trash.keep(About("eve", *["x"] * 5), [kept(3)])
    found = trash.newest("ops@bastion")
    assert found is not None and found.id == mine[1]
    trash.mark_undone(found)
    found = trash.newest("ops@bastion")
    assert found is not None and found.id == mine[0]
    trash.mark_undone(found)
    assert trash.newest("ops@bastion") is None


def test_an_entry_that_was_undone_says_when_and_is_nobody_elses_meanwhile(trash: Trash) -> None:
    entry = trash.get(trash.keep(ACT, [kept(1)]))
    done = []

    def come_second() -> None:
        with pytest.raises(Conflict, match="has just been undone"), trash.undoing(entry):
            pass
        done.append(1)

    with trash.undoing(entry):
        second = threading.Thread(target=come_second)
        second.start()
        assert done == []
        trash.mark_undone(entry)
    second.join()
    assert done == [1]
    undone = trash.get(entry.id).undone
    assert undone is not None and abs(datetime.now(UTC) - undone) < timedelta(minutes=1)
    trash.empty()
    with pytest.raises(NotFound, match="its place was needed"), trash.undoing(entry):
        pass


def test_room_is_made_from_the_oldest_on_and_what_is_kept_now_is_never_lost(tmp_path: Path) -> None:
    trash = Trash(tmp_path, limit=5000)
    ids = [trash.keep(ACT, [kept("x" * 1000)]) for _ in range(9)]
    left = [entry.id for entry in trash.list()]
    assert left == ids[::-1][: len(left)] and 2 <= len(left) <= 4
    assert sum(entry.size for entry in trash.list()) <= 5000
    last = trash.keep(ACT, [kept("x" * 1000)], into=left[-1])  # the oldest grows: younger ones go before it
    assert trash.get(last).rows == 2 and sum(entry.size for entry in trash.list()) <= 5000


def test_an_entry_that_alone_is_too_large_is_refused_and_nothing_goes_for_it(tmp_path: Path) -> None:
    trash = Trash(tmp_path, limit=5000)
    id = trash.keep(ACT, [kept("x")])
    with pytest.raises(QuotaExceeded, match=r"5,000 at most.*they are not deleted"):
        trash.keep(ACT, [kept("x" * 6000)])
    with pytest.raises(QuotaExceeded):
        trash.keep(ACT, [kept("x" * 4900)], into=id)
    (entry,) = trash.list()
    assert entry.id == id and entry.rows == 1


def test_what_is_older_than_thirty_days_goes_with_the_next_that_comes(trash: Trash) -> None:
    old, young = trash.keep(ACT, [kept(1)]), trash.keep(ACT, [kept(2)])
    aged(trash, old, 30.1)
    aged(trash, young, 29.9)
    assert len(trash.list()) == 2  # looking changes nothing
    new = trash.keep(ACT, [kept(3)])
    assert [entry.id for entry in trash.list()] == [new, young]


def test_emptying_takes_all_or_what_is_old_enough_and_what_a_crash_left(trash: Trash) -> None:
    ids = [trash.keep(ACT, [kept(number)]) for number in range(3)]
    aged(trash, ids[0], 3)
    (trash.folder / "20260101T000000000000-0123456789ab.new").write_text("{")
    gone = trash.empty(timedelta(days=2))
    assert gone.entries == 1 and gone.size > 0
    assert [entry.id for entry in trash.list()] == ids[:0:-1]
    assert trash.empty().entries == 2 and list(trash.list()) == []
    assert [file.name for file in trash.folder.iterdir()] == ["lock"]


def test_files_that_are_none_hide_no_others(trash: Trash) -> None:
    id = trash.keep(ACT, [kept(1)])
    good = trash.get(id).path
    head = good.read_text().splitlines()[0]
    names = [f"20260101T00000000000{number}-0123456789a{number}.jsonl" for number in range(4)]
    for name, text in zip(names, ("", "\xff\n", head + "\n", head.replace("4f1c", "") + "\n"), strict=True):
        (trash.folder / name).write_text(text, encoding="latin-1")
    (trash.folder / "notes.txt").write_text("mine")
    (trash.folder / "20269999T000000000000-0123456789ab.jsonl").write_text("")
    page = trash.list()
    assert [entry.id for entry in page] == [id] and len(page.damage) == 4
    assert "trash empty" in page.damage[0].field.why
    with pytest.raises(Corrupt, match="no entry that this version can read"):
        trash.get("0123456789a0")


def test_a_line_without_its_end_was_never_kept_and_one_that_is_no_row_is_told(trash: Trash) -> None:
    entry = trash.get(trash.keep(ACT, [kept(1)]))
    with entry.path.open("a") as file:
        file.write('{"table":"memories","row":{"c0":2')
    assert [row.row for row in trash.rows(trash.get(entry.id))] == [(1,)] and trash.get(entry.id).rows == 1
    with entry.path.open("a") as file:
        file.write(",,}}\n")
    with pytest.raises(Corrupt, match=r"line 3: no row .*nothing of it is put back"):
        list(trash.rows(entry))


KEEPING = """
import sys
from pathlib import Path
from workbench.desk.trash import Trash
from workbench.desk.trash_entry import About, Kept
trash, act = Trash(Path(sys.argv[1])), About("me", *["x"] * 5)
row = Kept("t", ("a",), ("x" * 2000,))
"""


def test_on_a_full_disk_nothing_is_kept_and_nothing_is_left_behind(tmp_path: Path) -> None:
    caught = "except Exception as error:\n    print(type(error).__name__, error)\n"
    body = "first = trash.keep(act, [row])\nprint(first)\n" + "".join(
        f"try:\n    trash.keep(act, [row] * 50, into={into})\n{caught}" for into in ("None", "first")
    )

    def fill_up() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    done = subprocess.run(
        [sys.executable, "-c", KEEPING + body, tmp_path],
        preexec_fn=fill_up, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, *sentences = done.stdout.splitlines()
    assert len(sentences) == 2
    for sentence in sentences:
        assert sentence.startswith("Unavailable the trash ") and "File too large" in sentence
    (entry,) = Trash(tmp_path).list()
    assert (entry.id, entry.rows) == (first, 1)
    assert sorted(file.name for file in entry.path.parent.iterdir()) == sorted(["lock", entry.path.name])


def test_many_processes_keep_at_once_and_each_entry_is_whole(tmp_path: Path) -> None:
    body = "for n in range(10):\n    trash.keep(act, [row], into=trash.keep(act, [row]))\n"
    processes = [subprocess.Popen([sys.executable, "-c", KEEPING + body, tmp_path]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    entries = list(every(lambda before: Trash(tmp_path).list(7, before)))
    assert len(entries) == 30 and {entry.rows for entry in entries} == {2}


def test_a_home_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(Unavailable, match=r"the trash .* cannot be written"):
        Trash(tmp_path / "taken").keep(ACT, [kept(1)])
    trash = Trash(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    trash.folder.symlink_to(tmp_path / "pipe")
    with pytest.raises(Unavailable):
        trash.keep(ACT, [kept(1)])
