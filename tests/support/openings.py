"""What a test needs of an opening."""

from workbench.data.target import ServerTarget
from workbench.settings import Opening


def dsn_of(opening: Opening) -> str:
    """The connection text of an opening that is a server."""
    assert isinstance(opening.target, ServerTarget)
    return opening.target.dsn
