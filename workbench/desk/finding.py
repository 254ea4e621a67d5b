"""Looking for a text in what is shown: literally, in letters of either size."""

from __future__ import annotations

import re


def pattern(words: str) -> re.Pattern[str]:
    """What finds a text where it stands."""
    return re.compile(re.escape(words), re.IGNORECASE)
