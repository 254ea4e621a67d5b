"""What is written for a new source, and what it might be called."""

import pytest

from workbench.data.errors import Invalid
from workbench.settings.adding import NewSource, suggested_name


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("", ""), ("/srv/agents.db", "agents"), ("/srv/shop/genie.db", "shop"), ("/srv/first.db", "first-2"),
        ("/srv/Häßlich & böse.db", "H-lich-b-se"), ("/srv/home.db", "home-2"), ("/", ""),
        ("postgresql://ops@db/agents", "agents"), ("postgresql://ops@db/agents?sslmode=require", "agents"),
        ("host=db dbname=live user=ops", "live"), ("postgresql://db", "server"), ("postgresql://db/x?nonsense=1", ""),
        ("host=db password=one/two", "server"), ("postgresql://db?password=one/two", "server"),
        ("password='one/two' host=db dbname=live", "live"),
        ("/srv/\x1b[2J.db", "2J"), ("/srv/" + "x" * 90 + ".db", "x" * 24),
    ],
)  # fmt: skip
def test_a_name_is_suggested_by_what_the_target_is_called(target: str, name: str) -> None:
    assert suggested_name(target, ("first", "second")) == name


def test_only_what_is_not_usual_is_written_and_a_password_is_known_for_one() -> None:
    assert NewSource("a", "/srv/a.db").entry() == {"target": "/srv/a.db"}
    new = NewSource("a", "/srv/a.db", read_write=True, production=True, passfile="/own/pass", allow_other_owner=True)
    assert new.entry() == {
        "target": "/srv/a.db", "read_only": False, "production": True, "allow_other_owner": True,
        "passfile": "/own/pass",
    }  # fmt: skip
    assert NewSource("a", "postgresql://ops:pw@db/x").secrets == ("pw",)
    assert NewSource("a", "postgresql://ops:${PW}@db/x").secrets == ()
    assert "pw" not in repr(NewSource("a", "postgresql://ops:pw@db/x"))


def test_a_passfile_of_an_unknown_user_is_refused() -> None:
    with pytest.raises(Invalid, match="that home is not known"):
        NewSource("a", "host=db", passfile="~nobody-of-that-name/pass").entry()
