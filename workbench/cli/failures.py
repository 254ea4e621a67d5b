"""How a command ends when it cannot do its work: one sentence, an exit code that says why, no password in it."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator

from workbench.cli.output import refuse
from workbench.data.errors import (
    Conflict,
    Invalid,
    NotFound,
    ReadOnly,
    Unavailable,
    WorkbenchError,
)

OK, FAILED, USAGE, NOT_FOUND, CONFLICT, READ_ONLY, UNAVAILABLE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 4, 5, 6, 130, 141

_CODES: tuple[tuple[type[WorkbenchError], int], ...] = (
    (Invalid, USAGE),
    (NotFound, NOT_FOUND),
    (Conflict, CONFLICT),
    (ReadOnly, READ_ONLY),
    (Unavailable, UNAVAILABLE),
)
_STATES: dict[int, str] = {
    USAGE: "invalid",
    NOT_FOUND: "not found",
    CONFLICT: "conflict",
    READ_ONLY: "read-only",
    UNAVAILABLE: "unavailable",
}
# What may be a password in a message that we did not write.
_IN_URL = re.compile(r"(://[^\s/?#:@]*:)[^\s@]+(?=@)")
_IN_WORDS = re.compile(
    r"""(\b\w*(?:password|passwd|pwd|secret|token)["']?\s*[=:]\s*)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s,;&'"]+)""",
    re.IGNORECASE,
)

_secrets: set[str] = set()


def exit_code(error: BaseException) -> int:
    """The exit code of an error, by its class."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def state_of(error: WorkbenchError) -> str:
    """One or two words for a source that failed with this error."""
    return _STATES.get(exit_code(error), "damaged" if type(error).__name__ == "Corrupt" else "failed")


def exit_code_of_many(errors: Iterable[BaseException]) -> int:
    """One exit code for several: that of the only failure; else 4 if any is a conflict, else 1."""
    codes = [exit_code(error) for error in errors]
    return CONFLICT if CONFLICT in codes else FAILED if codes else OK


def remember_secrets(secrets: Iterable[str]) -> None:
    """Note texts that must never be printed, whatever message they come in."""
    _secrets.update(secret for secret in secrets if len(secret) > 2)


def remembered_secrets() -> tuple[str, ...]:
    """What was remembered."""
    return tuple(_secrets)


class RememberedSecrets:
    """What is remembered whenever one looks: a screen opens and adds sources while it runs."""

    def __iter__(self) -> Iterator[str]:
        return iter(remembered_secrets())


def masked(text: str) -> str:
    """The text without anything that is or looks like a password."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _IN_WORDS.sub(r"\1***", _IN_URL.sub(r"\1***", text))


def guarded(work: Callable[[], int], *, debug: Callable[[], bool]) -> int:
    """Run a command and turn whatever goes wrong into its exit code and one sentence."""
    try:
        code = work()
        if sys.stdout is not None:
            sys.stdout.flush()  # here a full disk or a closed pipe can still be told
        return code
    except WorkbenchError as error:
        refuse(masked(str(error)))
        return exit_code(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        if _is_of_output(error):
            return abandon_output(error)
        return _internal(error, debug())
    except Exception as error:
        return _internal(error, debug())


def abandon_output(error: BaseException | None) -> int:
    """Give up writing: silently if the reader went away, with a sentence if the disk is full."""
    if sys.stdout is not None:
        # What is still buffered must not fail once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError) or not isinstance(error, OSError):
        return BROKEN_PIPE
    refuse(f"the output cannot be written: {error.strerror}; free some space or write elsewhere")
    return UNAVAILABLE


def _is_of_output(error: OSError) -> bool:
    """Whether standard output failed: errors of files name them, or are our own classes by now."""
    return error.filename is None and error.errno in (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT)


def _internal(error: Exception, debug: bool) -> int:
    import traceback

    if debug:
        for line in masked("".join(traceback.format_exception(error))).splitlines():
            refuse(line)
        return FAILED
    said = masked(f"{type(error).__name__}: {error}")
    refuse(f"internal error: {said}; add --debug for where it happened, and report it")
    return FAILED
