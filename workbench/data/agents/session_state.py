"""The state of sessions: their own values, those of an application, those of a user.

A name may carry a prefix that says to whom it belongs: `app:`, `user:` or `temp:`. Stored are the names without
`app:` and `user:`, each in its own table. Values are opaque bytes.
"""

from workbench.data.agents.records import APP_STATE, SESSION_STATE, USER_STATE, AppState, SessionState, UserState
from workbench.data.agents.session import (
    APP,
    TEMP,
    USER,
    SomeSession,
    SomeUser,
    State,
    StateMap,
    checked_state,
    complete,
    key_of,
    missing,
    user_of,
)
from workbench.data.agents.session_reading import OF_SESSION, SessionReading
from workbench.data.agents.store import PAGE, SessionKey, required
from workbench.data.agents.tables import APP_STATES, SESSION_STATES, SESSIONS, USER_STATES
from workbench.data.engine.database import Database
from workbench.data.engine.page import Cursor, Page
from workbench.data.engine.statement import Statement
from workbench.data.errors import Conflict, Invalid

# Every write to a session begins with this: it tells whether there is one, and on a server holds off all others.
TOUCH: Statement[None] = Statement(f"UPDATE sessions SET updated_at = :updated_at WHERE {OF_SESSION}", table=SESSIONS)

_SET_SESSION: Statement[None] = Statement(
    "INSERT INTO session_states (app_name, user_id, session_id, key, value, updated_at) "
    "VALUES (:app_name, :user_id, :session_id, :key, :value, :updated_at) "
    "ON CONFLICT (app_name, user_id, session_id, key) "
    "DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
    table=SESSION_STATES,
)
_SET_APP: Statement[None] = Statement(
    "INSERT INTO app_states (app_name, key, value, updated_at) VALUES (:app_name, :key, :value, :updated_at) "
    "ON CONFLICT (app_name, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
    table=APP_STATES,
)
_SET_USER: Statement[None] = Statement(
    "INSERT INTO user_states (app_name, user_id, key, value, updated_at) "
    "VALUES (:app_name, :user_id, :key, :value, :updated_at) "
    "ON CONFLICT (app_name, user_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
    table=USER_STATES,
)
_DELETE_SESSION: Statement[None] = Statement(
    f"DELETE FROM session_states WHERE {OF_SESSION} AND key = :key", table=SESSION_STATES
)
_DELETE_APP: Statement[None] = Statement(
    "DELETE FROM app_states WHERE app_name = :app_name AND key = :key", table=APP_STATES
)
_DELETE_USER: Statement[None] = Statement(
    "DELETE FROM user_states WHERE app_name = :app_name AND user_id = :user_id AND key = :key", table=USER_STATES
)
_VALUE = Statement(
    f"SELECT {{columns}} FROM session_states WHERE {OF_SESSION} AND key = :key", row=SESSION_STATE, table=SESSION_STATES
)
_OF_SESSION = Statement(
    f"SELECT {{columns}} FROM session_states WHERE {OF_SESSION} AND {{after}} ORDER BY {{order}} LIMIT :limit",
    row=SESSION_STATE,
    order=("key",),
)
_ALL_APPS = Statement(
    "SELECT {columns} FROM app_states WHERE {after} ORDER BY {order} LIMIT :limit",
    row=APP_STATE,
    order=("app_name", "key"),
)
_ALL_USERS = Statement(
    "SELECT {columns} FROM user_states WHERE {after} ORDER BY {order} LIMIT :limit",
    row=USER_STATE,
    order=("app_name", "user_id", "key"),
)

_INSTEAD = {APP: "update_app_state", USER: "update_user_state", TEMP: "update_session_state"}


