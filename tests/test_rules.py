"""The rules of the house, held by looking at the code and at what an import loads."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import workbench

PACKAGE = Path(workbench.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN = {"textual", "rich", "click", "pydantic", "psycopg", "croniter", "sqlite_utils", "asyncio"}
# Who may import whom inside the package; arrows point down only.
LAYERS = {
    "data": {"data"},
    "desk": {"data", "desk"},
    "settings": {"data", "settings", "themes"},
    "themes": {"data", "themes"},
    "cli": {"data", "desk", "settings", "themes", "cli", "__init__"},
    "tui": {"data", "desk", "settings", "themes", "tui", "__init__"},
    "integrations": {"data", "integrations"},
    "__main__": {"cli", "__init__"},
}


def loaded_by(code: str) -> set[str]:
    """The names of all modules that a fresh interpreter has loaded after this code."""
    script = f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)), file=sys.__stdout__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_data_layer_is_headless_and_light() -> None:
    assert loaded_by("import workbench.data") & FORBIDDEN == set()
    whole = "from workbench.data import open_source, Source, Page\nimport workbench.data.rooms as r\nr.rooms()"
    assert loaded_by(whole) & FORBIDDEN == set()


def test_opening_a_sqlite_source_loads_no_server_driver_and_no_terminal(tmp_path: Path) -> None:
    code = f"from workbench.data import open_source\nopen_source({str(tmp_path / 'a.db')!r}, create=True).close()"
    assert loaded_by(code) & (FORBIDDEN - {"asyncio"}) == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_down_only(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    for imported in imports_of(path):
        parts = imported.split(".")
        if parts[0] == "workbench":
            target = parts[1] if len(parts) > 1 else "__init__"
            starts_the_screen = target == "tui" and path == PACKAGE / "cli" / "screen.py"
            assert target in LAYERS[room] or starts_the_screen, f"{path.name} in {room} imports {imported}"
        if room == "data":
            assert parts[0] not in {"textual", "click", "rich", "pydantic", "pydantic_settings"}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from workbench import themes` imports a module, `from workbench.data import Source` a name.
            names = [f"{node.module}.{name.name}" for name in node.names]
            found |= {n if node.module == "workbench" and n != "workbench.__version__" else node.module for n in names}
    return found


def test_files_fit_a_head() -> None:
    long = {str(p.relative_to(PACKAGE)): n for p in MODULES if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}


def test_only_the_engine_knows_the_drivers() -> None:
    for path in MODULES:
        # The settings only take addresses apart with the driver's own parser.
        if "engine" not in path.parts and "settings" not in path.parts and path.name != "home_database.py":
            assert not imports_of(path) & {"sqlite3", "psycopg", "psycopg_pool"}, f"{path} talks to a driver"


def test_the_project_speaks_of_itself_alone() -> None:
    """No path of a developer's machine and no name of a package registry in anything that is shipped."""
    root = Path(__file__).parents[1]
    files = [
        *MODULES,
        *(root / name for name in ("README.md", "CHANGELOG.md", "pyproject.toml") if (root / name).exists()),
    ]
    # Put together here, so that this file does not hold them either.
    words = ["/root" + "/", "/work" + "/", "/home" + "/runner", "pypi" + ".org", "python" + "hosted"]
    for path in files:
        text = path.read_text()
        for word in words:
            assert word not in text, f"{word} stands in {path}"
