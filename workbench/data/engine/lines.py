"""The lines of a file, from either end, in blocks: nothing is read that nobody asks for."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.data.errors import Corrupt

LONGEST = 64 * 1024 * 1024  # a longer line is no line of ours, and must not fill the memory
_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line: where it begins, its bytes without the newline, and whether the newline is there."""

    offset: int
    text: bytes
    whole: bool = True


def ends_whole(descriptor: int, end: int) -> bool:
    """Whether the first `end` bytes are whole lines."""
    return end == 0 or read(descriptor, 1, end - 1) == b"\n"


def forwards(descriptor: int, end: int) -> Iterator[Line]:
    """The lines of the first `end` bytes of a file."""
    at = begin = 0
    parts: list[bytes] = []
    while at < end and (block := read(descriptor, min(_BLOCK, end - at), at)):
        at += len(block)
        *lines, rest = block.split(b"\n")
        for line in lines:
            text = b"".join((*parts, line))
            yield Line(begin, text)
            begin += len(text) + 1
            parts = []
        parts.append(rest)
        _refuse_endless(at - begin, begin)
    if begin < at:
        yield Line(begin, b"".join(parts), whole=False)


def backwards(descriptor: int, end: int) -> Iterator[Line]:
    """The lines of the first `end` bytes of a file, the last one first."""
    if end == 0:
        return
    whole = ends_whole(descriptor, end)
    at = end - whole
    held, upto = b"", 0  # what was read from `at` on, and where in it the wanted line ends
    while True:
        newline = held.rfind(b"\n", 0, upto)
        if newline < 0 and at > 0:
            _refuse_endless(upto, at)
            size = min(max(_BLOCK, upto), at)  # doubled for as long as no newline comes
            at -= size
            held = read(descriptor, size, at) + held[:upto]
            upto += size
            if len(held) < upto:
                return  # the file became shorter while it was read
            continue
        yield Line(at + newline + 1, held[newline + 1 : upto], whole)
        if newline < 0:
            return
        upto, whole = newline, True


def read(descriptor: int, size: int, at: int) -> bytes:
    """So many bytes from a place on, or fewer where the file ends."""
    found = os.pread(descriptor, size, at)
    while found and len(found) < size and (more := os.pread(descriptor, size - len(found), at + len(found))):
        found += more
    return found


def _refuse_endless(length: int, offset: int) -> None:
    if length > LONGEST:
        raise Corrupt(f"the line at byte {offset} has more than {LONGEST} bytes, so this is no log: look into the file")
