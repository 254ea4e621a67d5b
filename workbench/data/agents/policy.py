"""Which tool calls need no human, and what a human's answer means for the call that waited for it.

The rules are those of the program that owns an agents database. Where its table runs a tool that nobody has
approved (an approval that expired without a word), this one does not.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Literal

from workbench.data.agents.records import Approval, damaged_fields
from workbench.data.agents.store import seconds_of
from workbench.data.errors import Invalid

Background = Literal["reject", "approve", "block"]
Reason = Literal[
    "always_allowed",
    "approve_list",
    "cache_hit",
    "background_task",
    "approved",
    "denied",
    "background_rejected",
    "rejected",
    "changes_requested",
    "expired",
    "not_as_asked",
    "not_understood",
]

# Tools that only look, and those that an agent manages itself with.
_NO_APPROVAL = """
    ask_clarifying_question assist_with_regular_expressions browser_read_html browser_read_text calculator
    check_budget code_skim create_agent datetime email_read encode_string google_calendar_find_time
    google_calendar_free_busy google_calendar_list_events google_calendar_next_events google_contacts_list_contacts
    google_contacts_search_contacts google_drive_get_file google_drive_list_folder google_drive_read_file
    google_drive_search google_gmail_get_message google_gmail_list_messages google_tasks_list_task_lists
    google_tasks_list_tasks graph_query graph_store list_file list_skills math memory_search note ocr_extract_text
    parse_document read_file read_multiple_files read_notes search_content search_file skill_load util_json
    web_fetch web_search wikipedia_search youtube_transcript
"""
ALWAYS_ALLOWED = frozenset(_NO_APPROVAL.split())
REMEMBERED = 256  # approved calls that are remembered at most


@dataclass(frozen=True, slots=True)
class Policy:
    """Which tools run without asking, which never run, and how long a question and an answer are good for.

    `allowed` (beside the built-in list) and `denied` are names, `prefix*` or `*`, in any case of letters; a tool
    that both match is denied. `ttl` is the time for an answer (None: no limit), `cache_ttl` the time for which the
    same call in the same thread need not be approved again. `background` says what becomes of a call that no user
    is waiting for: reject it, approve it, or block until somebody decides.
    """

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    ttl: timedelta | float | None = timedelta(minutes=30)
    cache_ttl: timedelta | float = timedelta(minutes=10)
    background: Background = "reject"

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", _patterns(self.allowed, "allowed"))
        object.__setattr__(self, "denied", _patterns(self.denied, "denied"))
        if self.ttl is not None:
            seconds_of(self.ttl, "the policy's ttl")
        seconds_of(self.cache_ttl, "the policy's cache_ttl")
        if self.background not in ("reject", "approve", "block"):
            raise Invalid(f'background must be "reject", "approve" or "block", not {self.background!r}')

    def is_allowed(self, tool_name: str) -> bool:
        """Whether a tool runs without asking anybody."""
        return tool_name.lower() in ALWAYS_ALLOWED or _matches(self.allowed, tool_name)

    def is_denied(self, tool_name: str) -> bool:
        """Whether a tool never runs."""
        return _matches(self.denied, tool_name)


def _patterns(given: object, what: str) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise Invalid(f"{what} must be a sequence of names and patterns, not {given!r}")
    patterns = tuple(given)
    for pattern in patterns:
        if not isinstance(pattern, str) or not pattern:
            raise Invalid(f"{what} holds {pattern!r}: give names, prefix* or *")
    return patterns


def _matches(patterns: tuple[str, ...], tool_name: str) -> bool:
    name = tool_name.lower()
    for pattern in map(str.lower, patterns):
        if name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a tool call may run, and why; `approval` is the row that was decided, where there was one."""

    run: bool
    reason: Reason
    feedback: str = ""
    approval: Approval | None = None


@dataclass(slots=True)
class Remembered:
    """What need not be approved again for a while. Only in memory, and usable from many threads."""

    clock: Callable[[], float] = monotonic
    _calls: dict[bytes, float] = field(default_factory=dict)
    _tools: dict[tuple[str, frozenset[str]], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def approve(self, thread_id: str, tool_name: str, args: str, seconds: float) -> None:
        """Remember that this very call was approved; the oldest is forgotten when there are too many."""
        if seconds <= 0:
            return
        with self._lock:
            moment = self.clock()
            self._calls = {call: until for call, until in self._calls.items() if until > moment}
            call = _fingerprint(thread_id, tool_name, args)
            self._calls.pop(call, None)
            while len(self._calls) >= REMEMBERED:
                del self._calls[next(iter(self._calls))]
            self._calls[call] = moment + seconds

    def approved(self, thread_id: str, tool_name: str, args: str) -> bool:
        """Whether this very call was approved a while ago."""
        with self._lock:
            return self._calls.get(_fingerprint(thread_id, tool_name, args), 0.0) > self.clock()

    def allow(self, tool_name: str, seconds: float, containing: Iterable[str]) -> None:
        """Let a tool run for so long: any call, or only one whose arguments contain one of the texts."""
        if seconds <= 0:
            return
        key = tool_name.lower(), frozenset(text.lower() for text in containing if text)
        with self._lock:
            moment = self.clock()
            self._tools = {tool: until for tool, until in self._tools.items() if until > moment}
            self._tools[key] = max(moment + seconds, self._tools.get(key, 0.0))

    def allowed(self, tool_name: str, args: str) -> bool:
        """Whether a tool was allowed to run for a while with these arguments."""
        name, lower = tool_name.lower(), args.lower()
        with self._lock:
            moment = self.clock()
            return any(
                until > moment and tool == name and (not texts or any(text in lower for text in texts))
                for (tool, texts), until in self._tools.items()
            )


def _fingerprint(thread_id: str, tool_name: str, args: str) -> bytes:
    import hashlib

    digest = hashlib.sha256()
    for text in (thread_id, tool_name, args):
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()


def beforehand(
    policy: Policy, remembered: Remembered, tool_name: str, args: str, *, thread_id: str, background: bool
) -> Outcome | None:
    """What is decided about a call without asking anybody; None when somebody must be asked."""
    if policy.is_denied(tool_name):
        return Outcome(False, "denied")
    if policy.is_allowed(tool_name):
        return Outcome(True, "always_allowed")
    if background and policy.background == "reject":
        return Outcome(False, "background_rejected")
    if background and policy.background == "approve":
        return Outcome(True, "background_task")
    if remembered.approved(thread_id, tool_name, args):
        return Outcome(True, "cache_hit")
    if remembered.allowed(tool_name, args):
        return Outcome(True, "approve_list")
    return None


def judged(asked: Approval, decided: Approval) -> Outcome:
    """What a decided row means for the call that asked: it runs only if this call was approved without a word.

    That program also runs a call whose row has expired, or has a status that it does not know, without feedback.
    """
    if damaged_fields(decided):
        return Outcome(False, "not_understood", approval=decided)
    feedback = decided.feedback
    if decided.status == "rejected":
        return Outcome(False, "rejected", feedback, decided)
    if decided.status == "expired":
        return Outcome(False, "expired", feedback, decided)
    if decided.status != "approved":
        return Outcome(False, "not_understood", feedback, decided)
    if feedback:
        return Outcome(False, "changes_requested", feedback, decided)
    if (decided.tool_name, decided.args) != (asked.tool_name, asked.args):
        return Outcome(False, "not_as_asked", approval=decided)
    return Outcome(True, "approved", approval=decided)
