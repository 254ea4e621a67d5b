"""`approve`, `reject`, `send-back`, `answer` and `dismiss` by the real program, on both engines."""

from __future__ import annotations

import re
import resource
from datetime import UTC, datetime, timedelta

import pytest

from workbench.desk.verbs import VERBS

FILE = pytest.mark.parametrize("agents", ["sqlite"], indirect=True)  # where the engine plays no part


def test_each_verb_does_what_it_says(workbench, agents) -> None:
    file = agents.file
    first, second, third, fourth = (agents.held(f"tool_{n}") for n in range(4))
    told, left = agents.asked("Which region?"), agents.asked("Still there?")
    run = workbench.deciding("approve", first, changing=file)
    assert (run.code, run.out, run.err) == (0, f"approved: tool_0 {first[:8]}\n", "")
    assert agents.approval(first) == ("approved", "ops@bastion", "")
    run = workbench.deciding("reject", second, "--reason", "not on a Friday", changing=file)
    assert (run.code, run.out) == (0, f"rejected: tool_1 {second[:8]}\n")
    assert agents.approval(second) == ("rejected", "ops@bastion", "not on a Friday")
    run = workbench.deciding("send-back", third, "--reason", "use the staging host", changing=file)
    assert (run.code, run.out) == (0, f"sent back: tool_2 {third[:8]}\n")
    assert agents.approval(third) == ("rejected", "ops@bastion", "use the staging host")
    run = workbench.deciding("answer", told, "--text", "eu-west: 西\nnot us", changing=file)
    assert run.code == 0 and run.out.startswith("answered: Which region?")
    assert agents.question(told) == ("answered", "eu-west: 西\nnot us")
    run = workbench.deciding("dismiss", fourth, left, changing=file)
    assert run.code == 0 and len(run.out.splitlines()) == 2
    assert agents.approval(fourth) == ("expired", "ops@bastion", "Dismissed: nobody was waiting")
    assert agents.question(left) == ("expired", "")
    run = workbench("inbox", "--json")
    assert (run.code, run.rows) == (0, [])


@FILE
def test_a_rejection_needs_no_reason(workbench, agents) -> None:
    id = agents.held()
    assert workbench.deciding("reject", id, changing=agents.file).code == 0
    assert agents.approval(id) == ("rejected", "ops@bastion", "")


@pytest.mark.parametrize("agents", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_disk_that_fills_up_during_a_decision_is_told_and_the_decision_stands(workbench, agents) -> None:
    first, second, third = agents.held("deploy"), agents.held("deploy"), agents.held("deploy")
    workbench.deciding("approve", first)
    log = workbench.own / "audit.jsonl"
    intent, outcome = log.read_bytes().splitlines(keepends=True)
    room = len(intent) * 2 + len(outcome) + 40  # for what is intended, and not for what became of it

    def fill_up() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    run = workbench.deciding("approve", "--json", second, third, preexec_fn=fill_up)
    assert run.code == 6 and agents.approval(second)[0] == "approved" and agents.approval(third)[0] == "pending"
    done, refused = run.rows
    assert (done["id"], done["result"], done["status"]) == (second, "approved", "approved") and done["error"]
    assert (refused["id"], refused["result"]) == (third, "unavailable")
    assert "That stands, but the audit log holds only the intent: " in run.err.splitlines()[0]
    run = workbench("audit", "verify")
    assert run.code == 0, run


def test_programs_get_one_line_for_each_decision(workbench, agents) -> None:
    held, gone, asked = agents.held("\x1b[2J\u202etool"), agents.held(), agents.asked()
    workbench.deciding("approve", gone, changing=agents.file)
    run = workbench.deciding("approve", "--json", held, gone, "nobody", asked, changing=agents.file)
    assert run.code == 4 and len(run.err.splitlines()) == 3
    unknown, wrong, done, conflict = run.rows  # what is wrong with the ids comes first
    at = datetime.fromisoformat(done.pop("at"))
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=2)
    assert done == {
        "source": "prod", "verb": "approve", "id": held, "result": "approved", "status": "approved",
        "by": "ops@bastion", "error": None,
    }  # fmt: skip
    assert [row["result"] for row in (conflict, unknown, wrong)] == ["conflict", "not found", "invalid"]
    assert "was already approved by 'ops@bastion'" in conflict["error"] and conflict["status"] is None
    (row,) = workbench.deciding("answer", "--json", asked, "--text", "x", changing=agents.file).rows
    assert (row["result"], row["status"], row["by"]) == ("answered", "answered", "ops@bastion")


