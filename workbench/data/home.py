"""The workbench's own home: where it is. Light, because every command asks."""

import os
from collections.abc import Mapping
from pathlib import Path

DATABASE = "workbench.db"


def home_path(environ: Mapping[str, str] | None = None) -> Path:
    """Where the home is: `$WORKBENCH_HOME`, or `workbench` in the platform's directory for user data."""
    named = (os.environ if environ is None else environ).get("WORKBENCH_HOME")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_path("workbench", appauthor=False))
