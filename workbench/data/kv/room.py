"""How key-value stores are recognised: the name of a file says nothing, its tables do."""

from workbench.data.rooms import Kind, Mark, Room

_ENTRIES = Mark("entries", ("group_name", "entry_key", "entry_value"))

ROOM = Room(
    "kv",
    kinds=(
        Kind(
            "groups",
            "a store of groups",
            marks=(_ENTRIES, Mark("journal_entries", ("bucket_name", "measurement", "fields_json"))),
            promised=("groups",),
        ),
        Kind(
            "legacy groups",
            "a store of groups in its first form (table kv)",
            marks=(Mark("kv", ("grp", "key", "value")),),
            promised=("groups",),
        ),
        Kind(
            "workspace",
            "a workspace of a store of groups",
            marks=(Mark("workspace_entries", ("entry_kind", "entry_data")),),
            # A main store that was once taken for a workspace got this table too: it stays a store.
            unless=(_ENTRIES,),
            promised=("groups",),
        ),
        Kind(
            "opstate",
            "operational state",
            marks=(Mark("operational_state", ("namespace", "key", "value", "updated_at")),),
            promised=("opstate",),
        ),
    ),
)