def test_read_only_always_wins(workbench, agents) -> None:
    id = agents.held()
    for command in (["approve", id, "nobody"], ["--write", "send-back", id, "--reason", "x"], ["dismiss", id]):
        sentence = workbench(*command, "--read-only").failed(5)
        assert sentence == "prod is open read-only: --read-only was given, and it always wins; leave it out"
    assert agents.approval(id) == ("pending", "", "")
    assert not workbench.own.exists()


def test_what_was_not_opened_writable_is_not_written_to(workbench, agents) -> None:
    id = agents.held()
    target = agents.place.target
    workbench.user(f'operator = "me"\n[sources.prod]\ntarget = "{target}"\n')
    for named in (["prod"], [target]):
        sentence = workbench("approve", id, "--source", *named).failed(5)
        assert sentence.endswith("is open read-only: add --write, or set read_only = false for it in your settings")
    assert agents.approval(id) == ("pending", "", "")
    assert workbench.deciding("--write", "approve", id, "--source", target, changing=agents.file).code == 0
    assert agents.approval(id) == ("approved", "me", "")
    (act,) = workbench.acts
    assert act["where"] == re.sub(r":[^:@]*@", ":***@", target)


def test_who_was_faster_is_told_with_how_and_when(workbench, agents) -> None:
    id, asked = agents.held(), agents.asked()
    with agents.open() as source:
        at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
        source.approvals.resolve(id, "rejected", resolved_by="eve\x1b[2J", feedback="no", at=at)
        source.clarifications.respond(asked, "north", at=at)
    for verb in (["approve"], ["send-back", "--reason", "x"], ["dismiss"]):
        assert workbench.deciding(*verb, id).failed(4) == (
            f"approval '{id}' was already rejected by 'eve\\x1b[2J' at 2026-03-04 05:06:07 UTC, with feedback 'no': "
            "nothing was changed"
        )
    assert "2026-03-04 05:06:07 UTC" in workbench.deciding("answer", asked, "--text", "south").failed(4)
    assert "2026-03-04 05:06:07 UTC" in workbench.deciding("dismiss", asked[:13]).failed(4)
    assert agents.approval(id) == ("rejected", "eve\x1b[2J", "no")
    assert agents.question(asked) == ("answered", "north")


def test_of_ten_of_which_two_were_decided_eight_are_done(workbench, agents) -> None:
    ids = [agents.held(f"tool_{n}") for n in range(10)]
    with agents.open() as source:
        source.approvals.resolve(ids[3], "rejected", resolved_by="eve")
        source.approvals.resolve(ids[7], "approved", resolved_by="eve")
    run = workbench.deciding("approve", *ids, changing=agents.file)
    assert run.code == 4
    assert len(run.out.splitlines()) == 8 and len(run.err.splitlines()) == 2
    who = [agents.approval(id)[1] for id in ids]
    assert who == ["eve" if n in (3, 7) else "ops@bastion" for n in range(10)]
    assert [act["result"] for act in workbench.acts].count("approved") == 8


