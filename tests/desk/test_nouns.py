"""Every noun on both engines: its list, its filter, one by its id, its parts; nothing reaches a face raw."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.agents import Place
from support.inboxes import SECRET

from workbench.cli.output import to_json
from workbench.data import Source, open_source
from workbench.data.agents.writing import assistant_message, tool_call, tool_result, user_message
from workbench.data.errors import Invalid, NotFound
from workbench.desk.audit import Audit
from workbench.desk.house import House, Known
from workbench.desk.looking import Looking
from workbench.desk.noun import HOUSE, Noun
from workbench.desk.nouns import nouns
from workbench.desk.reading import read_page
from workbench.desk.safe import SafeText

HOSTILE = "\x1b[2J\u202e[/foo]\u200b"
MOMENT = datetime.now(UTC) + timedelta(minutes=5)
ALL = pytest.mark.parametrize("noun", nouns().values(), ids=list(nouns()))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    where = str(tmp_path / "agents.db") if request.param == "sqlite" else request.getfixturevalue("postgres_dsn")
    open_source(where, create=True).close()
    with Place(request.param, where, where).open(name="prod") as opened:
        yield opened


@pytest.fixture
def house(tmp_path: Path) -> House:
    """The workbench's own home, with acts on record, and three sources that it knows."""
    home = tmp_path / "own"
    audit = Audit(home, f"ops {HOSTILE}")
    for text in ("plain", HOSTILE, f"token {SECRET}"):
        with audit.intent(source="prod", verb="delete", noun="memory", keys=[HOSTILE], reason=text) as act:
            act.outcome("deleted", error=text, more={"trash": "0" * 32, "note": text})
    known = [Known(name, where=f"/srv/{HOSTILE}", error=HOSTILE) for name in ("plain", "other", "third")]
    return House(home, "ops", lambda: known)


def room(noun: Noun, source: Source, house: House) -> Any:
    """Where a noun is: in the source, or in the house."""
    return house if noun.where == HOUSE else source


def fill(source: Source) -> None:
    """Something of every noun, some of it with the worst of texts in it."""
    for number, text in enumerate(("plain", HOSTILE, f"token {SECRET}")):
        key = ("genie", f"user-{number}", f"session-{number}")
        source.sessions.create_session(key, {"mood": text.encode(), "app:theme": b"dark", "raw": b"\xff\x00"})
        call = tool_call(f"call-{number}", "run_shell", {"command": text})
        source.sessions.append_event(key, user_message(f"please do {text}"))
        source.sessions.append_event(key, assistant_message("I shall", tool_calls=[call]))
        source.sessions.append_event(key, tool_result(f"call-{number}", "run_shell", f"did {text}"))
        source.memories.add_memory(("genie", f"user-{number}"), f"likes {text}", [text])
        source.short_memory.set("seen", f"message-{number}", text, 3600 if number else -60)
        source.approvals.create(tool_name="run_shell", args=json.dumps({"command": text}), question=text)
        source.clarifications.ask(f"May I {text}?", context=text)


def detail_text(noun: Noun, source: Source, record: Any, **options: Any) -> str:
    detail = noun.detail(source, record, Looking("prod", MOMENT, **options))
    assert detail.kind == noun.id or (noun.id == "inbox" and detail.kind in ("approval", "question"))
    assert detail.key[0] == "prod"
    for line in detail.lines:
        assert isinstance(line.label, SafeText) and all(isinstance(text, SafeText) for text, _ in line.pieces)
    return "\n".join("".join([line.label, " ", *(text for text, _ in line.pieces)]) for line in detail.lines)


@ALL
def test_what_is_listed_is_found_by_its_id_and_shown(source: Source, house: House, noun: Noun) -> None:
    fill(source)
    source = room(noun, source, house)
    page = read_page(noun, source, noun.ask())
    assert len(page) >= 3 and page.next is None and not page.damage
    for record in page:
        key = noun.key(record)
        assert all(isinstance(part, str) for part in key)
        assert key in list(noun.find(source, key[-1]))
        again = noun.get(source, key)
        assert noun.key(again) == key
        assert detail_text(noun, source, again)
        told = json.loads(to_json(noun.data(again)))
        assert "stored" not in told and told
        cells = {column.id: column.cell(record, MOMENT) for column in noun.columns}
        assert all(isinstance(cell, SafeText) and cell for cell in cells.values()), cells
        for column in noun.columns:
            if column.tone or noun.tone:
                assert isinstance((column.tone or noun.tone)(record, MOMENT), str)  # type: ignore[misc]


@ALL
def test_pages_follow_each_other_without_a_gap(source: Source, house: House, noun: Noun) -> None:
    fill(source)
    source = room(noun, source, house)
    whole = [noun.key(record) for record in read_page(noun, source, noun.ask())]
    ask, walked = noun.ask(limit=1), []
    while True:
        page = read_page(noun, source, ask)
        walked += [noun.key(record) for record in page]
        if page.next is None:
            break
        ask = ask.from_(page.next)
    assert walked == whole and len(set(walked)) == len(walked)


