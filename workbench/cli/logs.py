"""Where the log of the program and of the PostgreSQL driver goes: to the operator's file or nowhere.

Never to the screen, not even when something in the background breaks.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from workbench.cli.failures import masked

_LOGGERS = ("workbench", "psycopg", "psycopg.pool", "asyncio")


def start_log(file: Path | None) -> str | None:
    """Send the log to `file`, which its first line makes; a sentence if that cannot work."""
    handler = _LogFile(file, delay=True, encoding="utf-8", errors="backslashreplace") if file else logging.NullHandler()
    handler.setFormatter(_MaskedFormatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
    threading.excepthook = _log_broken_thread
    if file is not None and (file.is_dir() or not file.parent.is_dir()):
        return f"the log file {file} cannot be made, so nothing is logged; correct log_file"
    return None


def _log_broken_thread(broken: threading.ExceptHookArgs) -> None:
    """A thread that breaks (one of the driver, say) must not write over the screen."""
    if broken.exc_value is not None:
        logging.getLogger("workbench").error("a thread broke", exc_info=broken.exc_value)


class _MaskedFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class _LogFile(logging.FileHandler):
    """A log that only the operator can read, and whose failure is no reason to write on the screen."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding=self.encoding, errors=self.errors)

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Say nothing."""
