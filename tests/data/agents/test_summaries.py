"""Summaries: made by a function of the caller, at once or in the background."""

import json
import logging
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from servers import until
from support.agents import Place

from workbench.data import Source, open_source
from workbench.data.agents.sessions import Session, SessionKey, Summary, topics_of
from workbench.data.agents.summary_jobs import MOST, PATIENCE
from workbench.data.agents.writing import assistant_message, user_message
from workbench.data.engine.page import Damaged
from workbench.data.errors import Corrupt, Invalid, NotFound, Unavailable, Unsupported

KEY = SessionKey("genie", "root", "s1")


def count(session: Session) -> str:
    return f"{len(session.events)} events"


@pytest.fixture
def begun(source: Source) -> Source:
    source.sessions.create_session(KEY, {"app:theme": b"dark"})
    source.sessions.append_event(KEY, user_message("hello"))
    return source


def test_a_summary_is_made_and_read(begun: Source, place: Place) -> None:
    seen: list[Session] = []

    def summarize(session: Session) -> Summary:
        seen.append(session)
        return Summary("größer", ["ops", "Übung"])

    sessions = begun.sessions.configured(summarizer=summarize)
    assert sessions.get_session_summary_text(KEY) is None
    assert sessions.create_session_summary(KEY) is True
    assert sessions.get_session_summary_text(KEY) == "größer"
    assert seen == [begun.sessions.get_session(KEY)]
    (row,) = sessions.list_summaries(KEY)
    assert (row.filter_key, row.summary, row.topics) == ("", "größer", '["ops","Übung"]')
    assert topics_of(row) == ("ops", "Übung") and row.updated_at == seen[0].events[-1].created_at
    assert place.rows("SELECT filter_key, topics FROM session_summaries") == [("", '["ops","Übung"]')]


def test_it_is_made_anew_only_when_events_came_later(begun: Source) -> None:
    sessions = begun.sessions.configured(summarizer=count)
    session = sessions.get_session(KEY)
    assert session is not None
    assert sessions.create_session_summary(session) is True
    assert sessions.create_session_summary(session) is False
    assert sessions.create_session_summary(session, force=True) is True
    until(lambda: sessions.append_event(KEY, user_message("more")).created_at > session.events[-1].created_at)
    assert sessions.create_session_summary(session) is True  # as it stands in the database, not as it was read
    assert sessions.get_session_summary_text(session) == f"{len(sessions.events(KEY))} events"


def test_a_branch_is_what_has_its_key_or_lies_below(begun: Source) -> None:
    sessions = begun.sessions.configured(summarizer=count)
    for key in ("genie", "genie/sub", "genie/sub/x", "genius", "other", ""):
        sessions.append_event(KEY, assistant_message("x", filter_key=key))
    for key, text in (("genie", "3 events"), ("genie/sub", "2 events"), ("other", "1 events"), ("", "7 events")):
        assert sessions.create_session_summary(KEY, key) is True
        assert sessions.get_session_summary_text(KEY, key) == text
    assert sessions.create_session_summary(KEY, "unknown", force=True) is False
    assert sessions.get_session_summary_text(KEY, "unknown") is None
    assert [row.filter_key for row in sessions.list_summaries(KEY)] == ["", "genie", "genie/sub", "other"]
    sessions.append_event(KEY, assistant_message("x", filter_key="other"))
    assert sessions.create_session_summary(KEY, "genie") is False  # nothing new in that branch
    assert sessions.create_session_summary(KEY, "other") is True


def test_a_summarizer_may_have_nothing_to_say(begun: Source) -> None:
    for answer in (None, "", Summary("")):
        sessions = begun.sessions.configured(summarizer=lambda session, answer=answer: answer)
        assert sessions.create_session_summary(KEY) is False
    begun.sessions.create_session(("genie", "root", "empty"))
    sessions = begun.sessions.configured(summarizer=count)
    assert sessions.create_session_summary(("genie", "root", "empty")) is False
    assert list(begun.sessions.list_summaries(KEY)) == []


def test_a_wrong_answer_is_refused_and_nothing_is_written(begun: Source) -> None:
    topics: list[Any] = ["ops", [1], ["\ud800"]]
    wrong: list[Any] = [5, b"x", "nul \0", *(Summary("x", each) for each in topics)]
    for answer in wrong:
        sessions = begun.sessions.configured(summarizer=lambda session, answer=answer: answer)
        with pytest.raises(Invalid):
            sessions.create_session_summary(KEY)
    assert list(begun.sessions.list_summaries(KEY)) == []