def test_an_id_may_be_shortened_while_it_is_the_only_one(workbench, agents) -> None:
    made = "INSERT INTO approvals (id, tool_name, args, status, created_at, thread_id, run_id, tenant_id) VALUES "
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}+00:00"
    for id, status in (("4f1c0000", "pending"), ("4f1d0000", "approved"), ("4f1d", "pending"), ("9", "pending")):
        agents.place.run(f"{made} ('{id}', 't', '', '{status}', '{now}', '', '', '')")
    asking = "INSERT INTO clarifications (id, question, context, answer, status, sender_context, created_at) VALUES "
    agents.place.run(f"{asking} ('4f99', 'Why?', '', '', 'pending', '', '{now}')")
    # The one that is decided counts too: it may have been the one that was meant.
    sentence = workbench("approve", "4f1").failed(2)
    assert sentence.startswith("'4f1' is the beginning of several ids in prod: ") and sentence.endswith(
        "; write more of it"
    )
    assert set(re.findall(r"'(4f1\w+)'", sentence)) == {"4f1c0000", "4f1d0000", "4f1d"}
    # `dismiss` is for questions as well.
    assert "'4f99'" in workbench("dismiss", "4f").failed(2)
    assert workbench.deciding("approve", "4f1c", "4f1c0000", changing=agents.file).out == "approved: t 4f1c0000\n"
    assert workbench.deciding("reject", "4f1d", changing=agents.file).code == 0  # a whole id is no beginning
    assert agents.approval("4f1d")[0] == "rejected" and agents.approval("4f1d0000")[0] == "approved"
    assert workbench.deciding("answer", "4f", "--text", "so", changing=agents.file).code == 0
    assert workbench("approve", "%").failed(3) == (
        "nothing in prod has an id that is or begins with '%': `workbench inbox` lists what waits"
    )
    assert agents.approval("9")[0] == "pending"


USAGE: list[tuple[list[str], str]] = [
    (["approve"], "Missing argument 'ID...'; see `workbench approve --help`"),
    (["approve", ""], "an id is needed: `workbench inbox` lists them"),
    (["approve", "{held}", "--reason", "x"], "No such option '--reason'"),
    (["dismiss", "{held}", "--reason", "x"], "No such option '--reason'"),
    (["answer", "{asked}", "--reason", "x"], "No such option '--reason'"),
    (["send-back", "{held}"], "Missing option '--reason'"),
    (["send-back", "{held}", "--reason", " \t"], "Send back needs text: what to do instead"),
    (["answer", "{asked}"], "Missing option '--text'"),
    (["answer", "{asked}", "--text", ""], "Answer needs text: an answer"),
    (["reject", "{held}", "--reason", "\udcff"], "the text holds a character that no database takes"),
    (["approve", "{asked}"], "'{asked}' is a question, and approve is not for one: use answer or dismiss"),
    (["answer", "{held}", "--text", "x"], "'{held}' is an approval, and answer is not for one: use approve or reject"),
    (["approve", "{held}", "--source", "prod", "--source", "home"], "name one source: an id belongs to one of them"),
]  # fmt: skip


@FILE
def test_a_wrong_command_is_one_sentence_and_writes_nothing(workbench, agents) -> None:
    names = {"held": agents.held(), "asked": agents.asked()}
    for command, sentence in USAGE:
        said = workbench(*(word.format(**names) for word in command)).failed(2)
        assert said.startswith(sentence.format(**names)), said
    assert agents.approval(names["held"]) == ("pending", "", "")
    assert agents.question(names["asked"]) == ("pending", "")
    assert not workbench.own.exists()


@FILE
def test_what_is_not_there_is_not_found(workbench, agents) -> None:
    for verb in VERBS:
        words = {"answer": ["--text", "x"], "send-back": ["--reason", "x"]}.get(verb.id, [])
        assert "has an id that is or begins with 'nobody'" in workbench(verb.id, "nobody", *words).failed(3)
    assert workbench("approve", "x" * 5000).failed(3).count("x") < 100
    assert workbench("approve", "a", "--source", "nosuch").failed(3).startswith('"nosuch" is no command')
    workbench("approve", b"caf\xe9").failed(2)


HOSTILE = "\x1b]0;pwn\x07\x1b[2J\r\x9b31m\u202e\u200b\U000e0041\x7f[red]x"


