"""The program in a real terminal of the two sizes that matter."""

import shutil
import sqlite3
import sys
from pathlib import Path

import pytest
from support.terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


@pytest.mark.parametrize(("columns", "lines"), [(120, 34), (80, 24)])
def test_the_sources_fit_the_terminal(tmp_path: Path, columns: int, lines: int) -> None:
    home = tmp_path / "home of the operator"
    (home / ".config" / "workbench").mkdir(parents=True)
    connection = sqlite3.connect(tmp_path / "state.db")
    connection.execute("CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT)")
    connection.commit()
    connection.close()
    (home / ".config" / "workbench" / "workbench.toml").write_text(
        f'[sources.thane]\ntarget = "{tmp_path / "state.db"}"\n[sources.gone]\ntarget = "{tmp_path / "gone.db"}"\n'
    )
    environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "XDG_DATA_HOME": str(home / "data")}
    command = f"{sys.executable} -m workbench"
    with Terminal(command, columns=columns, lines=lines, cwd=tmp_path, environment=environment) as terminal:
        screen = terminal.until(lambda text: "[exit" in text)
    rows = screen.splitlines()
    assert "[exit 0]" in screen and "Traceback" not in screen
    assert rows[0].startswith("NAME") and max(len(row) for row in rows) <= columns
    assert any(row.startswith("thane") and "ok" in row and "opstate" in row for row in rows)
    assert any(row.startswith("gone") and "ok" not in row for row in rows)
    # One row is one line: a name that does not fit is cut, not wrapped.
    assert sum(bool(row.strip()) for row in rows) <= 6