def test_what_is_missing_is_said(begun: Source) -> None:
    for call in (begun.sessions.create_session_summary, begun.sessions.enqueue_summary_job):
        with pytest.raises(Unsupported, match="configured"):
            call(KEY)
    sessions = begun.sessions.configured(summarizer=count)
    with pytest.raises(NotFound, match="genie / root / unknown"):
        sessions.create_session_summary(("genie", "root", "unknown"))
    with pytest.raises(Invalid):
        sessions.create_session_summary(KEY, None)
    with pytest.raises(Invalid):
        sessions.configured(summarizer="text")


def test_a_session_deleted_meanwhile_gets_no_summary(begun: Source) -> None:
    def summarize(session: Session) -> str:
        assert begun.sessions.delete_session(session)
        return "late"

    with pytest.raises(NotFound):
        begun.sessions.configured(summarizer=summarize).create_session_summary(KEY)
    assert list(begun.sessions.list_summaries(KEY)) == []


def test_what_a_summary_covers_is_compared_as_instants(theirs: Place) -> None:
    """Its time is in UTC and theirs are local: as texts, every event would be older."""
    with theirs.open() as local:
        sessions = local.sessions.configured(summarizer=count)
        assert sessions.create_session_summary(KEY) is True
        (text,) = theirs.rows("SELECT updated_at FROM session_summaries")[0]
        assert text == "2026-11-20 06:44:01.500894 +0000 UTC"
        assert sessions.create_session_summary(KEY) is False
        sessions.append_event(KEY, user_message("more"))
        (stored,) = theirs.rows("SELECT max(created_at) FROM session_events WHERE id > 3")[0]
        assert stored.endswith(" -0500 EST")
        assert sessions.create_session_summary(KEY) is True
        assert sessions.get_session_summary_text(KEY) == "4 events"


def test_topics_in_any_form(begun: Source, place: Place) -> None:
    for number, text in enumerate(("[]", "null", '["a"]', "nope", '{"a":1}', "[1]", "")):
        place.run(
            "INSERT INTO session_summaries (app_name, user_id, session_id, filter_key, summary, topics, updated_at) "
            f"VALUES ('genie', 'root', 's1', '{number}', 'x', '{text}', '2026-11-20 12:00:00+00:00')"
        )
    found = [topics_of(row) for row in begun.sessions.list_summaries(KEY)]
    assert found[:3] == [(), (), ("a",)]
    assert all(isinstance(each, Damaged) for each in found[3:])


def test_a_summary_that_cannot_be_read_says_so(theirs: Place) -> None:
    theirs.run(
        "INSERT INTO session_summaries (app_name, user_id, session_id, filter_key, summary, updated_at) "
        "VALUES ('genie', 'root', 's1', '', x'ff00', '2026-11-20 12:00:00 +0000 UTC')"
    )
    with theirs.open(read_only=True) as local:
        with pytest.raises(Corrupt, match="UTF-8"):
            local.sessions.get_session_summary_text(KEY)
        assert len(local.sessions.list_summaries(KEY)) == 1


# -- in the background ---------------------------------------------------------------------------------------------


def test_a_job_is_done_in_the_background(begun: Source) -> None:
    threads: list[str] = []

    def summarize(session: Session) -> str:
        threads.append(threading.current_thread().name)
        return count(session)

    sessions = begun.sessions.configured(summarizer=summarize)
    assert sessions.enqueue_summary_job(KEY) is True
    until(lambda: sessions.get_session_summary_text(KEY) == "1 events", what="the summary")
    assert threads == ["workbench-summaries"]


def test_equal_jobs_wait_once_and_force_is_not_lost(begun: Source) -> None:
    go, seen = threading.Event(), []

    def summarize(session: Session) -> str:
        seen.append(session.session_id)
        assert go.wait(20)
        return "x"

    sessions = begun.sessions.configured(summarizer=summarize)
    other = SessionKey("genie", "root", "s2")
    sessions.create_session(other)
    sessions.append_event(other, user_message("hello"))
    assert sessions.enqueue_summary_job(KEY)
    until(lambda: seen == ["s1"])
    assert sessions.enqueue_summary_job(other) is True
    assert sessions.enqueue_summary_job(other) is False
    assert sessions.enqueue_summary_job(KEY, force=False) is True  # the one being made is not waiting any more
    assert sessions.enqueue_summary_job(KEY, force=True) is False
    go.set()
    until(lambda: seen == ["s1", "s2", "s1"], what="the job that was to be forced")


