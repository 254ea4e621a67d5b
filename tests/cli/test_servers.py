"""PostgreSQL sources on the command line: what answers, what refuses, and where the password comes from."""

from __future__ import annotations

import os
import re
import signal

import pytest
from servers import PASSWORD, USER, Server

pytestmark = pytest.mark.postgres
OPSTATE = """
CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT, PRIMARY KEY (namespace, key))
"""


@pytest.fixture
def database(postgres_server: Server, postgres_database: str) -> str:
    """A database that the workbench knows."""
    postgres_server.execute(OPSTATE, postgres_database)
    postgres_server.execute(f"ALTER TABLE operational_state OWNER TO {USER}", postgres_database)
    return postgres_database


def address(server: Server, database: str, user: str = f"{USER}:${{PW}}") -> str:
    return f"postgresql://{user}@127.0.0.1:{server.port}/{database}"


def test_a_server_is_shown_and_its_password_comes_from_a_variable(workbench, postgres_server, database) -> None:
    workbench.user(f'[sources.pg]\ntarget = "{address(postgres_server, database)}"\n')
    workbench.environ["PW"] = PASSWORD
    (row,) = workbench("source", "test", "pg", "--json").rows
    assert (row["state"], row["engine"], row["kinds"]) == ("ok", "postgresql", ["opstate"])
    assert row["where"] == address(postgres_server, database)
    assert abs(row["clock_difference"]) < 2
    assert workbench("doctor").out == "1 source, nothing wrong\n"
    assert PASSWORD not in workbench("pg").out
    workbench.environ["PW"] = "wrong-battery"
    sentence = workbench("source", "test", "pg").failed(6)
    assert "wrong-battery" not in sentence
    del workbench.environ["PW"]
    assert "needs the variable PW, which is not set" in workbench("source", "test", "pg").failed(2)


def test_a_passfile_and_a_service_give_the_password(workbench, postgres_server, database) -> None:
    folder = workbench.user_file.parent
    workbench.user(f'[sources.pg]\ntarget = "{address(postgres_server, database, USER)}"\npassfile = "pass"\n')
    (folder / "pass").write_text(f"*:*:*:*:{PASSWORD}\n")
    (folder / "pass").chmod(0o600)
    assert workbench("source", "test", "pg").code == 0
    (folder / "pass").chmod(0o644)
    assert "can be read by others; run chmod 600 on it" in workbench("source", "test", "pg").failed(2)

    workbench.user('[sources.pg]\ntarget = "service=prod"\n')
    services = workbench.root / "services.conf"
    services.write_text(
        f"[prod]\nhost=127.0.0.1\nport={postgres_server.port}\ndbname={database}\nuser={USER}\npassword={PASSWORD}\n"
    )
    workbench.environ["PGSERVICEFILE"] = str(services)
    (row,) = workbench("source", "test", "pg", "--json").rows
    assert (row["state"], row["where"]) == ("ok", "service=prod")


def test_a_source_of_the_current_directory_gets_no_password_of_the_operator(
    workbench, postgres_server, database
) -> None:
    (workbench.here / "workbench.toml").write_text(
        f'[sources.near]\ntarget = "{address(postgres_server, database, USER)}"\n'
        f'[sources.own]\ntarget = "{address(postgres_server, database, f"{USER}:{PASSWORD}")}"\n'
    )
    workbench.environ["PGPASSWORD"] = PASSWORD
    assert "password" in workbench("source", "test", "near").failed(6)
    assert workbench("source", "test", "own").code == 0
    assert workbench("source", "test", address(postgres_server, database, USER)).code == 0  # the operator's own words


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("postgresql://{user}:{password}@127.0.0.1:{port}/nosuch", 3),
        ("postgresql://{user}:wrong-battery@127.0.0.1:{port}/{database}", 6),
        ("postgresql://{user}:{password}@127.0.0.1:1/{database}", 6),
        ("postgresql://{user}:{password}@host.invalid:{port}/{database}", 6),
        ("postgresql://{user}:{password}@127.0.0.1:port/{database}", 2),
        ("host=127.0.0.1 port={port} user={user} password={password} dbnam={database}", 2),
        ("service=nosuch password={password}", 2),
    ],
)
def test_a_wrong_address_is_one_sentence_without_the_password(
    workbench, postgres_server, database, target: str, code: int
) -> None:
    text = target.format(user=USER, password=PASSWORD, port=postgres_server.port, database=database)
    sentence = workbench("source", "test", text).failed(code)
    assert PASSWORD not in sentence and "wrong-battery" not in sentence
    workbench.user(f'[sources.pg]\ntarget = "{text}"\n')
    sentence = workbench("source", "test", "pg").failed(code)
    assert PASSWORD not in sentence and "wrong-battery" not in sentence
    for arguments in (["doctor"], ["config", "show", "--origin"], ["source", "list"], ["source", "list", "--json"]):
        found = workbench(*arguments)
        assert PASSWORD not in found.out + found.err and "wrong-battery" not in found.out + found.err


def test_a_literal_password_works_and_the_doctor_mentions_it(workbench, postgres_server, database) -> None:
    workbench.user(f'[sources.pg]\ntarget = "{postgres_server.dsn(database)}"\n')
    assert workbench("source", "test", "pg").code == 0
    assert workbench("doctor").code == 1
    assert re.match(
        r"pg: ~/\.config/workbench/workbench\.toml:2: the password stands in the settings; ", workbench("doctor").out
    )


def test_a_frozen_server_is_given_up_in_time(workbench, own_server: Server) -> None:
    name = own_server.new_database()
    own_server.execute(OPSTATE, name)
    os.kill(own_server.postmaster, signal.SIGSTOP)
    try:
        run = workbench("source", "show", own_server.dsn(name), "--json", "--timeouts-connect", "0.5")
    finally:
        os.kill(own_server.postmaster, signal.SIGCONT)
    (row,) = run.rows
    assert run.code == 6
    assert row["name"] == row["where"]
    assert row["state"] in ("unavailable", "no answer")
    assert PASSWORD not in str(row)
