"""Key-value stores: operational state, groups, the journal and workspaces."""