@pytest.mark.parametrize("error", [ValueError("no model"), SystemExit(3)])
def test_a_summarizer_that_fails_is_logged_and_the_next_job_is_done(
    begun: Source, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    def fail(session: Session) -> str:
        raise error

    with caplog.at_level(logging.ERROR):
        assert begun.sessions.configured(summarizer=fail).enqueue_summary_job(KEY)
        assert begun.sessions.configured(summarizer=count).enqueue_summary_job(KEY)
        until(lambda: begun.sessions.get_session_summary_text(KEY) == "1 events")
    (record,) = caplog.records
    assert "genie / root / s1" in record.getMessage() and record.exc_info is not None


def test_closing_drops_what_waits_and_never_waits_long(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    go, running = threading.Event(), threading.Event()

    def summarize(session: Session) -> str:
        running.set()
        go.wait(30)
        return "late"

    source = place.open()
    sessions = source.sessions.configured(summarizer=summarize)
    for name in ("a", "b"):
        sessions.create_session(("genie", "root", name))
        sessions.append_event(("genie", "root", name), user_message("hello"))
        sessions.enqueue_summary_job(("genie", "root", name))
    assert running.wait(20)
    begin = monotonic()
    source.close()
    assert monotonic() - begin < PATIENCE + 8
    assert "1 summaries waited" in caplog.text
    with pytest.raises(Unavailable):
        sessions.enqueue_summary_job(("genie", "root", "b"))
    go.set()
    until(lambda: not any(thread.name == "workbench-summaries" for thread in threading.enumerate()))
    with place.open() as later:
        for name in ("a", "b"):
            assert later.sessions.get_session_summary_text(("genie", "root", name)) is None


def test_a_summary_that_is_quick_is_finished_before_the_source_closes(place: Place) -> None:
    running = threading.Event()

    def summarize(session: Session) -> str:
        running.set()
        return count(session)

    with place.open() as source:
        source.sessions.create_session(KEY)
        source.sessions.append_event(KEY, user_message("hello"))
        source.sessions.configured(summarizer=summarize).enqueue_summary_job(KEY)
        assert running.wait(20)
    with place.open() as later:
        assert later.sessions.get_session_summary_text(KEY) == "1 events"


def test_no_more_than_so_many_jobs_wait(begun: Source) -> None:
    go = threading.Event()
    sessions = begun.sessions.configured(summarizer=lambda session: "x" if go.wait(20) else None)
    try:
        with pytest.raises(Unavailable, match="wait to be made"):
            for number in range(MOST + 2):
                sessions.enqueue_summary_job(KEY, str(number) if number else "")
    finally:
        go.set()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork_the_jobs_stay_with_the_parent(begun: Source) -> None:
    go, running = threading.Event(), threading.Event()

    def summarize(session: Session) -> str:
        running.set()
        go.wait(20)
        return "by the parent"

    sessions = begun.sessions.configured(summarizer=summarize)
    sessions.enqueue_summary_job(KEY)
    assert running.wait(20)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            sessions.enqueue_summary_job(KEY, "x")
        except Unavailable:
            sessions._jobs.stop()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    go.set()
    until(lambda: begun.sessions.get_session_summary_text(KEY) == "by the parent")


def test_an_event_of_unknown_time_does_not_ask_for_a_new_summary_for_ever(theirs: Place) -> None:
    theirs.run("UPDATE session_events SET created_at = 'zzz' WHERE id = 2")
    with theirs.open() as local:
        sessions = local.sessions.configured(summarizer=count)
        assert sessions.create_session_summary(KEY) is True and sessions.create_session_summary(KEY) is False
        session = sessions.get_session(KEY, after=datetime.now(UTC) + timedelta(days=1))
        assert session is not None and [event.id for event in session.events] == [2]
        assert json.loads(session.events[0].event_data)["object"] == "chat.completion"


def test_a_source_may_be_closed_the_moment_a_job_is_done(tmp_path: Path) -> None:
    """The worker closes its own connection when it ends, and that must be over before all others are closed."""
    path = tmp_path / "agents.db"
    with open_source(path, create=True) as source:
        source.sessions.create_session(KEY)
        source.sessions.append_event(KEY, user_message("hello"))
    for number in range(60):
        with open_source(path) as source:
            sessions = source.sessions.configured(summarizer=lambda session, number=number: str(number))
            for filter_key in ("", "a", ""):
                sessions.enqueue_summary_job(KEY, filter_key, force=True)
            until(lambda number=number: source.sessions.get_session_summary_text(KEY) == str(number))
