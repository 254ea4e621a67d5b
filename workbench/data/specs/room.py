"""How spec homes and their parts are recognised."""

from workbench.data.rooms import Kind, Layout, Mark, Room

ROOM = Room(
    "specs",
    kinds=(
        Kind(
            "spec index",
            "the index of one spec (its log is the truth)",
            marks=(Mark("specs", ("spec_id", "one_liner", "goal")), Mark("cards", ("card_id", "lane", "sort_order"))),
            promised=("specs",),
        ),
    ),
    layouts=(
        Layout("spec home", "a home of specs", ("specs/*/events.jsonl",), promised=("specs",)),
        Layout("specs", "the inside of a spec home", ("*/events.jsonl",), advice="open the directory above it"),
        Layout("spec", "one spec", ("events.jsonl",), promised=("specs",)),
    ),
)
