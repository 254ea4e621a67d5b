"""Deeds on both engines: counted without a change, done, refused where what was shown is no more, and undone."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.agents import Place

from workbench.data import Source
from workbench.data.agents.writing import user_message
from workbench.data.errors import Conflict, Invalid
from workbench.desk.audit import Audit
from workbench.desk.nouns import deeds, nouns
from workbench.desk.trash import Trash
from workbench.desk.trash_undo import undo
from workbench.desk.verb import Doing, Done, Verb

KEY = ("genie", "ann", "s-1")
OWNER = ("genie", "ann")


@pytest.fixture
def source(place: Place) -> Iterator[Source]:
    with place.open(name="prod") as opened:
        opened.sessions.create_session(KEY, {"mood": b"calm", "bytes": b"\xff\x00", "app:theme": b"dark"})
        opened.sessions.create_session(("genie", "bob", "s-2"), {"mood": b"wild"})
        for key in (KEY, ("genie", "bob", "s-2")):
            for number in range(3):
                opened.sessions.append_event(key, user_message(f"line {number}"))
        for user in ("ann", "bob"):
            opened.memories.add_memory(("genie", user), "likes tea", ["taste"])
            opened.memories.add_memory(("genie", user), "likes short answers")
        opened.short_memory.set("seen", "m-1", "1", 3600)
        opened.short_memory.set("seen", "m-2", "2", -60)
        opened.short_memory.set("seen", "m-3", "3", -60)
        yield opened


def everything(place: Place) -> dict[str, list[Any]]:
    tables = ("sessions", "session_events", "session_states", "app_states", "memories", "short_memories")
    return {table: sorted(place.rows(f"SELECT * FROM {table}"), key=repr) for table in tables}


def doing(noun: str, deed: str, source: Source, trash: Trash, at: tuple[str, ...] = (), /, **options: Any) -> Any:
    record = nouns()[noun].get(source, at) if at else None
    found, made = deeds()[noun, deed], Doing(record, {**options, "deed": deed}, "ops", trash)
    return found, replace(made, shown=found.look(source, made)) if found.look else made


def done(found: tuple[Verb, Doing], source: Source) -> Done:
    return found[0].run(source, found[1])


CASES: dict[str, tuple[tuple[str, str], tuple[str, ...], dict[str, Any], Mapping[str, int]]] = {
    "session": (("session", "delete"), KEY, {}, {"sessions": 1, "events": 3}),
    "state": (("session", "unset"), KEY, {"key": "bytes"}, {"values": 1}),
    "user": (("memory", "forget"), (), {"app": "genie", "user": "ann"}, {"memories": 2}),
    "short": (("short-memory", "delete"), ("seen", "m-1"), {}, {"rows": 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_deleted_can_be_put_back_as_it_was(
    source: Source, place: Place, trash: Trash, tmp_path: Path, case: str
) -> None:
    (noun, deed), key, options, counts = CASES[case]
    before = everything(place)
    found = doing(noun, deed, source, trash, key, **options)
    assert dict(found[0].preview(source, found[1])) == counts and everything(place) == before
    result = done(found, source)
    gone = everything(place)
    assert result.entry is not None and gone != before
    kept = {table: [row for row in rows if row in before[table]] for table, rows in gone.items()}
    assert kept == gone  # nothing else was changed
    if found[0].sweep:
        assert done(found, source).entry is None
    else:
        with pytest.raises((Conflict, Invalid)):
            done(found, source)
    undo(source, trash.get(result.entry), trash, Audit(tmp_path / "home", "ops"))
    assert everything(place) == before


def test_a_memory_that_has_changed_since_it_was_shown_is_not_deleted_nor_edited(
    source: Source, place: Place, trash: Trash
) -> None:
    memory = next(iter(source.memories.read_memories(OWNER)))
    for deed, options in (("delete", {}), ("edit", {"content": "mine"})):
        found = doing("memory", deed, source, trash, memory.key, **options)
        source.memories.update_memory(memory.key, f"theirs {deed}", [])
        before = everything(place)
        with pytest.raises(Conflict):
            done(found, source)
        assert everything(place) == before
    assert not trash.list()


def test_a_memory_is_edited_and_deleted(source: Source, trash: Trash) -> None:
    memory = next(each for each in source.memories.read_memories(OWNER) if each.topics)
    done(doing("memory", "edit", source, trash, memory.key, content="likes coffee"), source)
    changed = source.memories.get_memory(memory.key)
    assert (changed.content, changed.topics, changed.created_at) == ("likes coffee", ("taste",), memory.created_at)
    done(doing("memory", "edit", source, trash, memory.key, topic=("drinks", "habits")), source)
    assert source.memories.get_memory(memory.key).topics == ("drinks", "habits")
    with pytest.raises(Invalid, match="nothing to change"):
        done(doing("memory", "edit", source, trash, memory.key), source)
    result = done(doing("memory", "delete", source, trash, memory.key), source)
    assert result.words == f"deleted: memory {memory.id}" and len(source.memories.read_memories(OWNER)) == 1


def test_a_value_of_a_session_is_set_and_removed(source: Source, trash: Trash) -> None:
    done(doing("session", "set", source, trash, KEY, key="mood", value="busy ☕"), source)
    done(doing("session", "set", source, trash, KEY, key="new", value=""), source)
    state = source.sessions.get_session(KEY, events=False).state
    assert (state["mood"], state["new"], state["app:theme"]) == ("busy ☕".encode(), b"", b"dark")
    with pytest.raises(Invalid):
        done(doing("session", "set", source, trash, KEY, key="app:theme", value="light"), source)
    with pytest.raises(Invalid, match="has no 'nothing'"):
        done(doing("session", "unset", source, trash, KEY, key="nothing"), source)


def test_a_value_that_has_changed_since_it_was_read_stays(source: Source, place: Place, trash: Trash) -> None:
    for deed, options in (("set", {"key": "mood", "value": "mine"}), ("unset", {"key": "mood"})):
        found = doing("session", deed, source, trash, KEY, **options)
        source.sessions.update_session_state(KEY, {"mood": f"theirs {deed}".encode()})
        with pytest.raises(Conflict, match="has changed since it was read"):
            done(found, source)
        assert source.sessions.get_session(KEY, events=False).state["mood"] == f"theirs {deed}".encode()
    fresh = doing("session", "set", source, trash, KEY, key="new", value="mine")
    source.sessions.update_session_state(KEY, {"new": b"theirs"})
    with pytest.raises(Conflict):
        done(fresh, source)
    assert not trash.list()


def test_only_what_has_expired_is_purged(source: Source, trash: Trash) -> None:
    found = doing("short-memory", "purge", source, trash, expired=True)
    assert found[0].preview(source, found[1]) == {"values": 2}
    assert done(found, source).counts == {"values": 2}
    assert [row.key for row in source.short_memory.list()] == ["m-1"]


def test_old_events_are_purged_and_young_ones_stay(source: Source, trash: Trash) -> None:
    found = doing("event", "purge", source, trash, older_than="1d")
    assert found[0].preview(source, found[1]) == {"events": 0} and done(found, source).counts == {"events": 0}
    for wrong in ("1", "d", "-1d", "1w", "1.5d", "0d", "999999d"):
        with pytest.raises(Invalid, match="is no age"):
            done(doing("event", "purge", source, trash, older_than=wrong), source)
    assert source.sessions.count_events(KEY) == 3


def test_each_deed_belongs_to_a_noun_and_says_what_it_does() -> None:
    assert deeds()
    for (noun, id), deed in deeds().items():
        assert noun in nouns() and deed.id == id and deed.title and deed.words.endswith(".")
        assert all(option.words.endswith(".") for option in deed.options)