class SessionStates(SessionReading):
    """The part of `Sessions` that reads and changes state. What one call sets is set together or not at all."""

    # -- of an application -----------------------------------------------------------------------------------

    def update_app_state(self, app: str, state: StateMap) -> None:
        """Set values that all sessions of an application share. A prefix `app:` is taken off the names."""
        required(app_name=app)
        named = _stripped(state, APP)
        self._set_all(_SET_APP, {"app_name": app}, named)

    def list_app_states(self, app: str) -> State:
        """The values that all sessions of an application share, by name without prefix."""
        return self._app_state(app)

    def delete_app_state(self, app: str, key: str) -> bool:
        """Remove one of them; False when it was not there. The name is read as `update_app_state` reads it."""
        required(app_name=app, key=key)
        return self._delete(_DELETE_APP, {"app_name": app}, key, APP)

    def app_states(self, *, limit: int = PAGE, after: Cursor | None = None) -> Page[AppState]:
        """What all applications share, as records with their times."""
        return self._database.page(_ALL_APPS, limit=limit, after=after)

    # -- of a user -------------------------------------------------------------------------------------------

    def update_user_state(self, user_key: SomeUser, state: StateMap) -> None:
        """Set values that all sessions of a user share. A prefix `user:` is taken off the names."""
        who = user_of(user_key)
        _refuse(checked_state(state), (APP, TEMP), "the state of a user")
        self._set_all(_SET_USER, who._asdict(), _stripped(state, USER))

    def list_user_states(self, user_key: SomeUser) -> State:
        """The values that all sessions of a user share, by name without prefix."""
        return self._user_state(user_key)

    def delete_user_state(self, user_key: SomeUser, key: str) -> bool:
        """Remove one of them; False when it was not there. The name is read as `update_user_state` reads it."""
        required(key=key)
        return self._delete(_DELETE_USER, user_of(user_key)._asdict(), key, USER)

    def user_states(self, *, limit: int = PAGE, after: Cursor | None = None) -> Page[UserState]:
        """What all users' sessions share, as records with their times."""
        return self._database.page(_ALL_USERS, limit=limit, after=after)

    # -- of a session ----------------------------------------------------------------------------------------

    def update_session_state(self, key: SomeSession, state: StateMap) -> None:
        """Set values of one session, which must be there; `temp:` names are kept like all others."""
        key = key_of(key)
        _refuse(checked_state(state), (APP, USER), "the state of a session")
        at = self._clock.local()

        def update(database: Database) -> None:
            if not database.run(TOUCH, {**key._asdict(), "updated_at": at}):
                raise missing(key)
            set_state(database, key, state, at)

        self._database.transact(update)

    def session_value(self, key: SomeSession, name: str) -> SessionState | None:
        """One of a session's own values by its stored name; None when there is none."""
        return self._database.one(_VALUE, {**key_of(key)._asdict(), "key": name})

    def edit_session_value(self, key: SomeSession, name: str, value: bytes, *, shown: SessionState | None) -> None:
        """Set one value, if it still is as it was shown (None: not there); on disk before this returns."""
        key = key_of(key)
        state = checked_state({name: value})
        _refuse(state, (APP, USER), "the state of a session")
        at = self._clock.local()

        def edit(database: Database) -> None:
            if not database.run(TOUCH, {**key._asdict(), "updated_at": at}):
                raise missing(key)
            if self.session_value(key, name) != shown:
                raise Conflict(f"the value {name!r} of this session has changed since it was read: look again")
            set_state(database, key, state, at)

        self._database.transact(edit, durable=True)

    def list_session_states(
        self, key: SomeSession, *, limit: int = PAGE, after: Cursor | None = None
    ) -> Page[SessionState]:
        """A session's own values as records with their times, by their stored names."""
        return self._database.page(_OF_SESSION, key_of(key)._asdict(), limit=limit, after=after)

    def delete_session_state(self, key: SomeSession, name: str) -> bool:
        """Remove a session's own value by its stored name; False when it was not there."""
        required(name=name)
        of_session = key_of(key)._asdict()
        return bool(self._database.run(_DELETE_SESSION, {**of_session, "key": name}, durable=True))

    # -- steps -----------------------------------------------------------------------------------------------

    def _set_all(self, statement: Statement[None], owner: dict[str, str], state: StateMap) -> None:
        at = self._clock.local()
        rows = [{**owner, "key": name, "value": value, "updated_at": at} for name, value in sorted(state.items())]

        def write(database: Database) -> None:
            for row in rows:
                database.run(statement, row)

        if len(rows) == 1:
            self._database.run(statement, rows[0])
        elif rows:
            self._database.transact(write)

    def _delete(self, statement: Statement[None], owner: dict[str, str], key: str, prefix: str) -> bool:
        return bool(self._database.run(statement, {**owner, "key": key.removeprefix(prefix)}, durable=True))


def set_state(database: Database, key: SessionKey, state: StateMap, at: object) -> None:
    """Set what a session has been given, each value where its prefix says; for the inside of a transaction.

    The order of the writes is the same for everybody, so that two sessions do not wait for each other in turn.
    """
    values: dict[str, object] = {
        "app_name": key.app_name,
        "user_id": key.user_id,
        "session_id": key.session_id,
        "updated_at": at,
    }
    for name in sorted(state):
        statement, stored = _SET_SESSION, name
        if name.startswith(APP):
            statement, stored = _SET_APP, name.removeprefix(APP)
        elif name.startswith(USER):
            statement, stored = _SET_USER, name.removeprefix(USER)
        values["key"], values["value"] = stored, state[name]
        database.run(statement, values)


def _stripped(state: StateMap, prefix: str) -> State:
    complete(state, prefix)
    named = {name.removeprefix(prefix): value for name, value in state.items()}
    if len(named) != len(state):
        twice = next(name for name in named if name in state and prefix + name in state)
        raise Invalid(f"{twice!r} is given twice, with and without {prefix!r}: drop one of them")
    return named


def _refuse(state: StateMap, prefixes: tuple[str, ...], what: str) -> None:
    for name in state:
        if name.startswith(prefixes):
            instead = _INSTEAD[name[: name.index(":") + 1]]
            raise Invalid(f"{name!r} does not belong in {what}: set it with {instead}")
