"""The errors of the data layer: one small tree. Each message says what is wrong, where, and what to do."""


class WorkbenchError(Exception):
    """Anything that the workbench refuses or cannot do."""


class NotFound(WorkbenchError):
    """There is no such file, source, database or row."""


class Conflict(WorkbenchError):
    """Somebody else was faster: the row is no longer as it was shown."""


class Invalid(WorkbenchError):
    """The input is wrong: an argument, a setting, a value that an engine cannot hold."""


class Unavailable(WorkbenchError):
    """The source cannot answer now: locked, down, unreadable, full, too old."""


class ReadOnly(WorkbenchError):
    """The source was opened read-only."""


class Corrupt(WorkbenchError):
    """The file is damaged, or is no database at all."""


class QuotaExceeded(WorkbenchError):
    """A store's own limit would be passed."""


class Unsupported(WorkbenchError):
    """The source does not hold what was asked for."""
