"""The append-log in one process: what it makes, what it reads, what it does with a torn tail, how it fails."""

import os
import stat
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from workbench.data.engine import append_log as module
from workbench.data.engine.append_log import AppendLog, Tail, Torn
from workbench.data.engine.page import every
from workbench.data.errors import Invalid, Unavailable

BLOCK = 64 * 1024


def log_of(path: Path, *texts: bytes) -> AppendLog:
    log = AppendLog(path)
    for text in texts:
        log.append(lambda tail, text=text: text)
    return log


def texts(log: AppendLog) -> list[bytes]:
    return [line.text for line in log.lines()]


def test_nothing_is_made_by_looking_and_the_first_line_makes_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "home" / "some.jsonl"
    log = AppendLog(path)
    assert texts(log) == [] and list(log.backwards()) == [] and list(log.newest()) == []
    before = log.change_token()
    assert not (tmp_path / "new").exists()
    old = os.umask(0)
    try:
        line = log.append(lambda tail: b"first")
    finally:
        os.umask(old)
    assert (line.offset, line.text, line.whole) == (0, b"first", True)
    assert path.read_bytes() == b"first\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert log.change_token() != before
    assert list(path.parent.iterdir()) == [path]


def test_the_mode_of_a_log_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.jsonl"
    path.write_bytes(b"a\n")
    path.chmod(0o644)
    log_of(path, b"b")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert path.read_bytes() == b"a\nb\n"


