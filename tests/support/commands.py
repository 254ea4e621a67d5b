"""The command line inside this process: for what it says and does, where no process of its own is needed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workbench.cli.app import run


@dataclass
class Said:
    """What one run of a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON lines of the output, pure ASCII."""
        assert self.out.isascii()
        return [json.loads(line) for line in self.out.splitlines()]

    def refused(self, code: int) -> str:
        """The one sentence of a run that refused."""
        assert (self.code, self.out) == (code, ""), self
        (line,) = self.err.splitlines()
        return line.removeprefix("workbench: ")


@dataclass
class Commands:
    """Runs commands with a home, settings and a current directory below `root`."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def file(self) -> Path:
        """The settings file."""
        return self.root / "home" / ".config" / "workbench" / "workbench.toml"

    @property
    def own(self) -> Path:
        """The workbench's own home."""
        return self.root / "own"

    def settings(self, text: str) -> None:
        """Write the settings file."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(text)

    @property
    def acts(self) -> list[dict[str, Any]]:
        """The acts on record, the newest first."""
        return self("audit", "list", "--json").rows

    def __call__(self, *words: str) -> Said:
        """Run one command."""
        self.capsys.readouterr()
        code = run(list(words))
        found = self.capsys.readouterr()
        for character in found.out + found.err:
            assert character == "\n" or character.isprintable(), (character, found)
        return Said(code, found.out, found.err)


def commands_below(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """Commands that know nothing of this machine's own settings."""
    (root / "home").mkdir()
    (root / "here").mkdir(mode=0o755)
    monkeypatch.chdir(root / "here")
    monkeypatch.setenv("HOME", str(root / "home"))
    monkeypatch.setenv("WORKBENCH_HOME", str(root / "own"))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "WORKBENCH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return Commands(root, capsys)
