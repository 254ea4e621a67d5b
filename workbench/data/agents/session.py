"""A session as it is handed out: what it is, its state merged, its events as they are stored.

Also the names that sessions go by: keys, and the prefixes that say to whom a value of the state belongs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from workbench.data.agents.records import SessionEvent, Stored
from workbench.data.agents.store import SessionKey, UserKey, required
from workbench.data.engine.page import Damage
from workbench.data.errors import Invalid, NotFound

APP, USER, TEMP = "app:", "user:", "temp:"  # prefixes of the names in a state

State = dict[str, bytes | None]
StateMap = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Session:
    """A session with its state and events.

    `state` holds the session's own values by their stored names, then what its application shares as `app:name`
    and what its user's sessions share as `user:name`. Where the session itself has a value under such a name
    (another program leaves some there), the shared one counts. A value that cannot be read is a `Damaged` in it.
    `damage` names every field of the session, its state and its events that cannot be read.
    """

    app_name: str
    user_id: str
    session_id: str
    created_at: datetime
    updated_at: datetime
    state: State
    events: tuple[SessionEvent, ...] = ()
    damage: tuple[Damage, ...] = ()
    stored: Stored = field(default_factory=dict, compare=False, repr=False)

    @property
    def key(self) -> SessionKey:
        """What the session goes by."""
        return SessionKey(self.app_name, self.user_id, self.session_id)


class Keyed(Protocol):
    """A record that says which session it belongs to: `Session`, `SessionRow`, `SessionEvent`, …"""

    @property
    def app_name(self) -> str:
        """The application."""

    @property
    def user_id(self) -> str:
        """The user."""

    @property
    def session_id(self) -> str:
        """The session's own id."""


SomeSession = SessionKey | tuple[str, str, str] | Keyed
SomeUser = UserKey | tuple[str, str]


def key_of(given: SomeSession) -> SessionKey:
    """The key of a session, given as a record, a `SessionKey` or a plain triple."""
    if given.__class__ is SessionKey:
        key: SessionKey = given
    elif isinstance(given, tuple) and len(given) == 3:
        key = SessionKey(*given)
    elif all(hasattr(given, name) for name in SessionKey._fields):
        key = SessionKey(given.app_name, given.user_id, given.session_id)
    else:
        raise Invalid(f"{given!r} is no key of a session: pass (app_name, user_id, session_id)")
    app_name, user_id, session_id = key
    if not (app_name.__class__ is user_id.__class__ is session_id.__class__ is str and app_name and user_id):
        required(app_name=app_name, user_id=user_id)
    if not session_id or session_id.__class__ is not str:
        required(session_id=session_id)
    return key


def user_of(given: SomeUser) -> UserKey:
    """The key of a user, given as a `UserKey` or a plain pair."""
    if not isinstance(given, tuple) or len(given) != 2:
        raise Invalid(f"{given!r} is no key of a user: pass (app_name, user_id)")
    required(app_name=given[0], user_id=given[1])
    return UserKey(*given)


def missing(key: SessionKey) -> NotFound:
    """The error for a session that is not there."""
    return NotFound(f"there is no session {' / '.join(key)}: make it with create_session first")


def checked_state(state: StateMap) -> StateMap:
    """Refuse what is no state: names are texts that are not empty, values are bytes or None."""
    if not isinstance(state, Mapping):
        raise Invalid(f"{type(state).__name__} given where a state belongs: pass a dict of names and bytes")
    for name, value in state.items():
        if not isinstance(name, str) or not name:
            raise Invalid(f"{name!r} is no name for a value of a state: pass a text that is not empty")
        if value is not None and not isinstance(value, (bytes, bytearray, memoryview)):
            raise Invalid(
                f"the state's {name!r} is of type {type(value).__name__}: values are opaque bytes, so encode it "
                "first (by custom as JSON), or pass None"
            )
    return state


def complete(state: StateMap, *prefixes: str) -> StateMap:
    """The same, where names may carry prefixes (if none are given, `app:` and `user:`): a prefix alone is no name."""
    checked_state(state)
    for prefix in prefixes or (APP, USER):
        if prefix in state:
            raise Invalid(f"{prefix!r} names no value of a state: put its name behind the prefix")
    return state