def test_each_line_is_on_disk_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watched, not replaced: the real fsync runs."""
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    home = tmp_path / "home"
    log = log_of(home / "a.jsonl", b"1")
    assert synced == [str(home / "a.jsonl"), str(home), str(tmp_path)]
    synced.clear()
    log.append(lambda tail: b"2")
    assert synced == [str(home / "a.jsonl")]


def test_the_next_line_is_made_from_the_last_one(tmp_path: Path) -> None:
    log = AppendLog(tmp_path / "n.jsonl")

    def following(tail: Tail) -> bytes:
        assert tail.torn == b"" and tail.fate is None
        return b"1" if tail.last is None else b"%d" % (int(tail.last.text) + 1)

    for _ in range(12):
        log.append(following)
    assert texts(log) == [b"%d" % number for number in range(1, 13)]


SHAPES = {
    "empty lines": [b"", b"", b"a", b"", b""],
    "one byte": [b"a"],
    "a block": [b"x" * (BLOCK - 1), b"y"],
    "a block and its newline": [b"x" * BLOCK, b"y"],
    "just over": [b"x" * (BLOCK + 1), b"", b"z"],
    "long between short": [b"a", b"x" * (5 * BLOCK + 17), b"b" * 3],
    "many": [b"%d" % number * (number % 50) for number in range(5000)],
    "carriage returns and every byte": [b"a\r", bytes(set(range(256)) - {10}), "é☃".encode()],
}


@pytest.mark.parametrize("lines", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("torn", [b"", b"t", b"t" * (BLOCK + 3)], ids=["whole", "torn", "torn over a block"])
def test_both_directions_give_the_same_lines_and_their_places(tmp_path: Path, lines: list[bytes], torn: bytes) -> None:
    content = b"".join(line + b"\n" for line in lines) + torn
    path = tmp_path / "lines"
    path.write_bytes(content)
    found = list(AppendLog(path).lines())
    assert [line.text for line in found] == lines + ([torn] if torn else [])
    assert [line.whole for line in found] == [True] * len(lines) + ([False] if torn else [])
    for line in found:
        assert content[line.offset :].startswith(line.text)
    assert [after.offset - line.offset for line, after in pairwise(found)] == [
        len(line.text) + 1 for line in found[:-1]
    ]
    assert list(AppendLog(path).backwards()) == found[::-1]
    assert list(every(lambda after: AppendLog(path).newest(7, after))) == found[::-1]


def test_a_page_is_read_from_the_end_however_long_the_log_is(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte that takes no room
        file.seek(0, os.SEEK_END)
        file.write(b"\nthird\nsecond\nfirst\n")
    log = AppendLog(path)
    page = log.newest(2)
    assert [line.text for line in page] == [b"first", b"second"]
    assert [line.text for line in log.newest(1, page.next)] == [b"third"]
    log.append(lambda tail: tail.last.text + b" and more" if tail.last else b"")
    assert next(log.backwards()).text == b"first and more"


def test_a_page_ends_with_a_cursor_only_where_there_is_more(tmp_path: Path) -> None:
    log = log_of(tmp_path / "p", b"1", b"2", b"3")
    assert log.newest(4).next is None and log.newest(3).next is None
    assert log.newest(2).next is not None
    for limit in (0, -1):
        with pytest.raises(Invalid, match="ask for one or more"):
            log.newest(limit)


def test_lines_that_are_appended_meanwhile_do_not_shift_the_pages(tmp_path: Path) -> None:
    log = log_of(tmp_path / "p", b"1", b"2", b"3", b"4")
    page = log.newest(2)
    log.append(lambda tail: b"5")
    assert [line.text for line in log.newest(2, page.next)] == [b"2", b"1"]


def test_a_cursor_of_a_log_that_was_replaced_is_refused(tmp_path: Path) -> None:
    log = log_of(tmp_path / "p", b"1" * 10, b"2" * 10, b"3" * 10)
    page = log.newest(1)
    for content in (b"", b"short\n", b"x" * 100 + b"\n"):
        log.path.write_bytes(content)
        with pytest.raises(Invalid, match="another file since that page was read"):
            log.newest(1, page.next)


# -- torn tails --------------------------------------------------------------------------------------------------


def test_a_torn_tail_is_ended_and_kept_unless_the_caller_decides_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"one\ntw")
    seen: list[Tail] = []

    def make(tail: Tail) -> bytes:
        assert tail.last is not None and tail.last.text == b"one"
        seen.append(tail)
        return b"three"

    line = AppendLog(path).append(make)
    assert path.read_bytes() == b"one\ntw\nthree\n"
    assert (line.offset, seen[0].torn, seen[0].fate) == (7, b"tw", Torn.KEPT)


def test_a_torn_tail_can_be_a_line_or_go(tmp_path: Path) -> None:
    path = tmp_path / "t"
    for fate, last, content in (
        (Torn.LINE, b"tw", b"one\ntw\nthree\n"),
        (Torn.CUT, b"one", b"one\nthree\n"),
    ):
        path.write_bytes(b"one\ntw")
        asked: list[bytes] = []

        def judge(torn: bytes, fate: Torn = fate, asked: list[bytes] = asked) -> Torn:
            asked.append(torn)
            return fate

        def make(tail: Tail, last: bytes = last) -> bytes:
            assert tail.last is not None and tail.last.text == last
            return b"three"

        AppendLog(path).append(make, torn=judge)
        assert asked == [b"tw"]
        assert path.read_bytes() == content


def test_a_log_that_is_one_torn_line_has_no_last_line(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"\0" * 4096)  # what some file systems leave after a power cut

    def make(tail: Tail) -> bytes:
        assert tail.last is None
        return b"first"

    AppendLog(path).append(make)
    assert texts(AppendLog(path)) == [b"\0" * 4096, b"first"]


# -- what goes wrong ---------------------------------------------------------------------------------------------


def test_when_the_next_line_cannot_be_made_nothing_changes(tmp_path: Path) -> None:
    def broken(tail: Tail) -> bytes:
        raise FileNotFoundError("the caller's own")

    path = tmp_path / "home" / "l"
    with pytest.raises(FileNotFoundError, match="own"):
        AppendLog(path).append(broken)
    assert not path.exists()
    path.write_bytes(b"a\ntorn")
    for make, kind in ((broken, FileNotFoundError), (lambda tail: b"a\nb", Invalid)):
        with pytest.raises(kind):
            AppendLog(path).append(make, torn=lambda torn: Torn.CUT)
        assert path.read_bytes() == b"a\ntorn"
    log_of(path, b"b")
    assert path.read_bytes() == b"a\ntorn\nb\n"


def test_a_line_without_end_is_no_reason_to_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "l"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    for use in (
        lambda: list(AppendLog(path).newest(1)),
        lambda: list(AppendLog(path).lines()),
        lambda: log_of(path, b"x"),
    ):
        with pytest.raises(module.lines.Corrupt, match="this is no log"):
            use()
    assert path.stat().st_size == 1 << 40


def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        log = AppendLog(tmp_path / name)
        with pytest.raises((Invalid, Unavailable), match=f"{name} "):
            log.append(lambda tail: b"x")
        with pytest.raises(Invalid, match="is no plain file"):
            list(log.lines())
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for path in ("file/log", "link/log", "link"):
        with pytest.raises(Unavailable, match=r"cannot be (made|written): .*; (look|nothing)"):
            AppendLog(tmp_path / path).append(lambda tail: b"x")
    assert texts(AppendLog(tmp_path / "link" / "log")) == []
    with pytest.raises(Unavailable, match="cannot be read"):
        list(AppendLog(tmp_path / "file" / "log").lines())


def test_a_log_behind_a_link_is_written_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    log_of(tmp_path / "link", b"x")
    assert (tmp_path / "real").read_bytes() == b"x\n"
    assert (tmp_path / "link").is_symlink()


def test_a_lock_that_does_not_come_free_is_told(tmp_path: Path) -> None:
    log = log_of(tmp_path / "l", b"1")
    inside, leave = threading.Event(), threading.Event()

    def slow(tail: Tail) -> bytes:
        inside.set()
        assert leave.wait(30)
        return b"2"

    thread = threading.Thread(target=log.append, args=(slow,))
    thread.start()
    try:
        assert inside.wait(30)
        with pytest.raises(Unavailable, match="is locked by another program: try again"):
            AppendLog(log.path, wait=0.05).append(lambda tail: b"x")
        assert texts(log) == [b"1"]  # reading waits for nobody
    finally:
        leave.set()
        thread.join()
    assert texts(log) == [b"1", b"2"]


def test_who_waited_while_the_log_was_replaced_writes_into_the_new_one(tmp_path: Path) -> None:
    log = log_of(tmp_path / "l", b"1", b"bad")
    inside, leave = threading.Event(), threading.Event()

    def repair(tail: Tail) -> bytes:
        inside.set()
        assert leave.wait(30)
        (tmp_path / "new").write_bytes(b"1\n")
        (tmp_path / "new").replace(log.path)
        raise KeyError("repaired")

    def repairing() -> None:
        with pytest.raises(KeyError):
            log.append(repair)

    first = threading.Thread(target=repairing)
    first.start()
    assert inside.wait(30)
    second = threading.Thread(target=log.append, args=(lambda tail: b"2",))
    second.start()
    leave.set()
    first.join()
    second.join()
    assert log.path.read_bytes() == b"1\n2\n"


def test_the_token_changes_with_every_change_and_with_nothing_else(tmp_path: Path) -> None:
    log = log_of(tmp_path / "l", b"1")
    token = log.change_token()
    list(log.lines())
    log.newest()
    assert log.change_token() == token
    log.append(lambda tail: b"2")
    assert log.change_token() != token
    token = log.change_token()
    content = log.path.read_bytes()
    (tmp_path / "new").write_bytes(content)
    (tmp_path / "new").replace(log.path)
    assert log.change_token() != token


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    log = log_of(tmp_path / "l", b"1", b"2", b"3")
    before = len(list(Path("/proc/self/fd").iterdir()))
    log.append(lambda tail: b"4")
    log.newest(1)
    list(log.lines())
    list(log.backwards())
    with pytest.raises(ZeroDivisionError):
        log.append(lambda tail: b"%d" % (1 // 0))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
