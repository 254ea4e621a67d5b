"""How a sandbox store is recognised, whichever of its schema versions it has."""

from workbench.data.rooms import Kind, Mark, Room

ROOM = Room(
    "sandbox",
    kinds=(
        Kind(
            "sandbox",
            "a sandbox store",
            marks=(
                Mark("sandbox.executions", ("id", "tenant_id", "status")),
                Mark("sandbox.api_keys", ("id", "tenant_id")),
            ),
            promised=("sandbox",),
        ),
    ),
)
