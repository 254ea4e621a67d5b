"""What agents remember: memories of a user, and short memory with a time to live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.data.errors import Invalid, NotFound
from workbench.desk import cells
from workbench.desk.noun import Ask, Column, Key, Noun, either_way
from workbench.desk.verb import DESTROY, Option, Verb, work

if TYPE_CHECKING:
    from workbench.data import Page, Source
    from workbench.data.agents.memories import Memory
    from workbench.data.agents.records import ShortMemory
    from workbench.desk.detail import Detail
    from workbench.desk.looking import Looking

_LIVE, _EXPIRED = "live", "expired"


# -- memories ------------------------------------------------------------------------------------------------


def _memories(source: Source, ask: Ask) -> Page[Memory]:
    app, user = ask.terms.get("app"), ask.terms.get("user")
    return source.memories.list(app, user, limit=ask.limit, after=ask.after, backwards=ask.backwards)  # type: ignore[no-any-return]


def _memory(source: Source, key: Key) -> Memory:
    app, user, id = key
    return source.memories.get_memory((app, user, id))  # type: ignore[no-any-return]


def _find_memory(source: Source, text: str) -> Sequence[Key]:
    *owner, id = text.split("/") if text.count("/") == 2 else [text]
    found = [tuple(key) for key in source.memories.keys_beginning(id)]
    return [key for key in found if not owner or key[:2] == tuple(owner)]


def _memory_detail(source: Source, memory: Memory, looking: Looking) -> Detail:
    from workbench.desk.memory_detail import memory_detail

    return memory_detail(memory, looking)


MEMORY = Noun(
    id="memory",
    plural="memories",
    words="What agents keep about a user.",
    needs=frozenset({"memories"}),
    columns=(
        Column("updated", cells.age("updated_at"), "when it last changed", width=7, right=True),
        Column("app", cells.text("app_name"), "the application", least=6, most=20, drop=2),
        Column("user", cells.text("user_id"), "whom it is about", least=6, most=24),
        Column("content", cells.text("content", masked=True), "what is remembered", least=10, grows=True),
        Column("topics", cells.words("topics"), "what it is filed under", least=6, most=24, drop=1),
        Column("id", cells.text("id"), "its id", least=8, most=36, drop=3, on_screen=False),
    ),
    key=lambda memory: (memory.app_name, memory.user_id, memory.id),
    page=_memories,
    get=_memory,
    find=_find_memory,
    data=lambda memory: cells.values_of(memory),
    detail=_memory_detail,
    says=lambda memory: " ".join(str(part) for part in (memory.content, memory.topics, memory.user_id)),
    terms={"app": "the application", "user": "whom it is about"},
    reversible=True,
    sorts=either_way("updated", "last changed first", "longest unchanged first", falling=False),
)


# -- short memory --------------------------------------------------------------------------------------------


def _short(source: Source, ask: Ask) -> Page[ShortMemory]:
    live: bool | None = None
    if (state := ask.terms.get("state")) is not None:
        if state not in (_LIVE, _EXPIRED):
            raise Invalid(f'short memory is filtered by state={_LIVE} or state={_EXPIRED}, not "{state}"')
        live = state == _LIVE
    return source.short_memory.list(  # type: ignore[no-any-return]
        ask.terms.get("type"), live=live, limit=ask.limit, after=ask.after, backwards=ask.backwards
    )


def _short_one(source: Source, key: Key) -> ShortMemory:
    found: ShortMemory | None = source.short_memory.row(*key)
    if found is None:
        raise NotFound(f"there is no short memory {'/'.join(key)}: `workbench short-memory list` shows what is there")
    return found


def _find_short(source: Source, text: str) -> Sequence[Key]:
    return [tuple(key) for key in source.short_memory.keys_beginning(text)]


def _short_detail(source: Source, row: ShortMemory, looking: Looking) -> Detail:
    from workbench.desk.memory_detail import short_detail

    return short_detail(row, looking)


def _short_tone(row: ShortMemory, moment: datetime) -> str:
    expires: object = row.expires_at
    return "muted" if isinstance(expires, datetime) and expires <= moment else ""


SHORT_MEMORY = Noun(
    id="short-memory",
    plural="short memory",
    words="What agents keep for a while: values by type and key, with a time to live.",
    needs=frozenset({"short_memory"}),
    columns=(
        Column("left", cells.left("expires_at"), "how long it lives", width=7, right=True),
        Column("type", cells.text("memory_type"), "its type", least=6, most=24),
        Column("key", cells.text("key"), "its key within the type", least=8, most=40),
        Column("value", cells.text("value", masked=True), "what is kept", least=10, grows=True),
        Column("created", cells.when("created_at"), "when it was first set", least=12, most=17, drop=1),
    ),
    key=lambda row: (row.memory_type, row.key),
    page=_short,
    get=_short_one,
    find=_find_short,
    data=lambda row: cells.values_of(row),
    detail=_short_detail,
    says=lambda row: f"{row.memory_type} {row.key} {row.value}",
    terms={"type": "its type", "state": "live or expired"},
    tone=_short_tone,
    reversible=True,
    sorts=either_way("left", "last to expire first", "first to expire first"),
)


# -- what is done to them ------------------------------------------------------------------------------------

DELETE_MEMORY = Verb(
    id="delete",
    noun="memory",
    title="Delete",
    done="deleted",
    words="Delete memories. They can be put back.",
    run=work("delete_memory"),
    key="delete",
    binding="noun.delete",
    danger=DESTROY,
)
EDIT_MEMORY = Verb(
    id="edit",
    noun="memory",
    title="Edit",
    done="edited",
    words="Give memories another content or other topics, if they still are as they were read.",
    run=work("edit_memory"),
    options=(
        Option("content", "What is remembered."),
        Option("topic", "What it is filed under; may be given more than once.", many=True),
    ),
)
FORGET_USER = Verb(
    id="forget",
    noun="memory",
    title="Forget a user",
    done="forgotten",
    words="Delete every memory of a user in an application. They can be put back.",
    run=work("forget_user"),
    preview=work("count_user"),
    danger=DESTROY,
    sweep=True,
    options=(
        Option("app", "The application.", required=True),
        Option("user", "Whom to forget.", required=True),
    ),
)
DELETE_SHORT = Verb(
    id="delete",
    noun="short-memory",
    title="Delete",
    done="deleted",
    words="Delete values of short memory. They can be put back.",
    run=work("delete_short"),
    key="delete",
    binding="noun.delete",
    danger=DESTROY,
)
PURGE_SHORT = Verb(
    id="purge",
    noun="short-memory",
    title="Purge expired ones",
    done="purged",
    words="Delete the values of short memory that have expired, which their program never does.",
    run=work("purge_expired"),
    preview=work("count_expired"),
    danger=DESTROY,
    sweep=True,
    options=(Option("expired", "Those that have expired.", required=True, flag=True),),
)
