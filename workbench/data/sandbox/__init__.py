"""The sandbox store: keys, executions, files, sessions and skills."""
