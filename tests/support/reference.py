"""The parts of the README that follow from declarations: what a test compares, and what is pasted when it differs."""

from workbench.desk.nouns import nouns


def noun_rows() -> list[str]:
    """The rows of the README's table of nouns."""
    rows = []
    for noun in nouns().values():
        columns = ", ".join(f"`{column.id}`" for column in noun.columns)
        terms = ", ".join(f"`{name}=`" for name in noun.terms) or "—"
        parts = f" `--part` {', '.join(noun.parts)}." if noun.parts else ""
        rows.append(f"| `{noun.id}` | {noun.words}{parts} | {columns} | {terms} |")
    return rows
