"""What looks like a secret is masked until an operator asks to see it: `⟨secret 40⟩` stands for forty characters.

A mask hides a secret and nothing else: never white space, quotes, `;`, `|`, `&` or what a terminal would hide, so no
command can be hidden under one. Where that rule and a strange password meet, the rule wins and its rest is seen.
Works on raw text, before it is made safe, and on JSON text with its escapes too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workbench.data.target import SECRET_KEYWORDS
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.secret_commands import password_flags
from workbench.desk.secret_keys import WORD_START, api_keys
from workbench.desk.signs import nature

API_KEY, PASSWORD, TOKEN, PRIVATE_KEY = "API key", "password", "token", "private key"

_JWT = re.compile(WORD_START + r"eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)?")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_LINE = re.compile(r"(?:[ \t\r\n]|\\[nrt])*+(?:[A-Za-z-]{4,20}: [^\r\n\\]*+|([A-Za-z0-9+/=]++))")
_BEARER = re.compile(WORD_START + r"bearer[ \t]+")

# The words that say that what follows is secret; looked for in the text in lower case.
_PASSWORDS = r"pass(?:words?|wd|phrase|code)|(?<![a-z])pwd"
_LIBPQ = "|".join(sorted(SECRET_KEYWORDS - {"password", "sslpassword"}))
_OTHERS = (
    r"secret(?:[_. -]?(?:access[_. -]?)?(?:key|token|value))?|token"
    rf"|{_LIBPQ}|(?:api|access|auth|private|signing|encryption|master|account|shared|app|client)[_. -]?(?:secret|key)"
)
_WORD = re.compile(rf"(?P<password>{_PASSWORDS})|(?P<authorization>authorization)|{_OTHERS}")
_ASSIGNED = re.compile(r"""(?:\\*["'])?[ \t]{0,9}(?:=>|:=|==?|:|(?P<tag>>))[ \t]{0,9}(?P<quote>\\*["'])?""")
_SPACED = re.compile(r"""[ \t]{1,9}(?P<quote>\\*["'])?""")
_FLAG = re.compile(r"""(?:\A|[\s"'`;|&(])--?[a-z][\w-]*\Z|(?:\A|[\s"'`;|&(])--?\Z""")
_SCHEME = re.compile(r"""(?:bearer|basic|token|digest|bot|apikey|key|negotiate)[ \t]+(?=[^\s"'])""")
_QUOTED_RUN = re.compile(r"""[^\s"'`;|&()\\]++""")
_RUN = re.compile(r"""[^\s"'`;|&()\\<>{}\[\],]++""")
_NO_VALUE = re.compile(
    r"""\$[a-z_{(]|%[a-z_]+%|\{\{|<|\*+\Z|(?:true|false|null|none|nil|undefined|yes|no|str|string|int|bool|bytes|text"""
    r"""|object|any|optional|required)\Z|~/|\.{1,2}/|/[a-z]{2,10}/""",
    re.IGNORECASE,
)
_URL = re.compile(
    r"""://(?P<user>[^\s"'`;|&<>()\\/?#@:]*+):(?P<password>[^\s"'`;|&<>()\\/?#]++)(?=(?P<rest>[^\s"'`<>()\\]{0,200}))"""
)
_DATABASES = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb|redis|rediss|mongodb|amqp|amqps|mssql|clickhouse)(?:\+\w+)?\Z"
)
_LONG = re.compile(r"(?:(?<![A-Za-z0-9+/_=\\-])|(?<=\\[nrt]))[A-Za-z0-9+/_-]{32,}+={0,2}")
_NEAR = re.compile(
    r"(?<![a-z])(?:secret|token|pass(?:word|wd|phrase)|credential|(?:api|private|access|signing)[ _-]?key)s?(?![a-z])"
)
_DIGEST = re.compile(r"sha-?\d|digest|commit|checksum|hash|md5|base64,|uuid|revision")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_BLANKS = (" ", "\t")
_NEVER = frozenset("\"'`;|&")


