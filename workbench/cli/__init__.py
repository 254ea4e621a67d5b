"""The command line: the second face of the workbench. `main` runs it."""
