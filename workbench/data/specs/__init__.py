"""Spec homes: an event log, snapshots and an index for each spec."""
