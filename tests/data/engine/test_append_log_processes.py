"""The append-log among processes and threads, through kills and forks, and on a disk that is full or read-only."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest
from servers import until

from workbench.data.engine.append_log import AppendLog, Tail
from workbench.data.errors import Unavailable

NUMBERING = """
import json, os, sys, threading
from pathlib import Path
from workbench.data.engine.append_log import AppendLog
from workbench.data.errors import Unavailable

log = AppendLog(Path(sys.argv[1]))

def numbered(words=""):
    def make(tail):
        last = 0
        for line in tail.newest():
            try:
                last = json.loads(line.text)["id"]
                break
            except ValueError:  # a line that a kill left unfinished
                continue
        return json.dumps({"id": last + 1, "by": os.getpid(), "words": words}).encode()
    return make
"""


def start(path: Path, body: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own that runs `body`; it is told to begin by a line, and tells by lines."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", NUMBERING + body, path, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(path: Path, body: str, *arguments: object) -> list[str]:
    said, _ = (process := start(path, body, *arguments)).communicate("go\n", timeout=60)
    assert process.returncode == 0
    return said.splitlines()


def ids(path: Path) -> list[int]:
    found = list(AppendLog(path).lines())
    assert all(line.whole for line in found)
    return [json.loads(line.text)["id"] for line in found]


def numbered(tail: Tail) -> bytes:
    last = json.loads(tail.last.text)["id"] if tail.last else 0
    return json.dumps({"id": last + 1}).encode()


def test_many_processes_lose_nothing_tear_nothing_and_number_without_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "home" / "l"  # which the first of them makes
    body = """
print("ready", flush=True)
sys.stdin.readline()
for n in range(int(sys.argv[2])):
    log.append(numbered("x" * (n * 997 % 9000)))
"""
    processes = [start(path, body, 25) for _ in range(5)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert ids(path) == list(range(1, 126))
    authors = [json.loads(line.text)["by"] for line in AppendLog(path).lines()]
    assert sorted(authors) == sorted(process.pid for process in processes for _ in range(25))
    assert list(path.parent.iterdir()) == [path]


def test_many_threads_and_objects_do_neither(tmp_path: Path) -> None:
    path = tmp_path / "l"
    begin = threading.Barrier(6)

    def work() -> None:
        begin.wait()
        for _ in range(15):
            AppendLog(path).append(numbered)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids(path) == list(range(1, 91))


def test_a_reader_sees_whole_lines_while_others_append(tmp_path: Path) -> None:
    path = tmp_path / "l"
    body = """
print("ready", flush=True)
for n in range(150):
    log.append(numbered("x" * 70_000))
"""
    process = start(path, body)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    seen = 0
    while process.poll() is None or seen < 150:
        found = ids(path)
        assert found == list(range(1, len(found) + 1))
        with closing(AppendLog(path).backwards()) as lines:
            last = next(lines, None)
        assert last is None or json.loads(last.text)["id"] >= len(found)
        seen = len(found)
    process.communicate()


def test_a_line_that_is_just_being_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "l"
    path.write_bytes(b"one\n")
    body = """
import fcntl
file = open(sys.argv[1], "ab", buffering=0)
fcntl.flock(file, fcntl.LOCK_EX)
file.write(b"tw")
print("half", flush=True)
sys.stdin.readline()
file.write(b"o\\n")
"""
    process = start(path, body)
    assert process.stdout is not None and process.stdout.readline() == "half\n"
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.extend(line.text for line in AppendLog(path).lines()))
    reader.start()
    until(lambda: path.name in opened_by(os.getpid()), what="a reader that looks at the log")
    process.communicate("go\n", timeout=30)
    reader.join()
    assert found == [b"one", b"two"]


def opened_by(pid: int) -> set[str]:
    names = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            names.add(each.readlink().name)
    return names


@pytest.mark.parametrize("acknowledged", [1, 3, 10, 25])
def test_what_a_killed_process_was_told_to_be_written_is_there_and_the_next_one_goes_on(
    tmp_path: Path, acknowledged: int
) -> None:
    path = tmp_path / "l"
    body = """
while True:
    line = log.append(numbered("x" * 20_000))
    print(json.loads(line.text)["id"], flush=True)
"""
    told: list[int] = []
    for _ in range(2):
        process = start(path, body)
        assert process.stdout is not None
        told += [int(process.stdout.readline()) for _ in range(acknowledged)]
        process.kill()
        told += [int(line) for line in process.communicate()[0].splitlines()]
    found = [line.text for line in AppendLog(path).lines()]
    whole = [json.loads(text)["id"] for text in found if text.endswith(b"}")]
    assert set(told) <= set(whole)
    assert whole == list(range(1, len(whole) + 1))
    (line,) = run(path, 'print(log.append(numbered("after")).text.decode())')
    assert json.loads(line)["id"] == len(whole) + 1


# -- forks -------------------------------------------------------------------------------------------------------

SLOW = """
inside, leave = threading.Event(), threading.Event()
def slow(tail):
    inside.set()
    leave.wait()
    return numbered("slow")(tail)
thread = threading.Thread(target=log.append, args=(slow,), daemon=True)
thread.start()
inside.wait()
"""


def test_a_fork_beside_an_append_takes_no_lock_away_and_leaves_both_able_to_append(tmp_path: Path) -> None:
    body = """
