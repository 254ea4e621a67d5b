"""How commands fail: the exit code of each error, and messages and logs without passwords."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.cli.failures import exit_code, exit_code_of_many, masked
from workbench.data import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.Invalid, 2),
        (errors.NotFound, 3),
        (errors.Conflict, 4),
        (errors.ReadOnly, 5),
        (errors.Unavailable, 6),
        (errors.Corrupt, 1),
        (errors.QuotaExceeded, 1),
        (errors.Unsupported, 1),
        (errors.WorkbenchError, 1),
    ],
)
def test_each_error_has_its_exit_code(kind: type[errors.WorkbenchError], code: int) -> None:
    assert exit_code(kind("x")) == code
    assert exit_code(type("Derived", (kind,), {})("x")) == code


def test_many_failures_have_one_exit_code() -> None:
    assert exit_code_of_many([]) == 0
    assert exit_code_of_many([errors.NotFound("x"), errors.Unavailable("y")]) == 1
    assert exit_code_of_many([errors.NotFound("x"), errors.Conflict("y"), errors.Corrupt("z")]) == 4


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:sekret@h/db",
        "a postgres://u:sekret@h:5/db?x=y b",
        "host=h password=sekret user=u",
        "password = 'sekret \\' sekret' x",
        "sslpassword=sekret",
        "PGPASSWORD=sekret",
        "oauth_client_secret=sekret",
        '{"password": "sekret \\" sekret"}',
    ],
)
def test_what_looks_like_a_password_is_masked_in_any_message(text: str) -> None:
    assert "sekret" not in masked(text)
    assert "***" in masked(text)


def test_ordinary_messages_stay_as_they_are() -> None:
    for text in ("no password supplied", "user u@h: 3:4 @ x", "https://example.org/a@b", "~/x.toml:7: token expected"):
        assert masked(text) == text


BREAK = """
import logging, sys, threading
from pathlib import Path
from workbench.cli.failures import remember_secrets
from workbench.cli.logs import start_log
remember_secrets(["hushhush", "a"])
start_log(Path(sys.argv[1]) if sys.argv[1:] else None)
def broken():
    raise ValueError("password=sekret and hushhush")
thread = threading.Thread(target=broken)
thread.start()
thread.join()
logging.getLogger("psycopg.pool").warning("postgresql://u:%s@h and hushhush", "sekret")
"""


def test_the_log_has_no_password_and_nothing_reaches_the_screen(tmp_path: Path) -> None:
    log = tmp_path / "w.log"
    for arguments in ([], [str(log)]):
        done = subprocess.run([sys.executable, "-c", BREAK, *arguments], capture_output=True, text=True, check=True)
        assert done.stdout + done.stderr == ""
    text = log.read_text()
    assert "ValueError: password=*** and ***" in text
    assert "psycopg.pool WARNING postgresql://u:***@h and ***" in text
    assert "sekret" not in text and "hushhush" not in text