class Secret(NamedTuple):
    """Where something secret stands in the raw text, and what it seems to be."""

    start: int
    end: int
    kind: str

    @property
    def words(self) -> SafeText:
        """What is shown in its place."""
        return plain(f"⟨secret {self.end - self.start}⟩")


class Piece(NamedTuple):
    """A part of a masked text: raw text, or a secret."""

    text: str
    secret: Secret | None


@dataclass(frozen=True, slots=True)
class Masked:
    """A raw text and where its secrets are; printing it shows none of them."""

    raw: str = field(repr=False)
    spans: tuple[Secret, ...]

    @property
    def count(self) -> int:
        """How many masks there are."""
        return len(self.spans)

    @property
    def counts(self) -> dict[str, int]:
        """How many masks of each kind."""
        return dict(Counter(span.kind for span in self.spans))

    @property
    def text(self) -> str:
        """The text with its masks; all but the masks is raw still."""
        return "".join(piece.secret.words if piece.secret else piece.text for piece in self.pieces())

    @property
    def safe(self) -> SafeText:
        """The text with its masks on one line, ready to be shown."""
        return plain("").join(piece.secret.words if piece.secret else safe(piece.text) for piece in self.pieces())

    def pieces(self) -> Iterator[Piece]:
        """The text in parts, in order; together they are the raw text."""
        at = 0
        for span in self.spans:
            if at < span.start:
                yield Piece(self.raw[at : span.start], None)
            yield Piece(self.raw[span.start : span.end], span)
            at = span.end
        if at < len(self.raw) or not self.raw:
            yield Piece(self.raw[at:], None)


def mask(raw: str, *, after: Sequence[str] = ()) -> Masked:
    """Find the secrets in a raw text. Each of `after` is something that stands before it and may say what it is."""
    found = sorted(
        Secret(max(start - len(before), 0), end - len(before), kind)
        for before in after or ("",)
        for start, end, kind in _found(before + raw)
        if end > len(before)
    )
    spans: list[Secret] = []
    for start, end, kind in found:
        start = max(start, spans[-1].end if spans else 0)
        if start < end:
            spans.extend(_own_characters(raw, Secret(start, end, kind)))
    return Masked(raw, tuple(spans))


def _own_characters(raw: str, secret: Secret) -> Iterator[Secret]:
    """The secret without what no mask may cover."""
    text = raw[secret.start : secret.end]
    if text.isascii() and text.isprintable() and " " not in text and _NEVER.isdisjoint(text):
        yield secret
        return
    start = secret.start
    for place in range(secret.start, secret.end + 1):
        if place == secret.end or _is_never_masked(raw[place]):
            if start < place:
                yield Secret(start, place, secret.kind)
            start = place + 1


def _is_never_masked(character: str) -> bool:
    return character in _NEVER or character.isspace() or nature(character) is not None


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    yield from ((start, end, API_KEY) for start, end in api_keys(text))
    if "eyJ" in text:
        yield from ((*match.span(), TOKEN) for match in _JWT.finditer(text))
    if "PRIVATE KEY" in text:
        yield from _private_keys(text)
    if "://" in text:
        yield from _in_urls(text)
    yield from ((start, end, PASSWORD) for start, end in password_flags(text))
    small = _lower(text)
    yield from _after_words(text, small)
    if "bearer" in small:
        yield from _bearers(text, small)
    yield from _random_ones(text, small)


def _lower(text: str) -> str:
    """In lower case, and every character still in its place."""
    small = text.lower()
    return small if len(small) == len(text) else text.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _private_keys(text: str) -> Iterator[tuple[int, int, str]]:
    """The lines of a key; a short word among them is left to be seen, for it could be a command."""
    for begin in _PEM.finditer(text):
        at = begin.end()
        while line := _PEM_LINE.match(text, at):
            at = line.end()
            if line[1] and len(line[1]) >= 16 and _looks_random(line[1]):
                yield (*line.span(1), PRIVATE_KEY)


