"""Where an agents database is, and opening it as its program does."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from servers import Server
from support.fixtures import copied, fixture

from workbench.data import Source
from workbench.data.agents.config import AgentsConfig, default_path
from workbench.data.agents.tables import TABLES
from workbench.data.engine.tables import local_name
from workbench.data.errors import Invalid, NotFound, Unavailable, Unsupported

SECRET = "correct-horse-7"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tables_of(source: Source) -> set[str]:
    return {table.name for table in TABLES if local_name(table.name, "sqlite") in source.database.relations()}


# -- what it means ---------------------------------------------------------------------------------------------------


def test_with_nothing_given_it_is_the_default_file_of_the_home(home: Path) -> None:
    expected = str(home / ".genie" / "genie.db")
    assert AgentsConfig().target == AgentsConfig().display_path() == expected
    assert AgentsConfig.default() == AgentsConfig(db_file=expected)
    assert str(default_path()) == expected


def test_without_a_home_the_default_is_a_relative_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    assert AgentsConfig().target == str(Path("genie", "genie.db"))


def test_the_connection_text_wins_over_the_file() -> None:
    dsn = f"postgresql://me:{SECRET}@db/agents"
    assert AgentsConfig(dsn=dsn).target == dsn
    assert AgentsConfig(db_file="a.db", dsn=dsn).target == dsn
    assert AgentsConfig(db_file="a.db").target == "a.db"


@pytest.mark.parametrize(
    "dsn", [f"postgresql://me:{SECRET}@db/agents", f"host=db user=me password={SECRET}", f"no dsn {SECRET}"]
)
def test_what_is_shown_of_a_server_is_one_word(dsn: str) -> None:
    config = AgentsConfig(db_file="a.db", dsn=dsn)
    assert config.display_path() == "postgres"
    assert SECRET not in repr(config) + str(config)


def test_what_is_shown_of_a_file_is_its_path() -> None:
    assert AgentsConfig(db_file="agents/a.db").display_path() == "agents/a.db"


def test_a_configuration_is_a_value() -> None:
    assert AgentsConfig("a", "b") == AgentsConfig(db_file="a", dsn="b")
    assert len({AgentsConfig("a"), AgentsConfig("a"), AgentsConfig("b")}) == 2
    with pytest.raises(AttributeError):
        AgentsConfig("a").dsn = "b"  # type: ignore[misc]


@pytest.mark.parametrize("given", [{"db_file": None}, {"dsn": b"postgresql://db"}, {"db_file": Path("a.db")}])
def test_what_is_no_text_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="must be a text"):
        AgentsConfig(**given)  # type: ignore[arg-type]


# -- a file ----------------------------------------------------------------------------------------------------------


def test_a_missing_default_database_is_made_with_every_table(home: Path) -> None:
    with AgentsConfig().open() as source:
        assert tables_of(source) == {table.name for table in TABLES}
        assert source.name == "genie"
        assert not source.read_only
        assert source.ours
    assert mode(home / ".genie" / "genie.db") == 0o600
    assert mode(home / ".genie") == 0o700


def test_every_directory_that_is_made_is_for_this_user_alone(tmp_path: Path) -> None:
    above = tmp_path / "one"
    with AgentsConfig(db_file=str(above / "two" / "three" / "a.db")).open():
        pass
    assert [mode(above), mode(above / "two"), mode(above / "two" / "three")] == [0o700] * 3


def test_what_was_made_is_what_that_program_would_make(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    AgentsConfig(db_file=str(path)).open().close()
    with sqlite3.connect(path) as made, sqlite3.connect(":memory:") as theirs:
        for statement in fixture("agents/small/schema_sqlite.sql").read_text().split(";"):
            if "sqlite_sequence" not in statement:  # which SQLite makes by itself
                theirs.execute(statement)
        asked = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        ours, wanted = dict(made.execute(asked)), dict(theirs.execute(asked))
        assert {table.name for table in TABLES} <= set(wanted)
        assert {name for name in wanted if name not in ours} == set()
        for table in TABLES:  # columns with their types and defaults: what its migrator compares
            info = (
                f"SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('{table.name}') ORDER BY name"
            )
            assert made.execute(info).fetchall() == theirs.execute(info).fetchall(), table.name
        assert made.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    made.close()
    theirs.close()


def test_a_made_database_is_opened_again_as_it_is(home: Path) -> None:
    with AgentsConfig().open() as source:
        before = source.database.relations()
    with AgentsConfig.default().open() as source:
        assert source.database.relations() == before


def test_the_file_of_the_other_program_is_opened_in_place_and_not_changed(tmp_path: Path) -> None:
    path = copied("agents/genie_fleet.db", tmp_path)
    with sqlite3.connect(path) as raw:
        asked = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid"
        before = raw.execute(asked).fetchall()
        with AgentsConfig(db_file=str(path)).open() as source:
            assert source.kinds == ("agents",)
            assert not source.ours
        assert raw.execute(asked).fetchall() == before
    raw.close()


def test_an_older_database_is_given_no_table(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE approvals (id text, tool_name text, args text, status text, PRIMARY KEY (id))")
    raw.close()
    with AgentsConfig(db_file=str(path)).open() as source:
        assert tables_of(source) == {"approvals"}


def test_what_follows_a_question_mark_is_for_the_driver_of_that_program(tmp_path: Path) -> None:
    with AgentsConfig(db_file=f"{tmp_path}/a.db?_pragma=foreign_keys(1)").open():
        pass
    assert (tmp_path / "a.db").exists()
    assert [path.name for path in tmp_path.iterdir() if "?" in path.name] == []


def test_a_path_that_looks_like_something_else_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    AgentsConfig(db_file="host=db").open().close()
    assert (tmp_path / "host=db").is_file()


@pytest.mark.parametrize("path", ["file:a.db", "file:a.db?mode=ro", ":memory:", "a\0b"])
def test_what_is_no_path_is_refused(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Invalid, match="write the path alone"):
        AgentsConfig(db_file=path).open()
    assert list(tmp_path.iterdir()) == []


def test_reading_only_makes_nothing(home: Path) -> None:
    with pytest.raises(NotFound):
        AgentsConfig().open(read_only=True)
    assert list(home.iterdir()) == []


def test_reading_only_opens_what_is_there(home: Path) -> None:
    AgentsConfig().open().close()
    with AgentsConfig().open(read_only=True) as source:
        assert source.read_only


def test_a_database_without_agents_tables_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "kv.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE operational_state (namespace text, key text, value text, updated_at text)")
    raw.close()
    with pytest.raises(Unsupported):
        AgentsConfig(db_file=str(path)).open()


def test_a_directory_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable, match="choose another place"):
        AgentsConfig(db_file=str(tmp_path / "file" / "below" / "a.db")).open()


def test_to_create_is_no_option(home: Path) -> None:
    with pytest.raises(Invalid, match="leave it out"):
        AgentsConfig().open(create=True)
    assert list(home.iterdir()) == []


def test_other_options_are_passed_on(home: Path) -> None:
    with AgentsConfig().open(name="mine", durability="full") as source:
        assert source.name == "mine"


def test_many_processes_that_open_it_first_get_one_database(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.db"
    code = (
        "import sys\nfrom workbench.data.agents.config import AgentsConfig\n"
        "sys.stdin.readline()\n"
        f"with AgentsConfig(db_file={str(path)!r}).open() as source:\n"
        "    print(len(source.declared_tables()), source.path.stat().st_ino)\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(4)]  # type: ignore[call-overload]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert set(answers) == {f"14 {path.stat().st_ino}\n"}
    assert sorted(found.name for found in path.parent.iterdir() if found.suffix == ".new") == []


# -- a server --------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_an_empty_database_of_a_server_gets_every_table(postgres_dsn: str) -> None:
    with AgentsConfig(db_file="unused.db", dsn=postgres_dsn).open() as source:
        assert source.engine == "postgresql"
        assert tables_of(source) == {table.name for table in TABLES}
    assert not Path("unused.db").exists()


@pytest.mark.postgres
def test_an_agents_database_of_a_server_is_opened_as_it_is(postgres_server: Server, postgres_database: str) -> None:
    ddl = "CREATE TABLE approvals (id text PRIMARY KEY, tool_name text, args text, status text)"
    postgres_server.execute(f"{ddl}; GRANT ALL ON approvals TO operator", postgres_database)
    with AgentsConfig(dsn=postgres_server.dsn(postgres_database)).open() as source:
        assert set(source.database.relations(fresh=True)) == {"approvals"}


@pytest.mark.postgres
def test_somebody_elses_database_on_a_server_is_not_filled(postgres_server: Server, postgres_database: str) -> None:
    postgres_server.execute("CREATE TABLE bills (id int)", postgres_database)
    with pytest.raises(Unsupported, match="bills"):
        AgentsConfig(dsn=postgres_server.dsn(postgres_database)).open()
    tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    assert postgres_server.execute(tables, postgres_database) == [("bills",)]


@pytest.mark.postgres
def test_reading_only_fills_no_database_of_a_server(postgres_dsn: str) -> None:
    with pytest.raises(Unsupported, match="no tables"):
        AgentsConfig(dsn=postgres_dsn).open(read_only=True)
    with AgentsConfig(dsn=postgres_dsn).open() as source:  # it was empty still
        assert "approvals" in source.database.relations()


@pytest.mark.postgres
def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        AgentsConfig(dsn=f"postgresql://me:{SECRET}@127.0.0.1:1/agents").open()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("dsn", [".genie/genie.db", "sqlite:///a.db"])
def test_a_connection_text_that_names_a_file_is_refused(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Invalid, match="db_file"):
        AgentsConfig(dsn=dsn).open()
    assert list(tmp_path.iterdir()) == []
