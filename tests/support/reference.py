"""The parts of the README that follow from declarations: what a test compares, and what is pasted when it differs."""

from workbench.desk.nouns import deeds, nouns


def noun_rows() -> list[str]:
    """The rows of the README's table of nouns."""
    rows = []
    for noun in nouns().values():
        columns = ", ".join(f"`{column.id}`" for column in noun.columns)
        terms = ", ".join(f"`{name}=`" for name in noun.terms) or "—"
        parts = f" `--part` {', '.join(noun.parts)}." if noun.parts else ""
        rows.append(f"| `{noun.id}` | {noun.words}{parts} | {columns} | {terms} |")
    return rows


def deed_rows() -> list[str]:
    """The rows of the README's table of what is done to nouns."""
    rows = []
    for deed in deeds().values():
        ids = [] if deed.sweep else ["ID…"]
        options = [f"--{option.id}" + ("" if option.flag else " …") for option in deed.options if option.required]
        more = [f"`--{option.id}`" for option in deed.options if not option.required]
        words = f"{deed.words} {deed.told}".strip() + (f" Takes {' and '.join(more)}." if more else "")
        rows.append(f"| `{' '.join(['workbench', deed.noun, deed.id, *ids, *options])}` | {words} |")
    return rows
