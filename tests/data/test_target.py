"""What a target means, and that its passwords are never shown."""

import os
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench.data.errors import Invalid
from workbench.data.target import (
    KEYWORDS,
    SECRET_KEYWORDS,
    FileTarget,
    ServerTarget,
    mask,
    parse_target,
    scrub,
    secrets_of,
)

SECRET = "s3cr3t"


def file(target: str | os.PathLike[str]) -> Path:
    parsed = parse_target(target)
    assert isinstance(parsed, FileTarget)
    return parsed.path


def server(target: str) -> str:
    parsed = parse_target(target)
    assert isinstance(parsed, ServerTarget)
    return parsed.dsn


def refusal(target: str) -> str:
    with pytest.raises(Invalid) as caught:
        parse_target(target)
    assert caught.value.__context__ is None or "file name" in str(caught.value)
    return str(caught.value)


# Files


@pytest.mark.parametrize(
    "name",
    [
        "plain.db",
        "with space.db",
        " leading and trailing ",
        "what?.db",
        "100%.db",
        "50%20.db",
        "tag#1.db",
        "line\nbreak.db",
        "größe.db",
        os.fsdecode(b"raw\xff.db"),
        "a=b.db",
        "user.db",
        "./host=x.db",
        "c:/drive.db",
        "a@b.db",
        "/tmp/x.db",
    ],
)
def test_a_plain_path_is_taken_literally(name: str) -> None:
    assert file(name) == Path(name)
    assert file(Path(name)) == Path(name)


def test_the_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    assert file("~/x.db") == Path("/home/alice/x.db")
    assert file(Path("~/x.db")) == Path("/home/alice/x.db")
    assert file("~") == Path("/home/alice")
    assert file("sqlite:///~/x.db") == Path("/home/alice/x.db")


def test_a_tilde_that_is_no_home_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    assert file("./~/x.db") == Path("~/x.db")
    assert file("~no-such-user-here/x.db") == Path("~no-such-user-here/x.db")
    assert file("sqlite:///%7E/x.db") == Path("~/x.db")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///rel.db", "rel.db"),
        ("sqlite:///dir/rel.db", "dir/rel.db"),
        ("sqlite:////abs/x.db", "/abs/x.db"),
        ("SQLite:////abs/x.db", "/abs/x.db"),
        ("sqlite:////abs/a%20b%3F%23%25.db", "/abs/a b?#%.db"),
        ("sqlite:////abs/raw%ff.db", os.fsdecode(b"/abs/raw\xff.db")),
        ("sqlite:////abs/tag#1.db", "/abs/tag#1.db"),
        ("sqlite:////abs/100%.db", "/abs/100%.db"),
        ("sqlite:////abs/größe.db", "/abs/größe.db"),
        ("sqlite:////abs/host=x.db", "/abs/host=x.db"),
        ("sqlite:////abs/" + os.fsdecode(b"raw\xff.db"), os.fsdecode(b"/abs/raw\xff.db")),
    ],
)
def test_sqlite_urls_mean_what_they_mean_to_sqlalchemy(url: str, path: str) -> None:
    assert file(url) == Path(path)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("", "empty"),
        ("a\0b", "NUL"),
        ("sqlite:///a%00b", "NUL"),
        ("\ud800.db", "no file name can hold"),
        ("sqlite:///\ud800.db", "no file name can hold"),
        (":memory:", "give a path"),
        ("sqlite://", "three|four|sqlite:///relative"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://host/x.db", "has no host"),
        ("sqlite:///x.db?mode=ro", "takes no parameters"),
        ("file:///srv/x.db", "the path alone"),
        ("sqlite+pysqlite:///x.db", "without the driver's name"),
        ("postgresql+psycopg://h/d", "without the driver's name"),
        ("mysql://u@h/d", "mysql:// .*postgresql://"),
        ("http://example.com/x.db", "http://"),
        ("redis://h", "redis://"),
        ("sqlite:x.db", "not as a URL"),
        ("jdbc:postgresql://h/d", "has a URL in it"),
    ],
)
def test_what_means_nothing_is_refused_in_words(target: str, words: str) -> None:
    message = refusal(target)
    assert re.search(words, message)
    assert not message.endswith(".")
    assert "\n" not in message


