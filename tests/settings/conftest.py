"""Settings of their own for every test: a home, a configuration directory and a current directory below tmp_path."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from workbench.settings import Loaded, load


@dataclass
class Place:
    """Where a test's settings files are, and how they are loaded."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def user_file(self) -> Path:
        return self.root / "home" / ".config" / "workbench" / "workbench.toml"

    @property
    def here(self) -> Path:
        return self.root / "project"

    @property
    def local_file(self) -> Path:
        return self.here / "workbench.toml"

    def user(self, text: str) -> None:
        self.user_file.parent.mkdir(parents=True, exist_ok=True)
        self.user_file.write_text(text, encoding="utf-8")

    def local(self, text: str) -> None:
        self.local_file.write_text(text, encoding="utf-8")

    def load(self, **options: Any) -> Loaded:
        return load(
            {key.replace("__", "."): value for key, value in options.items()}, cwd=self.here, environ=self.environ
        )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(tmp_path)
    place.here.mkdir(mode=0o755)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / ".local" / "share"))
    return place
