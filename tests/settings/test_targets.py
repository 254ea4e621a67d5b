"""From a configured source to what is opened: variables, passfiles, and what is shown of them."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict
from support.openings import dsn_of

from workbench.data.errors import Invalid
from workbench.data.target import ServerTarget
from workbench.settings import display_of, has_literal_password

HOSTILE = ["plain", "p@ss/w:rd?#%", "sp ace", "it's", 'q"uote', "back\\slash", "x' host='evil", "é", "a=b&c", "", " "]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "target",
    [
        "postgresql://me:${PW}@h:5433/db?sslmode=disable",
        "postgresql://h:5433/db?user=me&password=${PW}",
        "host=h port=5433 dbname=db user=me password=${PW}",
        "host=h port=5433 dbname=db password=${PW} user=me",
        "host=h port=5433 dbname=db password='${PW}' user=me",
    ],
)
def test_a_variable_means_itself_wherever_it_stands(place, target: str, value: str) -> None:
    place.user(f'[sources.s]\ntarget = "{target}"\n')
    place.environ["PW"] = value
    opening = place.load().opening("s")
    options = conninfo_to_dict(dsn_of(opening))
    assert options.get("password", "") == value
    assert {key: options[key] for key in ("host", "port", "user", "dbname")} == {
        "host": "h", "port": "5433", "user": "me", "dbname": "db",
    }  # fmt: skip
    assert opening.display == target
    assert value in ("", " ") or value not in repr(opening)
    assert value in ("", " ") or value in opening.secrets


def test_the_whole_target_the_host_and_a_path_can_be_variables(place) -> None:
    place.environ |= {"URL": "postgresql://u:p@h/db", "HOST": "h:99", "DIR": "/srv/a b%20", "MORE": "user=x port=7"}
    place.user(
        '[sources]\na.target = "${URL}"\nb.target = "postgresql://u@${HOST}/db"\nc.target = "${DIR}/x.db"\n'
        'd.target = "host=h ${MORE}"\ne.target = "sqlite:///${DIR}/x.db"\n'
    )
    loaded = place.load()
    assert loaded.opening("a").target == ServerTarget("postgresql://u:p@h/db")
    assert loaded.opening("a").display == "${URL}"
    assert "p" in loaded.opening("a").secrets
    assert conninfo_to_dict(dsn_of(loaded.opening("b")))["port"] == "99"
    assert str(loaded.opening("c").target) == "/srv/a b%20/x.db"
    assert str(loaded.opening("e").target) == "/srv/a b%20/x.db"
    assert conninfo_to_dict(dsn_of(loaded.opening("d")))["port"] == "7"


def test_a_missing_variable_is_told_when_the_source_is_opened(place) -> None:
    place.user('[sources.s]\ntarget = "postgresql://u:${PW}@h/db"\n')
    loaded = place.load()
    with pytest.raises(Invalid) as caught:
        loaded.opening("s")
    assert str(caught.value) == (
        '~/.config/workbench/workbench.toml:2: the source "s" needs the variable PW, which is not set; export it'
    )


@pytest.mark.parametrize("target", ["postgresql://u@h/db", "postgresql://u@h/db?sslmode=disable", "host=h user=u"])
def test_a_passfile_joins_the_target(place, target: str) -> None:
    place.user(f'[sources.s]\ntarget = "{target}"\npassfile = "it\'s a pass&file"\n')
    passfile = place.user_file.parent / "it's a pass&file"
    passfile.write_text("*:*:*:*:sekret\n")
    passfile.chmod(0o600)
    opening = place.load().opening("s")
    options = conninfo_to_dict(dsn_of(opening))
    assert options["passfile"] == str(passfile)
    assert (options["host"], options["user"]) == ("h", "u")
    assert opening.display == target
    passfile.chmod(0o640)
    with pytest.raises(Invalid, match=r"can be read by others; run chmod 600 on it$"):
        place.load().opening("s")
    passfile.unlink()
    with pytest.raises(Invalid, match=r"workbench\.toml:2: the passfile .* cannot be read: No such file"):
        place.load().opening("s")


def test_a_service_stays_in_the_target_and_a_passfile_is_for_servers(place) -> None:
    place.user('[sources]\na.target = "service=prod"\nb = { target = "x.db", passfile = "p" }\n')
    loaded = place.load()
    assert dsn_of(loaded.opening("a")).strip() == "service=prod"
    with pytest.raises(Invalid, match='the source "b" is a file, for which a passfile has no meaning; remove it'):
        loaded.opening("b")


def test_a_file_of_that_name_does_not_change_what_a_connection_text_means(
    place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.user('[sources]\na.target = "service=prod"\nb.target = "./service=prod"\n')
    (place.here / "service=prod").touch()
    monkeypatch.chdir(place.here)
    loaded = place.load()
    assert loaded.opening("a").target == ServerTarget("service=prod")
    assert loaded.opening("b").target == place.user_file.parent / "service=prod"
    place.local('[sources.c]\ntarget = "service=prod"\n')
    with pytest.raises(Invalid, match="may not use the connection option service="):
        place.load().opening("c")


@pytest.mark.parametrize(
    ("target", "shown", "literal"),
    [
        ("postgresql://u:sekret@h/db", "postgresql://u:***@h/db", True),
        ("postgresql://u:${PW}@h/db", "postgresql://u:${PW}@h/db", False),
        ("postgresql://u:sek${PW}@h/db", "postgresql://u:***@h/db", True),
        ("postgresql://u@h/db?password=sekret", "postgresql://u@h/db?password=***", True),
        ("host=h password='sek ret' user=x", "host=h password='***' user=x", True),
        ("host=h password='${PW}'", "host=h password='${PW}'", False),
        ("host=h password=${PW} sslpassword=sekret", "host=h password=*** sslpassword=***", True),
        ("postgresql://${U}:${PW}@${HOST}:${PORT}/${DB}", "postgresql://${U}:${PW}@${HOST}:${PORT}/${DB}", False),
        ("postgresql://u:p@h/${DB}", "postgresql://u:***@h/${DB}", True),
        ("postgresql://u@h/db", "postgresql://u@h/db", False),
        ("service=prod", "service=prod", False),
        ("/srv/x.db", "/srv/x.db", False),
        ("${HOME}/x.db", "${HOME}/x.db", False),
        ("${URL}", "${URL}", False),
    ],
)
def test_what_is_shown_of_a_target_and_whether_a_password_stands_in_it(target: str, shown: str, literal: bool) -> None:
    assert display_of(target).replace("'***'", "***") == shown.replace("'***'", "***")
    assert has_literal_password(target) is literal


@pytest.mark.parametrize("target", ["mysql://u:sekret@h/x", "postgresql://u:se@kret@h/x", "host=h pasword=sekret x"])
def test_a_target_that_cannot_be_read_shows_nothing_secret(place, target: str) -> None:
    place.user(f'[sources.s]\ntarget = "{target}"\n')
    loaded = place.load()
    assert "kret" not in str(loaded.rows())
    with pytest.raises(Invalid) as caught:
        loaded.opening("s")
    assert str(caught.value).startswith(
        '~/.config/workbench/workbench.toml:2: the target of the source "s" cannot be understood: '
    )
    assert "kret" not in str(caught.value)
