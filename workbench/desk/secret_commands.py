"""Passwords that commands take by a flag of one letter: `mysql -psecret`, `curl -u name:password`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_VALUE = r"""(?P<value>[^\s"'`;|&()<>\\]++)"""
_START = r"""(?<=[\s"',])"""
# The commands, and where in their arguments the password stands.
_ROWS = (
    (r"mysql|mysqldump|mysqladmin|mysqlimport|mariadb|mariadb-dump|mycli", r"""-p\\*["']?"""),
    (r"sshpass", r"""-p[ \t]*\\*["']?"""),
    (r"curl|http|https", r"""(?:-u|-U|--user|--proxy-user|-a|--auth)[ \t=]*\\*["']?[^\s"'`;|&:\\/$]*+:"""),
    (r"redis-cli", r"""-a[ \t]+\\*["']?"""),
    (r"mongo|mongosh|mongodump|mongorestore", r"""-p[ \t]+\\*["']?"""),
    (r"ldapsearch|ldapmodify|ldapadd", r"""-w[ \t]+\\*["']?"""),
    (r"sqlcmd|bcp", r"""-P[ \t]*\\*["']?"""),
    # With other commands of theirs the same flag publishes a port.
    (r"(?:docker|podman|helm|oc|az|skopeo|buildah)(?: registry)? login", r"""-p[ \t]+\\*["']?"""),
)
_NAMES = re.compile("|".join(rf"(?<![\w-])({names})(?![\w:-])" for names, _ in _ROWS))
_FLAGS = tuple(re.compile(_START + flag + _VALUE) for _, flag in _ROWS)
_COMMAND = re.compile(r"[^\n;|&]+")


def password_flags(text: str) -> Iterator[tuple[int, int]]:
    """Where such passwords stand in a text."""
    if "-" not in text or not _NAMES.search(text):
        return
    for command in _COMMAND.finditer(text):
        seen: set[int] = set()
        for name in _NAMES.finditer(text, *command.span()):
            row = name.lastindex or 0
            if row in seen:
                continue
            seen.add(row)
            for match in _FLAGS[row - 1].finditer(text, name.end(), command.end()):
                if match["value"][0] not in "$-":
                    yield match.span("value")
