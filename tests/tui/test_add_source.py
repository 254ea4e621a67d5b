"""Adding a source on the screen: looked at while it is written, tested before it is saved, and gone to at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.agents import Place as Where
from support.inboxes import Keys, Operator, ask
from support.screens import NARROW, WIDE, Screen
from textual.widgets import Input

from workbench.cli.failures import _secrets
from workbench.cli.probing import opened
from workbench.cli.session import Session
from workbench.cli.source_book import Book
from workbench.data import Source, open_source
from workbench.desk.places import Place
from workbench.settings import Opening
from workbench.tui.choices import Choices
from workbench.tui.secret_input import hidden

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "own" / "workbench.toml"
    file.parent.mkdir()
    file.write_text("# mine\n[sources.first]\ntarget = 'first.db'\n")
    return file


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Passwords that a test wrote are masked in no other one."""
    before = set(_secrets)
    yield
    _secrets.intersection_update(before)


def with_settings(operator: Operator, file: Path) -> Operator:
    """Give the operator's app a settings file to change, as the command that starts it does."""
    given = {"config": str(file), "home": str(operator.home)}
    session = Session(given, ["approve", "home", "inbox"], {})

    def place(opening: Opening) -> Place:
        def open_place(write: bool) -> Source:
            return opened(replace(opening, read_only=not write), session.loaded.settings.timeouts)

        writable, production = not opening.read_only, opening.production
        return Place(opening.name, opening.display, open_place, writable=writable, production=production)

    def places() -> list[Place]:
        return [place(each.opening) for each in session.configured() if isinstance(each.opening, Opening)]

    operator.choices = Choices(places=places, book=Book(session, "screen", "mark that it is to be stored"))
    return operator