# Servers


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://",
        "postgresql:///db",
        "postgres://h",
        "postgresql://u@h/db",
        f"postgresql://u:{SECRET}@h:5432/db",
        f"postgresql://u:{SECRET}@[::1]:5432/db",
        "postgresql://h1:1,h2:2,h3/db?target_session_attrs=any",
        "postgresql://%2Frun%2Fpostgresql/db",
        "postgresql://h:/db?",
        "postgresql://h/db?user=me@corp&sslmode=require",
        "postgresql://h/db?ssl=true&",
        "postgresql://u:a:b@h/db",
        f"postgresql://:{SECRET}@h/db",
        "postgresql://me%40corp:p%2F%3F%23%40w@h/db",
        "postgresql:///db?service=prod",
    ],
)
def test_urls_that_libpq_reads_the_same_way(url: str) -> None:
    from psycopg.pq import Conninfo

    assert server(url) == url
    said = {o.keyword.decode(): o.val.decode() for o in Conninfo.parse(url.encode()) if o.val is not None}
    assert (said.get("password") in secrets_of(url)) is ("password" in said)


def test_the_scheme_is_written_as_libpq_wants_it() -> None:
    assert server(" PostgreSQL://H/Db\n") == "postgresql://H/Db"


@pytest.mark.parametrize(
    "text",
    [
        "host=h",
        "  dbname = x  user = y ",
        f"service=prod password={SECRET}",
        f"user=u password='{SECRET} \\' \\\\ x' host=h",
        f"password='{SECRET}'host=h",
        f"host=a\\ b password={SECRET}\\",
        "host=/run/postgresql dbname=x",
        "password='' host=h",
        "port=1,2 host=a,b",
    ],
)
def test_keyword_texts_that_libpq_reads_the_same_way(text: str) -> None:
    from psycopg.pq import Conninfo

    assert server(text) == text.strip()
    said = {o.keyword.decode(): o.val.decode() for o in Conninfo.parse(text.encode()) if o.val}
    assert (said.get("password") in secrets_of(text)) is ("password" in said)


def test_a_file_of_that_name_comes_before_a_keyword_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert server("host=x") == "host=x"
    (tmp_path / "host=x").touch()
    assert file("host=x") == Path("host=x")
    (tmp_path / "host=y").symlink_to("missing")
    assert file("host=y") == Path("host=y")


def test_a_path_object_is_never_a_server() -> None:
    assert file(Path("host=x")) == Path("host=x")
    assert file(Path("postgresql://h/d")) == Path("postgresql:/h/d")


def test_our_keywords_are_those_of_the_installed_libpq() -> None:
    from psycopg.pq import Conninfo

    defaults = Conninfo.get_defaults()
    assert {o.keyword.decode() for o in defaults} <= KEYWORDS
    assert {o.keyword.decode() for o in defaults if o.dispchar == b"*"} <= SECRET_KEYWORDS