told, tell = os.pipe()
child = os.fork()
if child == 0:
    try:
        AppendLog(log.path, wait=0.05).append(numbered())
        os._exit(1)  # the lock is the parent's, also when the child has closed what it inherited
    except Unavailable:
        os.write(tell, b"x")
    log.append(numbered("child"))
    os._exit(0)
os.read(told, 1)
leave.set()
thread.join()
log.append(numbered("parent"))
print(os.waitpid(child, 0)[1])
"""
    assert run(tmp_path / "l", SLOW + body) == ["0"]
    lines = [json.loads(line.text) for line in AppendLog(tmp_path / "l").lines()]
    assert [line["id"] for line in lines] == [1, 2, 3]
    assert lines[0]["words"] == "slow"
    assert {line["words"] for line in lines} == {"slow", "child", "parent"}


def test_a_lock_does_not_outlive_its_process_in_a_child_that_it_forked_off(tmp_path: Path) -> None:
    path = tmp_path / "l"
    body = """
child = os.fork()
if child == 0:
    print(os.getpid(), flush=True)
    sys.stdin.readline()
    os._exit(0)
threading.Event().wait()
"""
    process = start(path, SLOW + body)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    try:
        AppendLog(path, wait=5).append(numbered)
        os.kill(child, 0)  # it is still there
    finally:
        process.communicate("go\n")
    assert ids(path) == [1]


def test_a_fork_while_a_line_is_made_writes_it_once(tmp_path: Path) -> None:
    body = """
children = []
def forking(tail):
    child = os.fork()
    if child:
        children.append(child)
        print(os.waitpid(child, 0)[1], flush=True)
    return numbered()(tail) if child else b"from the child"
try:
    log.append(forking)
except Unavailable as error:
    os._exit(0 if "forked" in str(error) and not children else 1)
"""
    assert run(tmp_path / "l", body) == ["0"]
    assert ids(tmp_path / "l") == [1]


# -- disks -------------------------------------------------------------------------------------------------------


def test_a_full_disk_leaves_nothing_half_written_and_the_log_goes_on_when_there_is_room(small_disk: Path) -> None:
    path = small_disk / "home" / "l"
    filler = small_disk / "filler"
    log = AppendLog(path)
    log.append(numbered)
    with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    content = b""
    with pytest.raises(Unavailable, match=f"{path} cannot be written: No space left on device; free some space"):
        for _ in range(10_000):
            content = path.read_bytes()
            log.append(lambda tail: b"y" * 700)
    assert path.read_bytes() == content
    assert content.endswith(b"\n") and content.count(b"\n") > 1
    with pytest.raises(Unavailable, match="No space left"):
        AppendLog(small_disk / "other" / "l").append(lambda tail: b"y" * 10_000)
    assert not (small_disk / "other" / "l").exists()
    filler.unlink()
    log.append(lambda tail: b"z")
    assert path.read_bytes() == content + b"z\n"


def test_a_write_that_is_cut_short_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "l"
    body = """
import resource
log.append(numbered())
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
try:
    log.append(numbered("x" * 5000))
except Unavailable as error:
    print(error)
log.append(numbered())
"""
    (said,) = run(path, body)
    assert "cannot be written: File too large; free some space, nothing was written" in said
    assert ids(path) == [1, 2]


def test_a_directory_that_is_read_only_is_one_clear_sentence(small_disk: Path) -> None:
    AppendLog(small_disk / "l").append(numbered)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for path, done in ((small_disk / "l", "written"), (small_disk / "new" / "l", "made"), (small_disk / "m", "made")):
        with pytest.raises(Unavailable, match=f"{path} cannot be {done}: Read-only file system; "):
            AppendLog(path).append(numbered)
    assert ids(small_disk / "l") == [1]


def test_a_directory_that_we_may_not_write_is_one_clear_sentence(tmp_path: Path) -> None:
    body = """
os.chdir(log.path.parent)
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
for name in ("theirs", "new", "closed/l"):
    try:
        AppendLog(Path(name)).append(numbered())
    except Unavailable as error:
        print(error)
try:
    list(AppendLog(Path("theirs")).lines())
except Unavailable as error:
    print(error)
"""
    (tmp_path / "theirs").write_bytes(b"1\n")
    (tmp_path / "theirs").chmod(0o400 if os.geteuid() else 0o600)
    (tmp_path / "closed").mkdir(mode=0o500)
    tmp_path.chmod(0o555)
    said = run(tmp_path / "l", body)
    tmp_path.chmod(0o755)
    assert said[0].startswith("theirs cannot be written: Permission denied; check the rights on it")
    assert said[1] == "new cannot be made: Permission denied; look at ."
    assert said[2].startswith("closed/l cannot be")
    if os.geteuid() == 0:
        assert said[3] == "theirs cannot be read: Permission denied; check the disk, and who may read it"


def test_a_signal_while_a_line_is_made_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "l"
    body = """
log.append(numbered())
def waiting(tail):
    print("making", flush=True)
    threading.Event().wait()
try:
    log.append(waiting)
except KeyboardInterrupt:
    log.append(numbered("after"))
"""
    process = start(path, body)
    assert process.stdout is not None and process.stdout.readline() == "making\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert ids(path) == [1, 2]