@ALL
def test_words_are_looked_for_in_what_a_row_says(source: Source, house: House, noun: Noun) -> None:
    fill(source)
    source = room(noun, source, house)
    word = {"session": "SESSION-2", "short-memory": "Message-2"}.get(noun.id, "plain")
    found = [noun.key(record) for record in read_page(noun, source, noun.ask(word))]
    everything = [noun.key(record) for record in read_page(noun, source, noun.ask())]
    assert 0 < len(found) < len(everything)
    assert found == [key for key in everything if word.casefold() in noun.says(noun.get(source, key)).casefold()]
    assert not read_page(noun, source, noun.ask('"nobody ever said this"'))
    # One hit a page, and the places between them are not lost.
    ask, walked = noun.ask(word, limit=1), []
    while (page := read_page(noun, source, ask)) or page.next:
        walked += [noun.key(record) for record in page]
        if page.next is None:
            break
        ask = ask.from_(page.next)
    assert walked == found


def test_the_store_filters_by_its_own_names(source: Source) -> None:
    fill(source)
    each = nouns()
    read = lambda noun, filter: [each[noun].key(r)[-1] for r in read_page(each[noun], source, each[noun].ask(filter))]  # noqa: E731
    assert read("session", "user=user-1") == ["session-1"]
    assert read("session", "app=nobody") == []
    assert read("memory", "app=genie user=user-0 plain") != []
    assert read("short-memory", "state=expired") == ["message-0"]
    assert sorted(read("short-memory", "type=seen state=live")) == ["message-1", "message-2"]
    assert len(read("event", "session=session-1")) == 3
    assert len(read("approval", "status=pending tool=run_shell")) == 3
    assert read("question", "status=answered") == []


def test_a_wrong_filter_is_one_sentence(source: Source) -> None:
    each = nouns()
    for noun, filter, words in (
        ("session", "ap=x", 'sessions are not filtered by "ap": use app, user, or words in quotes'),
        ("session", "app=a app=b", 'the filter names "app" twice: keep one'),
        ("session", '"open', "has a quote that is not closed"),
    ):
        with pytest.raises(Invalid) as caught:
            each[noun].ask(filter)
        assert words in str(caught.value)
    with pytest.raises(Invalid, match="state=live or state=expired"):
        read_page(each["short-memory"], source, each["short-memory"].ask("state=old"))
    with pytest.raises(NotFound, match="no session has an id"):
        read_page(each["event"], source, each["event"].ask("session=nobody"))


def test_a_key_that_is_gone_is_not_found(source: Source, house: House) -> None:
    for noun in nouns().values():
        where = room(noun, source, house)
        key = (
            ("1",)
            if noun.id == "event"
            else tuple("nobody" for _ in range({"session": 3, "memory": 3}.get(noun.id, 1)))
        )
        if noun.id in ("short-memory", "inbox"):
            key = ("approval", "nobody")
        with pytest.raises(NotFound):
            noun.get(where, key)
        assert not noun.find(where, key[-1])


def test_a_session_is_a_conversation_in_which_results_stand_with_their_calls(source: Source) -> None:
    fill(source)
    noun = nouns()["session"]
    row = noun.get(source, ("genie", "user-0", "session-0"))
    text = detail_text(noun, source, row)
    lines = [line.strip() for line in text.splitlines()]
    said = lines.index("please do plain")
    assert lines[said + 2 :][:3] == ["I shall", '→ run_shell {"command":"plain"}', "← did plain"]
    assert "run_shell" not in "".join(lines[said + 5 :])  # the event that brought the result has no lines of its own
    unfolded = detail_text(noun, source, row, folded=False)
    assert '"command": "plain"' in unfolded
    state = detail_text(noun, source, row, part="state")
    assert "mood" in state and "plain" in state and "app:theme" in state and "2 bytes: ff 00" in state
    assert "no summaries" in detail_text(noun, source, row, part="summaries")
    raw = detail_text(noun, source, row, part="raw")
    assert '"invocationId"' in raw and raw.count('"choices"') == 3
    newest = detail_text(noun, source, row, newest=1)
    assert "older events are not shown" in newest and "please do" not in newest


def test_secrets_are_masked_everywhere_until_they_are_revealed(source: Source, house: House) -> None:
    fill(source)
    for noun in nouns().values():
        where = room(noun, source, house)
        for record in read_page(noun, where, noun.ask()):
            for part in noun.parts or ("",):
                assert SECRET not in detail_text(noun, where, record, part=part, folded=False)
            assert all(SECRET not in column.cell(record, MOMENT) for column in noun.columns)
    memory = next(r for r in read_page(nouns()["memory"], source, nouns()["memory"].ask()) if SECRET in r.content)
    assert SECRET in detail_text(nouns()["memory"], source, memory, reveal=memory)