AMBIGUOUS = [
    ("postgresql://u:{}@x@h/db", "%40"),
    ("postgresql://u:x@{}@h/db", "%40"),
    ("postgresql://u:{}/x@h/db", "%2F"),
    ("postgresql://u:12/{}@h/db", "%2F"),
    ("postgresql://u:{}?x@h/db", "%3F"),
    ("postgresql://u:12?{}@h/db", "%3F"),
    ("postgresql://u:12?user={}@h/db", "%3F"),
    ("postgresql://u:x@12?user={}@h/db", "%3F"),
    ("postgresql://u:x@12/{}@h/db", "%2F"),
    ("postgresql://u:{}#x@h/db", "%23"),
    ("postgresql://u:12#{}@h/db", "%23"),
    ("postgresql://u:{}%zz@h/db", "%25"),
    ("postgresql://u:{}%00@h/db", "%25"),
    ("postgresql://u:{} x@h/db", "%20"),
    ("postgresql://u:{}\n@h/db", "%20"),
    ("postgresql://u:{}/db", "host:port"),
    ("postgresql://u:pw@h:{}/db", "host:port"),
    ("postgresql://u:{}@h:99999/db", "host:port"),
    ("postgresql://u:{}@[::1/db", "host:port"),
    ("postgresql://u@h/db?password={}&x", "%26"),
    ("postgresql://u@h/db?password={}=x", "%3D"),
    ("postgresql://u@h/db?{}=x", "keyword=value"),
    ("postgresql://u@h/db?Password={}", "lower case"),
    ("postgresql://u:{}@h/db?port=x", "port"),
    ("postgresql://u:{}\ud800@h/db", "Unicode"),
    ("host=h password={} x", "single quotes"),
    ("host=h password='{} x", "single quotes"),
    ("host=h password=a {}=b", "keyword=value"),
    ("host=h password='a'{}", "keyword=value"),
    ("host=h password={} Port=1", "lower case"),
    ("host=h password={} port=x", "port"),
    ("host=h password={}\0", "keyword=value"),
    ("Password={} host=h", "lower case"),
    ("hots=h password={}", "begin it with host="),
    ("PGPASSWORD={} psql", "begin it with host="),
    ("hots=h user=u dbname={}", "begin it with host="),
    ("psql postgresql://u:{}@h/db", "has a URL in it"),
    ("'postgresql://u:{}@h/db'", "has a URL in it"),
    ("postgres:u:{}@h/db", "not as a URL"),
    ("postgresql:/u:{}@h/db", "not as a URL"),
    ("mysql://u:{}@h/db", "mysql://"),
]


@pytest.mark.parametrize(("template", "words"), AMBIGUOUS)
def test_what_could_show_a_password_is_refused_without_it(template: str, words: str) -> None:
    target = template.format(SECRET)
    message = refusal(target)
    assert words in message
    assert SECRET not in message
    assert SECRET not in mask(target)
    assert SECRET not in scrub(f"driver: could not read {target!r} ({SECRET})", target)


# Display


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("postgresql://u:pw1@h:1/db", "postgresql://u:***@h:1/db"),
        ("postgres://u@h/db", "postgres://u@h/db"),
        ("postgresql://u:@h/db", "postgresql://u:@h/db"),
        ("POSTGRESQL://u:pw1@h/db", "POSTGRESQL://u:***@h/db"),
        ("postgresql://h/db?password=pw1&user=u", "postgresql://h/db?password=***&user=u"),
        ("postgresql://h/db?PassWord=pw1&user=u", "postgresql://h/db?PassWord=***&user=u"),
        ("postgresql://h/db?%70assword=pw1", "postgresql://h/db?%70assword=***"),
        ("postgresql://h/db?password=a@b", "postgresql://h/db?password=***"),
        (
            "postgresql://u:pw1@h/db?sslpassword=x&sslmode=require",
            "postgresql://u:***@h/db?sslpassword=***&sslmode=require",
        ),
        ("host=h password=pw1 user=u", "host=h password=*** user=u"),
        ("host=h PASSWORD = pw1 user=u", "host=h PASSWORD = *** user=u"),
        (r"host=h password='p \' w' user=u", "host=h password=*** user=u"),
        (r"host=h password=p\ w user=u", "host=h password=*** user=u"),
        ("password='a'sslpassword='b'host=h", "password=***sslpassword=***host=h"),
        ("dbname=postgresql://u:pw1@h/x", "dbname=***"),
        ("oauth_issuer=https://id.example host=h", "oauth_issuer=https://id.example host=h"),
        ("postgresql://u:a@b@h/db", "postgresql://…"),
        ("mysql://u:pw1@h/db", "mysql://…"),
        ("host=h password='pw1", "…"),
        ("host=h pw1", "…"),
        ("", ""),
    ],
)
def test_the_display_form_keeps_all_but_the_passwords(dsn: str, shown: str) -> None:
    assert mask(dsn) == shown


def test_a_target_can_be_printed() -> None:
    target = parse_target(f"postgresql://u:{SECRET}@h/db")
    assert repr(target) == "ServerTarget('postgresql://u:***@h/db')"
    assert SECRET not in f"{target}"


