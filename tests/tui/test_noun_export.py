"""Files written from the screen: whole or not at all, for us alone, never over another, also of a source to look at."""

import json
from pathlib import Path

import pytest
from support.inboxes import SECRET, Keys, Operator
from support.screens import NARROW

from workbench.data import Source
from workbench.data.agents.writing import assistant_message, tool_call, tool_result, user_message

KEY = ("genie", "ann", "s/1 \u202e")


async def reads(keys: Keys, *texts: str) -> None:
    """Wait until all of these are read on the screen, however they are wrapped."""
    await keys.until(lambda: all(text in keys.packed for text in ("".join(text.split()) for text in texts)))


async def to_file(keys: Keys, name: str) -> None:
    """Export to a file of this name."""
    await keys.press("o")
    await reads(keys, "to which file?")
    await keys.press("ctrl+u")
    await keys.type(name)
    await keys.press("enter")


def test_a_session_is_written_exactly_and_as_a_transcript(
    operator: Operator, agents: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents.sessions.create_session(KEY)
    call = tool_call("c1", "run_shell", {"command": "make", "token": SECRET})
    agents.sessions.append_event(KEY, user_message("please\x1b[2J\n```\n# deploy"))
    agents.sessions.append_event(KEY, assistant_message("I shall.", tool_calls=[call]))
    agents.sessions.append_event(KEY, tool_result("c1", "run_shell", "done"))
    operator.read_only = True
    monkeypatch.chdir(tmp_path)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.until(lambda: keys.view.detail is not None)
        await keys.press("o")
        await reads(keys, "Export session s/1", "session-s-1--.md", ".jsonl: every event exactly")
        await keys.press("enter")
        await reads(keys, "written:", "1 secret is masked in it")
        await to_file(keys, "out.txt")
        await reads(keys, "a file whose name ends in .jsonl or .md")
        await keys.press("escape")
        await to_file(keys, "out.jsonl")
        await reads(keys, "out.jsonl, 3 lines")
        await to_file(keys, "out.jsonl")
        await reads(keys, "is there already: name another file")

    operator.run(steps, NARROW)
    whole, transcript = tmp_path / "out.jsonl", tmp_path / "session-s-1--.md"
    assert {file.stat().st_mode & 0o777 for file in (whole, transcript)} == {0o600}
    events = [json.loads(line) for line in whole.read_text().splitlines()]
    assert [event["session_id"] for event in events] == [KEY[2]] * 3 and SECRET in whole.read_text()
    text = transcript.read_text()
    assert SECRET not in text and "please␛[2J" in text and "→ calls `run_shell` with" in text
    assert sorted(file.name for file in tmp_path.iterdir() if file.suffix in (".md", ".jsonl", ".new")) == [
        "out.jsonl", "session-s-1--.md",
    ]  # fmt: skip
    assert operator.acts() == []


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_list_is_written_as_it_is_filtered(
    operator: Operator, agents: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(450):
        agents.memories.add_memory(("genie", "ann" if number % 3 else "bob"), f"fact {number}", [])
    monkeypatch.chdir(tmp_path)

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await reads(keys, "memories≥100")
        await keys.press("slash")
        await keys.type("user=bob")
        await keys.press("enter")
        await reads(keys, "filter: user=bob", "fact 447")
        await to_file(keys, "bobs.csv")
        await reads(keys, "bobs.csv, 151 lines")
        await to_file(keys, "no-such-folder/bobs.csv")
        await reads(keys, "cannot be written")
        await keys.press("J")
        await reads(keys, "failed", "151 lines")

    operator.run(steps)
    lines = (tmp_path / "bobs.csv").read_text().splitlines()
    assert len(lines) == 151 and all(",bob," in line for line in lines[1:])


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_list_is_written_in_the_order_that_it_is_shown_in(
    operator: Operator, agents: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        agents.sessions.create_session(("genie", "ann", f"s-{number}"))
        agents.sessions.append_event(("genie", "ann", f"s-{number}"), user_message(f"word {number}"))
    monkeypatch.chdir(tmp_path)

    async def steps(keys: Keys) -> None:
        await keys.press("2", "2")
        await reads(keys, "word 0", "word 2")
        await to_file(keys, "newest.jsonl")
        await reads(keys, "newest.jsonl, 3 lines")
        await keys.press("S")
        await reads(keys, "Sort the whole list")
        await keys.press("j", "enter")
        await reads(keys, "oldest first")
        await keys.until(lambda: len(keys.view.table.rows) == 3)
        await to_file(keys, "oldest.jsonl")
        await reads(keys, "oldest.jsonl, 3 lines")

    operator.run(steps)
    newest, oldest = ((tmp_path / f"{name}.jsonl").read_text().splitlines() for name in ("newest", "oldest"))
    assert newest == oldest[::-1] and [json.loads(line)["session"]["session_id"] for line in oldest] == [
        "s-0", "s-1", "s-2",
    ]  # fmt: skip


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_path_that_leads_nowhere_is_refused_where_it_is_written(
    operator: Operator, agents: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setenv("HOME", str(tmp_path))

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await reads(keys, "No memories.")
        await to_file(keys, "~nobody-of-that-name/m.jsonl")
        await reads(keys, "there is no such user here")
        gone.rmdir()
        await keys.press("ctrl+u")
        await keys.type("m.jsonl")
        await keys.press("enter")
        await reads(keys, "was started in is gone")
        await keys.press("ctrl+u")
        await keys.type("~/m.jsonl")
        await keys.press("enter")
        await reads(keys, "m.jsonl, 0 lines")

    operator.run(steps)
    assert (tmp_path / "m.jsonl").read_text() == ""