def test_hostile_ids_and_texts_are_shown_and_never_obeyed(workbench, agents) -> None:
    """Each run fails on a character that is not printable."""
    made = (
        "INSERT INTO approvals (id, tool_name, args, status, created_at, thread_id, run_id, tenant_id, sender_context) "
    )
    for n, status in enumerate(("pending", "approved", "pending")):
        agents.place.run(
            f"{made} VALUES ('{n}{HOSTILE}', '{HOSTILE}', '{HOSTILE}', '{status}', '2026-01-01 00:00:00+00:00', "
            f"'', '', '', 'slack:{HOSTILE}')"
        )
    run = workbench.deciding("reject", f"0{HOSTILE}", "--reason", HOSTILE, changing=agents.file)
    assert run.code == 0 and "rejected: ␛]0;pwn␇␛[2J␍⟨U+009B⟩31m⟨U+202E⟩" in run.out
    assert "swallow" in run.err
    assert agents.place.rows(f"SELECT feedback FROM approvals WHERE id = '0{HOSTILE}'") == [(HOSTILE,)]
    assert "[red]x" in workbench.deciding("approve", f"1{HOSTILE}").failed(4)
    assert "[red]x" in workbench("approve", f"3{HOSTILE}").failed(3)
    run = workbench.deciding("approve", "--json", f"2{HOSTILE}", changing=agents.file)
    assert [row["id"] for row in run.rows] == [f"2{HOSTILE}"]
    assert workbench("audit", "list").code == 0


def test_a_database_of_the_other_program_is_written_as_that_program_writes(workbench, theirs) -> None:
    """Its own zone and its own forms; the short memory that waits for a chat message goes with the question."""
    ((id,),) = theirs.place.rows("SELECT id FROM approvals WHERE status = 'pending'")
    asked = theirs.asked("Where to?", sender_context="slack:U1:C1", remember=True)
    assert len(theirs.place.rows("SELECT * FROM short_memories WHERE memory_type = 'pending_clarification'")) == 1
    file = theirs.file
    assert workbench.deciding("approve", id[:8], changing=file).code == 0
    assert workbench.deciding("answer", asked, "--text", "north", changing=file).code == 0
    ((status, at, by, feedback),) = theirs.place.rows(
        f"SELECT status, resolved_at, resolved_by, feedback FROM approvals WHERE id = '{id}'"
    )
    assert (status, by, feedback) == ("approved", "ops@bastion", "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC", at)
    assert theirs.question(asked) == ("answered", "north")
    assert theirs.place.rows("SELECT * FROM short_memories WHERE memory_type = 'pending_clarification'") == []


def test_a_row_that_cannot_be_read_cannot_be_decided(workbench, theirs) -> None:
    ((id,),) = theirs.place.rows("SELECT id FROM approvals WHERE status = 'pending'")
    theirs.place.run("UPDATE approvals SET expires_at = 'soon'")
    sentence = workbench.deciding("approve", id).failed(1)
    assert f"approval '{id}' cannot be decided while its expires_at cannot be read" in sentence
    assert theirs.approval(id)[0] == "pending"


@FILE
def test_without_a_named_source_the_one_that_is_meant_is_used(workbench, agents) -> None:
    id = agents.held()
    target = agents.place.target
    two = f'operator = "me"\n[sources.prod]\ntarget = "{target}"\nread_only = false\n[sources.other]\ntarget = "x.db"\n'
    workbench.user(two)
    assert workbench("approve", id).failed(3).startswith("nothing in home has an id")
    workbench.user(f'default_source = "prod"\n{two}')
    assert workbench.deciding("approve", id, changing=agents.file).code == 0


def test_the_home_is_a_source_too(workbench) -> None:
    """Agents of the package write there unless they are told otherwise."""
    from workbench.data.source import open_home

    with open_home(workbench.own) as source:
        id = source.approvals.create(tool_name="deploy").id
    file = workbench.own / "workbench.db"
    run = workbench.deciding("approve", id[:8], changing=file)
    assert (run.code, run.out) == (0, f"approved: deploy {id[:8]}\n")
    assert workbench.acts[0]["source"] == "home"
    assert workbench("approve", id, "--read-only").failed(5).startswith("home is open read-only: --read-only was given")


def test_what_holds_no_inbox_cannot_be_decided_in(workbench) -> None:
    import sqlite3

    with sqlite3.connect(workbench.root / "state.db") as connection:
        connection.execute("CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT)")
    connection.close()
    sentence = workbench("approve", "x", "--source", "../state.db", "--write").failed(1)
    assert sentence.endswith("has no inbox: it holds opstate, and approvals and questions are in agents databases")
