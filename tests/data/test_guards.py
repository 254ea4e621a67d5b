"""Who may do what to a file: made-up facts first, then real files."""

import os
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from workbench.data import guards
from workbench.data.guards import (
    distrust_settings,
    network_filesystem,
    owner_can_write,
    private_group,
    refuse_foreign_owner,
    untrusted_settings,
)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as other users")
ALICE, BOB, ROOT = 4001, 4002, 0
ALICES, BOBS, TEAM = 5001, 5002, 5100


def fact(mode: int, uid: int = ALICE, gid: int = ALICES) -> os.stat_result:
    return os.stat_result((stat.S_IFREG | mode, 1, 1, 1, uid, gid, 0, 0, 0, 0))


def folder(mode: int = 0o755, uid: int = ALICE, gid: int = ALICES) -> os.stat_result:
    return os.stat_result((stat.S_IFDIR | mode, 1, 1, 1, uid, gid, 0, 0, 0, 0))


# Network file systems

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:20 / /proc rw - proc proc rw
30 22 0:40 / /mnt/share rw,relatime shared:9 master:2 - nfs4 server:/export rw,vers=4.2
31 30 8:2 / /mnt/share/local rw - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/my\\040share rw - cifs //server/share rw
33 22 0:42 / /mnt/back\\134slash rw - fuse.sshfs me@host: rw
34 22 0:43 / /mnt/twice rw - ext4 /dev/sdc1 rw
35 34 0:44 / /mnt/twice rw - nfs server:/x rw
36 22 0:45 / /mnt/covered rw - nfs server:/x rw
37 36 0:46 / /mnt/covered rw - tmpfs tmpfs rw
38 22 0:47 / /mnt/ntfs rw - fuseblk /dev/sdd1 rw
39 22 0:48 / /mnt/image rw - fuse.squashfuse image rw
40 22 0:49 / /mnt/host rw - 9p hostshare rw
41 22 0:50 / /mnt/guest rw - virtiofs share rw
42 22 0:51 / /mnt/shar rw - glusterfs server:/v rw
43 22 0:52 / /mnt/Lines\\012two rw - lustre fs rw
44 22 0:53 / /mnt/cluster rw - fuse.ceph ceph rw
garbage
45 22 short - nfs
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/x.db", None),
        ("/", None),
        ("/mnt/share", "nfs4"),
        ("/mnt/share/deep/x.db", "nfs4"),
        ("/mnt/share/local/x.db", None),
        ("/mnt/share/localized/x.db", "nfs4"),
        ("/mnt/shared/x.db", None),
        ("/mnt/shar/x.db", "glusterfs"),
        ("/mnt/my share/x.db", "cifs"),
        ("/mnt/back\\slash/x.db", "fuse.sshfs"),
        ("/mnt/Lines\ntwo/x.db", "lustre"),
        ("/mnt/twice/x.db", "nfs"),
        ("/mnt/covered/x.db", None),
        ("/mnt/ntfs/x.db", None),
        ("/mnt/image/x.db", None),
        ("/mnt/host/x.db", "9p"),
        ("/mnt/guest/x.db", None),
        ("/mnt/cluster/x.db", "fuse.ceph"),
        ("/mnt/share/local/../x.db", "nfs4"),
    ],
)
def test_the_longest_and_latest_mount_decides(path: str, kind: str | None) -> None:
    assert network_filesystem(Path(path), MOUNTS) == kind


def test_the_root_itself_may_be_on_the_network() -> None:
    assert network_filesystem(Path("/srv/x.db"), "1 0 0:1 / / rw - nfs server:/root rw\n") == "nfs"


def test_links_are_followed_to_the_file_system_behind_them(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "here.db").symlink_to(tmp_path / "share" / "there.db")
    mounts = f"1 0 8:1 / / rw - ext4 d rw\n2 1 0:9 / {tmp_path.resolve()}/share rw - nfs4 s:/ rw\n"
    assert network_filesystem(tmp_path / "here.db", mounts) == "nfs4"
    assert network_filesystem(tmp_path / "other.db", mounts) is None


def test_an_empty_table_says_nothing() -> None:
    assert network_filesystem(Path("/srv/x.db"), "") is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")
def test_the_table_of_this_machine_is_read() -> None:
    assert ("/proc", "proc") in guards._mounts(guards._mountinfo())
    assert network_filesystem(Path("/proc/self/status")) is None


# A database of another user


def can(mode: int, *, directory: os.stat_result | None = None, owner: int = ALICE, me: int = BOB) -> bool:
    groups = {ALICE: frozenset({ALICES, TEAM}), BOB: frozenset({BOBS})}
    return owner_can_write(
        fact(mode, owner),
        directory or folder(),
        euid=me,
        egid=BOBS,
        groups_of=lambda uid: groups.get(uid, frozenset()),
    )


def test_root_and_the_owner_may() -> None:
    assert can(0o600, me=ROOT)
    assert can(0o600, me=ALICE)
    assert can(0o600, owner=ROOT)  # root can write whatever we leave


@pytest.mark.parametrize(
    ("mode", "allowed"), [(0o600, False), (0o660, False), (0o664, False), (0o662, False), (0o666, True)]
)
def test_in_our_group_the_owner_has_the_bits_of_others(mode: int, allowed: bool) -> None:
    assert can(mode) is allowed


@pytest.mark.parametrize(
    ("mode", "allowed"), [(0o600, False), (0o640, False), (0o620, False), (0o660, True), (0o606, False)]
)
def test_in_a_shared_group_the_owner_has_the_bits_of_the_group_and_no_others(mode: int, allowed: bool) -> None:
    assert can(mode, directory=folder(0o2775, gid=TEAM)) is allowed


