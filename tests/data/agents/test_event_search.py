"""Finding a text in events: what matches, on every engine alike; how a search is bounded, goes on and stops."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import until
from support.agents import Place
from support.events import ALL, answered, called, put, said, written
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.agents.event_search import places, search_events
from workbench.data.agents.events import read_events
from workbench.data.engine.page import Cursor, Damaged, every
from workbench.data.errors import Invalid, Unavailable


def user_says(text: str, **keys: Any) -> str:
    return written(choices=said({"role": "user", "content": text}), author="user", **keys)


def found(source: Source, wanted: str, **options: Any) -> list[tuple[int, str]]:
    return [(hit.id, hit.place) for hit in search_events(source, wanted, **options)]


def test_it_looks_wherever_people_read(source: Source) -> None:
    put(source, user_says("the word is heron"))
    put(source, written(choices=said({"role": "assistant", "reasoning_content": "think of an ibis"})))
    put(source, called(("c1", "find_stork"), arguments='{"bird":"egret"}'))
    put(source, answered(("c1", "find_stork", "a crane at the pond")))
    put(source, written(error={"message": "no gull", "type": "tern_error", "code": "auk"}))
    put(source, written(author="puffin"))
    assert found(source, "heron") == [(1, "text")]
    assert found(source, "ibis") == [(2, "reasoning")]
    assert found(source, "egret") == [(3, "arguments")]
    assert found(source, "stork") == [(4, "tool"), (3, "tool")]
    assert found(source, "crane") == [(4, "result")]
    assert found(source, "gull") == found(source, "tern") == found(source, "auk") == [(5, "error")]
    assert found(source, "puffin") == [(6, "author")]


def test_it_does_not_find_what_nobody_reads(source: Source) -> None:
    image = {"type": "image", "image": {"data": "iVBORw0Kheron", "format": "png"}}
    put(source, written(choices=said({"role": "user", "content_parts": [image]}), usage={"total_tokens": 4711}))
    for wanted in ("role", '"', "total_tokens", "4711", "iVBOR", "heron", "chat.completion", "image/png", "bytes"):
        assert found(source, wanted) == [], wanted


def test_a_hit_shows_what_stands_around_it(source: Source) -> None:
    put(source, user_says("x" * 50 + " before Here after " + "y" * 50))
    hit = search_events(source, "here")[0]
    assert (hit.place, hit.match) == ("text", "Here")
    assert hit.before.startswith("…x") and hit.before.endswith(" before ") and len(hit.before) == 41
    assert hit.after.startswith(" after y") and hit.after.endswith("y…") and len(hit.after) == 41
    assert hit.excerpt == hit.before + "Here" + hit.after
    assert (hit.event.author, hit.session, hit.created_at) == ("user", ("genie", "root", "s1"), hit.event.created_at)
    put(source, user_says("short"))
    assert search_events(source, "short")[0].excerpt == "short"


@pytest.mark.parametrize(
    "wanted",
    ["größer", "a < b && c > d", 'say "hi"', "one\ntwo", "back\\slash", "a/b", "tab\there", "🦩", "it's", "<", "ß"],
)
def test_it_reads_through_every_way_to_write_json(source: Source, wanted: str) -> None:
    text = f"so: {wanted}."
    plain = json.dumps(text, ensure_ascii=False)
    forms = [
        plain,
        json.dumps(text),
        plain.replace("<", "\\u003c").replace(">", "\\u003E").replace("&", "\\u0026").replace("/", "\\/"),
        '"' + "".join(f"\\u{unit:04x}" for unit in utf16(text)) + '"',
    ]
    for form in forms:
        put(
            source,
            written().replace('"choices": []', f'"choices": [{{"message": {{"role":"user","content":{form}}}}}]'),
        )
    put(source, user_says("so: nothing of the kind."))
    assert [number for number, _ in found(source, wanted)] == [4, 3, 2, 1]


def utf16(text: str) -> Iterator[int]:
    units = text.encode("utf-16-be")
    return (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))


def test_it_reads_the_json_within_arguments_and_results(source: Source) -> None:
    """Go escapes < and > in the arguments, which are JSON in a text in JSON."""
    put(source, called(("c1", "sql"), arguments='{"query":"created_at \\u003c now()","note":"gr\\u00f6\\u00dfer"}'))
    put(source, answered(("c1", "sql", '[{"line":"a \\"quoted\\" word"},7,null]')))
    put(source, answered(("c1", "sql", '{"broken \\"quoted')))
    assert found(source, "created_at < now()") == [(1, "arguments")]
    assert found(source, "created_at \\u003c now()") == [(1, "arguments")]
    assert found(source, "größer") == [(1, "arguments")]
    assert found(source, 'a "quoted" word') == [(2, "result")]
    assert found(source, "broken") == [(3, "result")]


def test_wildcards_and_patterns_are_literal(source: Source) -> None:
    for text in ("100% sure", "100 percent", "snake_case", "snakeXcase", "a.b[c]*", "aXb[c]", "50%_off"):
        put(source, user_says(text))
    assert [number for number, _ in found(source, "100%")] == [1]
    assert [number for number, _ in found(source, "e_c")] == [3]
    assert [number for number, _ in found(source, ".b[c]*")] == [5]
    assert [number for number, _ in found(source, "%_")] == [7]
    assert [number for number, _ in found(source, "%")] == [7, 1]


def test_the_case_of_ascii_letters_does_not_matter_and_that_of_others_does(source: Source) -> None:
    put(source, user_says("Restart the KUBERNETES pod in Äußern"))
    put(source, user_says("\u212aelvin and \u0130stanbul"))
    assert [number for number, _ in found(source, "kubernetes POD IN")] == [1]
    assert [number for number, _ in found(source, "Äußern")] == [number for number, _ in found(source, "ÄUßERN")] == [1]
    assert found(source, "äußern") == []
    assert found(source, "kelvin") == found(source, "istanbul") == []
    assert [number for number, _ in found(source, "ELVIN AND")] == [2]


def test_it_stays_in_a_session_or_with_an_application_or_user(source: Source) -> None:
    for app, user, session in [("a", "u", "1"), ("a", "u", "2"), ("a", "v", "1"), ("b", "u", "1")]:
        put(source, user_says("needle"), app, user, session)
    numbers = lambda **options: [number for number, _ in found(source, "needle", **options)]  # noqa: E731
    assert numbers() == [4, 3, 2, 1]
    assert numbers(key=("a", "u", "2")) == [2]
    assert numbers(app="a") == [3, 2, 1] and numbers(user="u") == [4, 2, 1] and numbers(app="a", user="u") == [2, 1]
    assert numbers(key=("a", "u", "1"), app="a") == [1]
    assert numbers(key=("nobody", "u", "1")) == numbers(app="c") == []
    with pytest.raises(Invalid, match="contradicts"):
        numbers(key=("a", "u", "1"), app="b")


def test_pages_follow_each_other_without_gap_or_double(source: Source) -> None:
    for number in range(23):
        put(source, user_says("even" if number % 2 else "odd"), session=f"s{number % 3}")
    everything = [number for number, _ in found(source, "even")]
    assert everything == list(range(22, 0, -2))
    for limit, look_at in [(1, 2000), (2, 2000), (5, 2000), (100, 1), (100, 3), (3, 4)]:
        pages = every(lambda after, n=limit, m=look_at: search_events(source, "even", limit=n, look_at=m, after=after))
        assert [hit.id for hit in pages] == everything, (limit, look_at)
    in_session = [
        hit.id
        for hit in every(lambda after: search_events(source, "even", key=("genie", "root", "s1"), limit=1, after=after))
    ]
    assert in_session == [number for number in everything if (number - 1) % 3 == 1]


def test_a_call_looks_at_so_many_rows_and_says_where_it_stopped(source: Source) -> None:
    put(source, user_says("the needle"))
    for _ in range(9):
        put(source, user_says("hay"))
    first = search_events(source, "needle", look_at=4)
    assert (len(first), first.next) == (0, Cursor((7,)))
    second = search_events(source, "needle", look_at=4, after=first.next)
    assert (len(second), second.next) == (0, Cursor((3,)))
    third = search_events(source, "needle", look_at=4, after=second.next)
    assert ([hit.id for hit in third], third.next) == ([1], None)


def test_events_written_meanwhile_do_not_move_a_search(source: Source) -> None:
    for _ in range(4):
        put(source, user_says("needle"))
    first = search_events(source, "needle", limit=2)
    put(source, user_says("needle"))
    assert [hit.id for hit in search_events(source, "needle", limit=2, after=first.next)] == [2, 1]


def test_what_cannot_be_read_is_searched_as_it_stands(source: Source) -> None:
    put(source, '{"choices":[{"message":{"content":"the hero')
    put(source, "null")
    put(source, '{"author":7,"choices":[{"message":{"role":"user","content":"hero"}}]}')
    assert found(source, "hero") == [(3, "text"), (1, "event_data")]
    assert found(source, "choices") == [(1, "event_data")]


def test_damaged_rows_are_found_and_named(theirs: Place) -> None:
    """SQLite alone holds such rows: bytes, NUL, texts that are no UTF-8, times that are none."""
    theirs.run("DELETE FROM session_events")
    as_hex = user_says("the heron").encode().hex()
    wrong = b'{"author":"heron \xff'.hex()
    nul = b'{"a":"\0heron'.hex()
    for number, (value, moment) in enumerate(
        [
            (f"x'{as_hex}'", "2026-11-20 12:00:00 +0000 UTC"),
            (f"CAST(x'{as_hex}' AS TEXT)", "zzz"),
            (f"x'{wrong}'", "2026-11-20 12:00:00 +0000 UTC"),
            (f"CAST(x'{wrong}' AS TEXT)", "2026-11-20 12:00:00 +0000 UTC"),
            (f"CAST(x'{nul}' AS TEXT)", "2026-11-20 12:00:00 +0000 UTC"),
        ],
        1,
    ):
        theirs.run(f"INSERT INTO session_events VALUES ({number}, 'a', 'u', 's', {value}, '{moment}')")
    with theirs.open() as source:
        page = search_events(source, "heron")
        assert [hit.id for hit in page] == [5, 4, 3, 2, 1]
        assert [hit.place for hit in page] == ["event_data", "event_data", "event_data", "text", "text"]
        assert isinstance(page[3].created_at, Damaged)
        named = [((3,), "event_data"), ((2,), "created_at")]
        assert [(damage.key, damage.column) for damage in page.damage] == named
        after, one_by_one = None, []
        for _ in page:
            one = search_events(source, "heron", limit=1, after=after)
            one_by_one += [(damage.key, damage.column) for damage in one.damage]
            after = one.next
        assert one_by_one == named


@pytest.mark.parametrize("wanted", ["", None, 5])
def test_there_must_be_something_to_look_for(source: Source, wanted: Any) -> None:
    with pytest.raises(Invalid, match="nothing to look for"):
        search_events(source, wanted)


def test_a_page_has_rows_and_a_cursor_is_the_searchs_own(source: Source) -> None:
    for options in ({"limit": 0}, {"limit": -1}, {"look_at": 0}):
        with pytest.raises(Invalid, match="ask for one at least"):
            search_events(source, "x", **options)  # type: ignore[arg-type]
    for cursor in (Cursor((1,), backwards=True), Cursor(("a",)), Cursor((1, 2))):
        with pytest.raises(Invalid, match="newest event to the oldest"):
            search_events(source, "x", after=cursor)


def test_a_search_can_be_interrupted_and_the_next_one_works(source: Source) -> None:
    for _ in range(30):
        put(source, user_says("needle"))
    ended: list[BaseException] = []

    def search_on_and_on() -> None:
        try:
            while True:
                search_events(source, "nothing like it")
        except Unavailable as error:
            ended.append(error)

    searching = threading.Thread(target=search_on_and_on, daemon=True)
    searching.start()
    until(lambda: source.database.interrupt() or ended, what="the search to be interrupted")
    searching.join(20)
    assert not searching.is_alive()
    assert len(until(lambda: _hits(source), what="the next search")) == 30


def _hits(source: Source) -> Any:
    try:
        return search_events(source, "needle")
    except Unavailable:  # the interruption came late
        return None


NEEDLES = [
    "restart",
    "RUN_SHELL",
    "<",
    "größer",
    "interval '90 days'",
    "flow_error",
    "%",
    "\n",
    '"',
    "e",
    "Покажи",
    "[red]",
]


def compare_with_reading_everything(source: Source) -> None:
    events = read_events(source.database.all(ALL))[::-1]
    for wanted in NEEDLES:
        lower = ascii_lower(wanted)
        expected = [e.id for e in events if any(lower in ascii_lower(words) for _, words in places(e))]
        pages = every(lambda after, text=wanted: search_events(source, text, after=after))
        assert [hit.id for hit in pages] == expected, wanted
        assert expected or wanted == "%", wanted


def ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def test_on_the_fleet_the_database_leaves_out_nothing_that_matches(tmp_path: Path) -> None:
    with open_source(copied("agents/genie_fleet.db", tmp_path), read_only=True) as source:
        compare_with_reading_everything(source)


@pytest.mark.postgres
def test_on_the_fleet_of_a_server_neither(restored: Callable[[Path], str]) -> None:
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz")), read_only=True) as source:
        compare_with_reading_everything(source)


def test_the_sessions_store_searches(tmp_path: Path) -> None:
    with open_source(copied("agents/genie_fleet.db", tmp_path), read_only=True) as source:
        page = source.sessions.search("kubectl", limit=5)
        assert len(page) == 5 and all(hit.match.lower() == "kubectl" for hit in page)
        key = (page[0].session[0], page[0].session[1], page[0].session[2])
        assert {hit.session for hit in source.sessions.search("kubectl", key=key, limit=5)} == {page[0].session}
