"""The data that the real programs wrote; it lies beside the project and is read in place, or copied to be opened."""

import shutil
import sqlite3
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures"


def fixture(name: str) -> Path:
    """The path of a fixture; the test is skipped, saying so, where the fixtures are not there."""
    if not FIXTURES.is_dir():
        pytest.skip("the shared fixtures are not beside the project")
    return FIXTURES / name


def copied(name: str, folder: Path) -> Path:
    """A copy of a fixture that may be opened and changed."""
    target = folder / Path(name).name
    shutil.copyfile(fixture(name), target)
    return target


def open_fixture(name: str, folder: Path) -> sqlite3.Connection:
    """A plain connection to a copy."""
    return sqlite3.connect(copied(name, folder))
