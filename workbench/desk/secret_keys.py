"""API keys that are known by how they begin, each provider its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Where a word begins: also after an escape of a JSON text. A run of letters is looked at once, however long it is.
WORD_START = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt])|(?<=\\u[0-9a-fA-F]{4}))"

# What such a key has in it for certain, which is quickly looked for, and what it is like.
_KINDS = (
    ("sk-", r"sk-(?=[A-Za-z_-]*+\d)[A-Za-z0-9_-]{16,}"),
    ("k_live_", r"[sr]k_live_[A-Za-z0-9]{10,}"),
    ("k_test_", r"[sr]k_test_[A-Za-z0-9]{10,}"),
    ("whsec_", r"whsec_[A-Za-z0-9+/]{16,}"),
    ("ghp_", r"ghp_[A-Za-z0-9]{16,}"),
    ("gho_", r"gho_[A-Za-z0-9]{16,}"),
    ("ghs_", r"ghs_[A-Za-z0-9]{16,}"),
    ("ghu_", r"ghu_[A-Za-z0-9]{16,}"),
    ("ghr_", r"ghr_[A-Za-z0-9]{16,}"),
    ("github_pat_", r"github_pat_[A-Za-z0-9_]{16,}"),
    ("gl", r"gl(?:pat|ptt|dt|rt|soat)-[A-Za-z0-9_-]{16,}"),
    ("xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("xapp-", r"xapp-[A-Za-z0-9-]{10,}"),
    ("AKIA", r"AKIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("ASIA", r"ASIA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("AIza", r"AIza[A-Za-z0-9_-]{30,}"),
    ("ya29.", r"ya29\.[A-Za-z0-9_-]{16,}"),
    ("npm_", r"npm_[A-Za-z0-9]{30,}"),
    ("hf_", r"hf_[A-Za-z0-9]{20,}"),
    ("pypi-", r"pypi-[A-Za-z0-9_-]{30,}"),
    ("SG.", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("hvs.", r"hvs\.[A-Za-z0-9_-]{20,}"),
    ("dop_v1_", r"dop_v1_[a-f0-9]{32,}"),
    ("shp", r"shp(?:at|ss|pa)_[a-fA-F0-9]{20,}"),
    ("gsk_", r"gsk_[A-Za-z0-9]{20,}"),
    ("xai-", r"xai-[A-Za-z0-9]{20,}"),
    ("r8_", r"r8_[A-Za-z0-9]{20,}"),
    ("lin_api_", r"lin_api_[A-Za-z0-9]{20,}"),
    ("tskey-", r"tskey-[A-Za-z0-9-]{16,}"),
    ("AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{40,}"),
    (":AA", r"\d{8,10}:AA[A-Za-z0-9_-]{32,}"),
)
_CERTAIN = tuple(certain for certain, _ in _KINDS)
_KEYS = re.compile(rf"{WORD_START}(?:{'|'.join(pattern for _, pattern in _KINDS)})")
_HOOK = re.compile(r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9_]+/[A-Za-z0-9_]+/([A-Za-z0-9_/]+)")


def api_keys(text: str) -> Iterator[tuple[int, int]]:
    """Where such keys stand in a text."""
    if any(certain in text for certain in _CERTAIN):
        yield from (match.span() for match in _KEYS.finditer(text))
    if "hooks.slack.com" in text:
        yield from (match.span(1) for match in _HOOK.finditer(text))
