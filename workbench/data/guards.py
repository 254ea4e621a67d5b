"""Who may do what to a file: the rules for network file systems, foreign owners and settings found on the way.

Each rule takes the facts as arguments; beside it stands the function that gathers them from this process.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from stat import S_IROTH, S_ISGID, S_ISVTX, S_IWGRP, S_IWOTH

_MOUNTINFO = Path("/proc/self/mountinfo")

# File systems that another machine can write at the same time, so that SQLite's locks and the shared memory of a
# WAL do not hold there. 9p is one: it maps no shared memory. virtiofs and overlay are not: their files live on
# one host, the guest's page cache serves mappings as on a local disk, and many sandboxes have their root on them.
_NETWORK = frozenset(
    {
        "9p", "acfs", "afs", "auristorfs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs", "gfs2", "glusterfs",
        "gpfs", "lustre", "ncp", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "quobyte", "smb2",
        "smb3", "smbfs", "vboxsf", "vmhgfs", "webdav", "wekafs",
    }
)  # fmt: skip
_NETWORK_FUSE = frozenset(
    {
        "afpfs", "beegfs", "blobfuse", "blobfuse2", "ceph", "ceph-fuse", "cifs", "curlftpfs", "davfs", "davfs2",
        "gcsfuse", "geesefs", "glusterfs", "goofys", "grpcfuse", "juicefs", "lizardfs", "mfs", "moosefs",
        "mount-s3", "mountpoint-s3", "nfs", "osxfs", "quobyte", "rclone", "s3fs", "seaweedfs", "smbnetfs", "sshfs",
        "vmhgfs-fuse",
    }
)  # fmt: skip
_OCTAL = re.compile(r"\\([0-7]{3})")


def network_filesystem(path: Path, mountinfo: str | None = None) -> str | None:
    """Give the type of the network file system that holds `path`, or None; Linux only, elsewhere always None."""
    place = os.path.realpath(path)  # before the table is read: looking at an automounted path mounts it
    if mountinfo is None:
        mountinfo = _mountinfo()
    best, kind = "", None
    for point, fstype in _mounts(mountinfo):
        holds = point == "/" or place == point or place.startswith(f"{point}/")
        if holds and len(point) >= len(best):  # of two mounts on one point the later hides the earlier
            best, kind = point, fstype
    return kind if kind is not None and _is_network(kind) else None


def _mountinfo() -> str:
    try:
        return os.fsdecode(_MOUNTINFO.read_bytes())
    except OSError:
        return ""


def _mounts(mountinfo: str) -> list[tuple[str, str]]:
    """Read mount points and types: `36 35 98:0 /root /point options [fields…] - type source options`."""
    found = []
    for line in mountinfo.split("\n"):
        before, dash, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if dash and len(fields) > 5:
            found.append((_unescaped(fields[4]), _unescaped(kinds[0])))
    return found


def _unescaped(field: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), field)


def _is_network(kind: str) -> bool:
    name, _, behind = kind.lower().partition(".")
    return name in _NETWORK or (name == "fuse" and behind in _NETWORK_FUSE)


def owner_can_write(
    file: os.stat_result,
    directory: os.stat_result,
    *,
    euid: int,
    egid: int,
    groups_of: Callable[[int], frozenset[int]],
) -> bool:
    """Say whether the owner of a database can use the -wal, -shm and -journal that we would leave beside it.

    SQLite makes them with the database's own mode bits (whatever the umask), owned by us and by our group, or by
    the directory's group where that is inherited. Run by root, it gives them to the database's owner.
    """
    owner = file.st_uid
    if euid in (0, owner) or owner == 0:
        return True
    if directory.st_mode & S_ISVTX and directory.st_uid != owner:
        return False  # only we could delete them there, and a journal that stays makes each start roll back again
    group = directory.st_gid if directory.st_mode & S_ISGID else egid
    shift = 3 if group in groups_of(owner) else 0  # a member of the group has the group's bits and no others
    return (file.st_mode >> shift) & (S_IROTH | S_IWOTH) == S_IROTH | S_IWOTH


def refuse_foreign_owner(path: Path) -> str | None:
    """Give the sentence that refuses to open `path` read-write, or None where nothing speaks against it."""
    if sys.platform == "win32":
        return None
    real = Path(os.path.realpath(path))  # SQLite puts its files beside the real one
    try:
        file, directory = real.stat(), real.parent.stat()
    except OSError:
        return None  # opening it will say what is wrong
    euid = os.geteuid()
    if owner_can_write(file, directory, euid=euid, egid=os.getegid(), groups_of=groups_of):
        return None
    return (
        f"{path} belongs to {user_name(file.st_uid)}, who could not write the -wal, -shm or -journal file that "
        f"{user_name(euid)} would leave beside it: open it read-only, or as {user_name(file.st_uid)}, or allow it "
        "with allow_other_owner"
    )


def processes_with(path: Path) -> tuple[int, ...]:
    """Give the other processes that have this file open, as far as the system lets us see them (Linux only)."""
    try:
        wanted = path.stat()
    except OSError:
        return ()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) != os.getpid() and _has_open(process, wanted):
            found.append(int(process.name))
    return tuple(sorted(found))


def _has_open(process: Path, wanted: os.stat_result) -> bool:
    try:
        with os.scandir(process / "fd") as descriptors:
            for descriptor in descriptors:
                try:
                    there = descriptor.stat()
                except OSError:
                    continue
                if (there.st_dev, there.st_ino) == (wanted.st_dev, wanted.st_ino):
                    return True
    except OSError:  # it has ended, or it is not ours to look into
        return False
    return False


def untrusted_settings(
    path: Path,
    stat: os.stat_result,
    *,
    directory: os.stat_result,
    euid: int,
    private_group_of: Callable[[int], int | None],
) -> str | None:
    """Say why the settings file at `path` is to be ignored because others can write it; None if it is not.

    `stat` is that of the file that was opened (not of a link to it), `directory` that of the folder of `path`.
    """
    owner = stat.st_uid
    if owner not in (euid, 0):
        return f"{path} is ignored: it belongs to {user_name(owner)}; read it, then make it your own with chown"
    if stat.st_mode & S_IWOTH:
        return f"{path} is ignored: everybody can write it; take that away with chmod o-w"
    if stat.st_mode & S_IWGRP and private_group_of(owner) != stat.st_gid:
        return f"{path} is ignored: the group {group_name(stat.st_gid)} can write it; take that away with chmod g-w"
    if directory.st_mode & S_IWOTH and not directory.st_mode & S_ISVTX:
        return f"{path} is ignored: everybody can replace it in its directory; take that away with chmod o-w"
    return None


def distrust_settings(path: Path, stat: os.stat_result) -> str | None:
    """Apply `untrusted_settings` to this process; `stat` is the `os.fstat` of the file that was opened."""
    if sys.platform == "win32":
        return None
    try:
        directory = path.absolute().parent.stat()
    except OSError:
        return f"{path} is ignored: its directory cannot be looked at; look at its permissions"
    return untrusted_settings(path, stat, directory=directory, euid=os.geteuid(), private_group_of=private_group)


def groups_of(uid: int) -> frozenset[int]:
    """Give the groups that user `uid` is in, the primary one too; none for a user without an account."""
    import pwd

    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        return frozenset()
    return frozenset(os.getgrouplist(account.pw_name, account.pw_gid))


def private_group(uid: int) -> int | None:
    """Give the group of that user alone: the primary one, of the same name, with nobody else in it."""
    import grp
    import pwd

    try:
        account = pwd.getpwuid(uid)
        group = grp.getgrgid(account.pw_gid)
    except KeyError:
        return None
    others = {name for name in group.gr_mem if name != account.pw_name}
    others |= {other.pw_name for other in pwd.getpwall() if other.pw_gid == group.gr_gid and other.pw_uid != uid}
    return group.gr_gid if group.gr_name == account.pw_name and not others else None


def user_name(uid: int) -> str:
    """Give the name of user `uid`, or its number where it has no account."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def group_name(gid: int) -> str:
    """Give the name of group `gid`, or its number where it has no entry."""
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return f"gid {gid}"