def test_secrets_as_written_and_as_meant() -> None:
    assert secrets_of("postgresql://u:p%2Fw@h/db?sslpassword=x%41y") == ("p%2Fw", "x%41y", "p/w", "xAy")
    assert set(secrets_of(r"password='a\'b' host=h")) == {r"'a\'b'", r"a\'b", "a'b"}
    assert secrets_of("postgresql://u@h/db") == ()
    assert secrets_of("password='' host=h") == ()


def test_scrubbing_a_message() -> None:
    dsn = "postgresql://u:p%2Fw@h/db"
    assert scrub("tried p/w, then p%2Fw at h", dsn) == "tried ***, then *** at h"
    assert scrub("nothing in here", dsn) == "nothing in here"
    assert scrub("unchanged", "host=h") == "unchanged"


def test_a_password_of_one_letter_is_not_shown_by_the_gaps_it_leaves() -> None:
    assert scrub('password "a" was rejected by a', "password=a") == 'password "***" was rejected by ***'


passwords = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=3)
FRAMES = ["postgresql://user:{}@host.example:5432/data", "postgresql://host.example/data?password={}&user=user"]


def stands_alone(password: str, *parts: str) -> bool:
    return all(password not in part for part in (*parts, "***"))


@given(password=passwords, frame=st.sampled_from(FRAMES))
@example(password="a@b/c?d#e%f&g=h:i", frame=FRAMES[0])
@example(password="a@b/c?d#e%f&g=h:i", frame=FRAMES[1])
def test_no_password_in_a_url_is_ever_shown(password: str, frame: str) -> None:
    dsn = frame.format(quote(password, safe=""))
    assert server(dsn) == dsn
    assert password in secrets_of(dsn)
    shown = mask(dsn)
    assert shown == frame.format("***")
    if stands_alone(password, frame.format("")):
        assert password not in shown
        assert password not in scrub(f"cannot connect: {password!s} | {quote(password, safe='')}", dsn)


@given(password=passwords, spaced=st.booleans())
@example(password="it's \\ 'quoted'", spaced=True)
@example(password="' host=evil", spaced=False)
def test_no_password_in_a_keyword_text_is_ever_shown(password: str, spaced: bool) -> None:
    quoted = "'" + password.replace("\\", "\\\\").replace("'", "\\'") + "'"
    equals = " = " if spaced else "="
    dsn = f"host=host.example password{equals}{quoted} dbname=data"
    assert server(dsn) == dsn
    assert password in secrets_of(dsn)
    assert mask(dsn) == f"host=host.example password{equals}*** dbname=data"


@given(password=passwords)
def test_no_password_with_backslashes_for_quotes_is_ever_shown(password: str) -> None:
    escaped = re.sub(r"([ \t\n\v\f\r\\'])", r"\\\1", password)
    dsn = f"password={escaped} host=h"
    assert password in secrets_of(dsn)
    assert mask(dsn) == "password=*** host=h"


pieces = st.lists(
    st.sampled_from(["u", "h", ":", "@", "/", "?", "#", "=", "&", "%40", "%", "[", "]", ",", "1", "password=", "x y"])
)


@given(pieces.map("".join))
def test_whatever_we_accept_libpq_reads_the_same(rest: str) -> None:
    from psycopg.pq import Conninfo

    dsn = f"postgresql://{rest}"
    try:
        server(dsn)
    except Invalid:
        assert mask(dsn) in ("postgresql://…", dsn) or "***" in mask(dsn)
        return
    said = {o.keyword.decode(): o.val.decode() for o in Conninfo.parse(dsn.strip().encode()) if o.val}
    assert said.get("password") is None or said["password"] in secrets_of(dsn)
    assert "@" not in said.get("host", "").replace("%40", "") or "%40" in dsn


@given(st.text())
@example("~\0")
@example("~\ud800")
def test_no_text_breaks_the_display(text: str) -> None:
    assert isinstance(mask(text), str)
    assert isinstance(scrub(text, text), str)
    try:
        parse_target(text)
    except Invalid as error:
        assert ":" in str(error)
