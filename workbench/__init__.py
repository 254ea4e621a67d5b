"""The operator's terminal for AI agents; `workbench.data` is the store under it, without any terminal."""

__version__ = "0.1.0"