def test_a_group_counts_only_if_it_is_inherited() -> None:
    assert not can(0o660, directory=folder(0o775, gid=TEAM))


def test_in_a_sticky_directory_of_somebody_else_the_owner_could_not_delete_what_we_leave() -> None:
    assert not can(0o666, directory=folder(0o1777, uid=ROOT))
    assert can(0o666, directory=folder(0o1777, uid=ALICE))
    assert can(0o666, directory=folder(0o1777, uid=ROOT), me=ROOT)


@contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory that every user can get to, which tmp_path is not."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o777)
        yield path


def database(path: Path, mode: int, uid: int) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE t (a)")
    path.chmod(mode)
    os.chown(path, uid, -1)
    return path


@needs_root
def test_a_database_of_another_user_is_refused_in_words(open_folder: Path) -> None:
    path = database(open_folder / "a.db", 0o644, ALICE)
    link = open_folder / "link.db"
    link.symlink_to(path)
    assert refuse_foreign_owner(path) is None  # as root
    with acting_as(BOB, BOBS):
        refusal = refuse_foreign_owner(path)
        assert refusal is not None
        assert "uid 4001" in refusal
        assert "allow_other_owner" in refusal
        assert refuse_foreign_owner(link) is not None
        assert refuse_foreign_owner(open_folder / "missing.db") is None
        path.parent.joinpath("mine.db").touch(mode=0o600)
        assert refuse_foreign_owner(open_folder / "mine.db") is None
    path.chmod(0o666)
    with acting_as(BOB, BOBS):
        assert refuse_foreign_owner(path) is None


@needs_root
@pytest.mark.parametrize(
    ("folder_mode", "uid", "gid", "expected"),
    [
        (0o777, BOB, BOBS, (BOB, BOBS, 0o666)),
        (0o2777, BOB, BOBS, (BOB, TEAM, 0o666)),
        (0o777, ROOT, 0, (ALICE, ALICES, 0o666)),
    ],
)
def test_sqlite_makes_its_files_as_the_rule_assumes(
    open_folder: Path, folder_mode: int, uid: int, gid: int, expected: tuple[int, int, int]
) -> None:
    path = database(open_folder / "a.db", 0o666, ALICE)
    os.chown(path, ALICE, ALICES)
    os.chown(open_folder, ROOT, TEAM)
    open_folder.chmod(folder_mode)
    with acting_as(uid, gid), closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO t VALUES (1)")
        db.commit()
        for suffix in ("-wal", "-shm"):
            left = Path(f"{path}{suffix}").stat()
            assert (left.st_uid, left.st_gid, stat.S_IMODE(left.st_mode)) == expected


# Settings found in the current directory


def why(mode: int, uid: int = ALICE, gid: int = ALICES, directory: os.stat_result | None = None) -> str | None:
    own = {ALICE: ALICES, ROOT: 0}
    return untrusted_settings(
        Path("workbench.toml"),
        fact(mode, uid, gid),
        directory=directory or folder(),
        euid=ALICE,
        private_group_of=own.get,
    )


@pytest.mark.parametrize(
    ("mode", "uid", "gid"),
    [(0o600, ALICE, ALICES), (0o664, ALICE, ALICES), (0o644, ALICE, TEAM), (0o644, ROOT, 0), (0o664, ROOT, 0)],
)
def test_settings_that_only_we_or_root_can_write_are_trusted(mode: int, uid: int, gid: int) -> None:
    assert why(mode, uid, gid) is None


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "words"),
    [
        (0o646, ALICE, ALICES, "everybody can write it"),
        (0o664, ALICE, TEAM, "the group gid 5100 can write it"),
        (0o664, ROOT, TEAM, "the group gid 5100 can write it"),
        (0o664, ROOT, ALICES, "can write it"),
        (0o600, BOB, BOBS, "belongs to uid 4002"),
    ],
)
def test_settings_that_others_can_write_are_ignored(mode: int, uid: int, gid: int, words: str) -> None:
    assert words in (why(mode, uid, gid) or "")


def test_a_directory_where_everybody_can_swap_the_file() -> None:
    assert "replace it" in (why(0o600, directory=folder(0o777)) or "")
    assert why(0o600, directory=folder(0o1777, uid=ROOT)) is None
    assert why(0o600, directory=folder(0o775, gid=TEAM)) is None


def test_a_user_without_an_account_has_no_group_of_his_own() -> None:
    assert private_group(4_000_000_001) is None


def test_a_group_of_another_name_or_with_others_in_it_is_not_private() -> None:
    import grp
    import pwd

    for account in pwd.getpwall():
        own = private_group(account.pw_uid)
        if own is not None:
            entry = grp.getgrgid(own)
            name = pwd.getpwuid(account.pw_uid).pw_name
            assert entry.gr_name == name
            assert set(entry.gr_mem) <= {name}


def test_real_settings_in_a_real_directory(tmp_path: Path) -> None:
    path = tmp_path / "workbench.toml"
    path.write_text("theme = 'dark'\n")
    path.chmod(0o600)
    assert distrust_settings(path, path.stat()) is None
    path.chmod(0o602)
    assert "everybody can write it" in (distrust_settings(path, path.stat()) or "")
    path.chmod(0o600)
    tmp_path.chmod(0o777)
    try:
        assert "replace it" in (distrust_settings(path, path.stat()) or "")
    finally:
        tmp_path.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(path, 1234567, -1)
        assert "belongs to uid 1234567" in (distrust_settings(path, path.stat()) or "")