def _looks_random(text: str) -> bool:
    kinds = sum(any(map(kind, text)) for kind in (str.islower, str.isupper, str.isdigit))
    return kinds == 3 or (kinds == 2 and any(map(str.isdigit, text)))


def _in_urls(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _URL.finditer(text):
        start, end = match.span("password")
        inside = match["password"]
        if _NO_VALUE.match(inside):
            continue
        at = inside.rfind("@")
        if at >= 0:
            yield start, start + at, PASSWORD
        elif "@" in match["rest"] and not inside.isdigit():
            # A character that belongs escaped. Only of a database we are sure enough that it is no port and path.
            begin = text[max(match.start() - 24, 0) : match.start()]
            if match["rest"][0] not in "/?#":
                yield start, end, PASSWORD
            elif _DATABASES.search(begin):
                whole = inside + match["rest"]
                stop = min((i for i in map(whole.find, ";|&") if i >= 0), default=len(whole))
                yield start, start + (whole.rfind("@", 0, stop) if "@" in whole[:stop] else len(inside)), PASSWORD


def _after_words(text: str, small: str) -> Iterator[tuple[int, int, str]]:
    """What is assigned to a name that ends in a word for secrets, or follows a flag of such a name."""
    at = 0
    while word := _WORD.search(small, at):
        at = word.end()
        sign = _ASSIGNED.match(small, at)
        if sign and sign["tag"] and small[word.start() - 1 : word.start()] not in ("<", "-", "_", "."):
            sign = None
        if sign is None:
            before = max(word.start() - 40, 0)
            if small[at : at + 1] not in _BLANKS or "-" not in small[before : word.start()]:
                continue
            if not _FLAG.search(small, before, word.start()) or (sign := _SPACED.match(small, at)) is None:
                continue
        start = sign.end()
        if scheme := _SCHEME.match(small, start) if word["authorization"] else None:
            start = scheme.end()
        run = (_QUOTED_RUN if sign["quote"] else _RUN).match(small, start)
        if run is None:
            continue
        at = end = run.end()
        if small[end : end + 1] == "(" and not sign["quote"]:
            continue  # a call, not a value
        while text[end - 1] == "$" and small[end : end + 1] in ("(", "{"):
            end -= 1
        if start < end and _is_secret(small[start:end], word, sure=scheme is not None):
            yield start, end, PASSWORD if word["password"] else TOKEN


def _is_secret(value: str, word: re.Match[str], *, sure: bool) -> bool:
    """Whether this can be the value of such a name: not a variable, a type, a path, a flag or a small number."""
    if value[0] == "-" or (len(value) < 256 and _NO_VALUE.match(value)):
        return False
    if word["password"]:
        return word[0] != "pwd" or value[0] not in "/~."
    if word["authorization"]:
        return sure or len(value) > 5
    return len(value) > 2 and not (len(value) < 7 and value.isdigit())


def _bearers(text: str, small: str) -> Iterator[tuple[int, int, str]]:
    for match in _BEARER.finditer(small):
        run = _RUN.match(text, match.end())
        if run and len(run[0]) >= 12 and any(map(str.isdigit, run[0])):
            yield (*run.span(), TOKEN)


def _random_ones(text: str, small: str) -> Iterator[tuple[int, int, str]]:
    """Long random characters right after a word for secrets; digests, commits, pictures and ids are none."""
    for match in _LONG.finditer(text):
        before = small[max(match.start() - 40, 0) : match.start()].rpartition("\n")[2]
        if (
            _NEAR.search(before)
            and not _DIGEST.search(before)
            and not _UUID.fullmatch(match[0])
            and _looks_random(match[0][:256])
        ):
            yield (*match.span(), TOKEN)