def entries(file: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = tomllib.loads(file.read_text())["sources"]
    return found


def write(keys: Keys, text: str) -> None:
    """Write into the line that has the focus, in place of what stands there."""
    line = keys.app.focused
    assert isinstance(line, Input)
    line.value = text


def test_a_source_is_written_looked_at_saved_and_gone_to(
    operator: Operator, agents: Source, tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(agents, "deploy")
    where = str(operator.where.target)
    monkeypatch.setenv("PW", password := where.partition("@")[0].rpartition(":")[2])
    target = where.replace(f":{password}@", ":${PW}@")
    with_settings(operator, settings)

    async def steps(keys: Keys) -> None:
        await keys.press("s", "a")
        await keys.sees("Add a source", "opened read-only and tested")
        write(keys, target)
        if "://" in target:
            await keys.sees("connects to it and looks")
            await keys.press("enter")
        await keys.sees("It answers:", "agents", "⏎ saves it")
        await keys.press("tab", "ctrl+u", *"prod", "minus", "2", "tab", "space", "tab", "space", "enter")
        await keys.sees("prod-2 was added to")
        await keys.press("enter")
        await keys.sees("prod-2 PRODUCTION", "deploy")

    operator.run(steps)
    assert entries(settings)["prod-2"] == {"target": target, "read_only": False, "production": True}
    assert settings.read_text().startswith("# mine\n[sources.first]\n")
    (act,) = operator.acts()
    assert (act.entry.verb, act.entry.source, act.entry.via, act.result) == ("add", "prod-2", "screen", "added")


def test_nothing_is_saved_that_does_not_answer(sqlite_place: Where, tmp_path: Path, settings: Path) -> None:
    operator = with_settings(Operator(sqlite_place, tmp_path / "home"), settings)
    before = settings.read_text()
    (tmp_path / "text.txt").write_text("nothing of ours")

    async def steps(keys: Keys) -> None:
        await keys.press("s", "plus")
        write(keys, str(tmp_path / "gone.db"))
        await keys.sees("there is no file or directory")
        await keys.press("enter")
        await keys.until(lambda: "there is no file or directory" in keys.flat)
        write(keys, str(tmp_path / "text.txt"))
        await keys.press("enter")
        await keys.until(lambda: "is a text file" in keys.flat)
        write(keys, "")
        await keys.press("enter")
        await keys.sees("the target is empty")
        write(keys, "postgresql://h/d?nonsense=1")
        await keys.press("enter")
        await keys.until(lambda: "no keyword=value of libpq" in keys.flat)
        await keys.press("escape", "escape")
        await keys.until(lambda: keys.app.screen is keys.inbox)

    operator.run(steps)
    assert settings.read_text() == before and operator.acts() == []


def test_a_name_that_is_taken_or_none_is_refused_and_one_is_suggested(
    sqlite_place: Where, tmp_path: Path, settings: Path
) -> None:
    operator = with_settings(Operator(sqlite_place, tmp_path / "home"), settings)
    open_source(tmp_path / "first.db", create=True).close()

    async def steps(keys: Keys) -> None:
        await keys.press("s", "a")
        write(keys, str(tmp_path / "first.db"))
        await keys.sees("It answers:")
        await keys.until(lambda: "first-2" in keys.text)
        await keys.press("tab")
        for name, words in (
            ("FIRST", 'the source "first" is there already'),
            ("inbox", "is a command"),
            ("a b", "is no name for a source"),
        ):
            write(keys, name)
            await keys.press("enter")
            await keys.until(lambda words=words: words in keys.flat)
        write(keys, "second")
        await keys.press("enter")
        await keys.sees("second was added to")

    operator.run(steps)
    assert list(entries(settings)) == ["first", "second"]


def test_a_password_is_dots_on_the_screen_and_is_stored_only_when_that_is_marked(
    operator: Operator, tmp_path: Path, settings: Path
) -> None:
    where = str(operator.where.target)
    if "://" not in where:
        pytest.skip("only servers have passwords")
    password = where.partition("@")[0].rpartition(":")[2]
    with_settings(operator, settings)

    async def steps(keys: Keys) -> None:
        await keys.press("s", "a")
        for end in range(1, len(where) + 1):
            write(keys, where[:end])
            await keys.pilot.pause()
            assert f":{password[:3]}" not in keys.packed
        await keys.press("enter")
        await keys.sees("It answers:", "write the password that stands above")
        await keys.press("enter")
        await keys.until(lambda: "the target holds a password" in keys.flat)
        assert len(entries(settings)) == 1
        await keys.press("tab", "ctrl+u", *"server", "tab", "tab", "tab", "space", "enter")
        await keys.sees("server was added to")
        assert f":{password}" not in keys.packed

    operator.run(steps)
    assert entries(settings)["server"]["target"] == where
    (act,) = operator.acts()
    assert password not in str(act.entry)


def test_a_source_is_taken_out_after_a_question_and_its_database_stays(
    sqlite_place: Where, tmp_path: Path, settings: Path
) -> None:
    operator = with_settings(Operator(sqlite_place, tmp_path / "home"), settings)

    async def steps(keys: Keys) -> None:
        await keys.press("s", "G")
        await keys.press("delete")
        await keys.sees("Take first out of your settings?", "y yes   n no")
        await keys.press("n")
        await keys.until(lambda: "Take first" not in keys.text)
        assert "first" in entries(settings)
        await keys.press("delete")
        await keys.sees("Take first out")
        await keys.press("y")
        await keys.sees("first was taken out of")
        await keys.press("g", "delete")
        await keys.until(lambda: "there is no configured source" in keys.flat)

    operator.run(steps)
    assert settings.read_text() == "# mine\n"
    assert [(act.entry.verb, act.result) for act in operator.acts()] == [("remove", "removed")]
    assert Path(sqlite_place.target).exists()


@SIZES
def test_the_form_reads_as_its_golden_does(sqlite_place: Where, tmp_path: Path, settings: Path, size: Screen) -> None:
    operator = with_settings(Operator(sqlite_place, tmp_path / "home"), settings)

    operator.choices = replace(operator.choices, places=list)  # their paths are other ones in every run

    async def steps(keys: Keys) -> None:
        await keys.press("s", "a")
        write(keys, "postgresql://ops:p4ssw0rd@db.example/agents")
        await keys.sees("connects to it and looks", "write the password")
        await keys.press("tab", "tab", "space")
        await keys.golden(f"add_source_{size[0]}x{size[1]}")

    operator.run(steps, size)


def test_hostile_text_in_the_form_acts_on_nothing(sqlite_place: Where, tmp_path: Path, settings: Path) -> None:
    operator = with_settings(Operator(sqlite_place, tmp_path / "home"), settings)

    async def steps(keys: Keys) -> None:
        from textual.events import Paste

        await keys.press("s", "a")
        keys.app.post_message(Paste("/tmp/\x1b[2J\x07\u202e[bold]x[/bold]\r\n.db"))
        await keys.until(lambda: "[bold]x[/bold].db" in keys.text)
        await keys.press("enter")
        await keys.until(lambda: "there is no file or directory" in keys.flat)
        assert all(character.isprintable() or character == "\n" for character in keys.text)

    operator.run(steps)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/var/lib/agents.db", "/var/lib/agents.db"),
        ("postgresql://ops@db:5432/agents", "postgresql://ops@db:5432/agents"),
        ("postgresql://db:5432/agents", "postgresql://db:5432/agents"),
        ("postgresql://[::1]:5432/agents", "postgresql://[::1]:5432/agents"),
        ("postgresql://ops:hun", "postgresql://ops:•••"),
        ("postgresql://ops:1234", "postgresql://ops:••••"),
        ("postgresql://ops:1234@db", "postgresql://ops:••••@db"),
        ("postgresql://ops:a@b@db:1/x", "postgresql://ops:•••@db:1/x"),
        ("postgresql://ops:${PW}@db/x", "postgresql://ops:${PW}@db/x"),
        ("host=db password=hunter2 user=ops", "host=db password=••••••• user=ops"),
        ("host=db password='hun ter2' user=ops", "host=db password=•••••••••• user=ops"),
        ("postgresql://db/x?password=hunter2&port=1", "postgresql://db/x?password=•••••••&port=1"),
    ],
)
def test_what_may_be_a_password_is_hidden_while_it_is_written(text: str, shown: str) -> None:
    characters = list(text)
    for start, end in hidden(text):
        characters[start:end] = "•" * (end - start)
    assert "".join(characters) == shown
