"""The verbs that change a noun by a deed: the names under which the work on them knows what it is handed."""

from workbench.desk.verb import CHANGE, DESTROY, Doing, Done, Option, work
from workbench.desk.verb import Verb as Deed

__all__ = ["CHANGE", "DESTROY", "Deed", "Doing", "Done", "Option", "work"]
