"""The engine: the only place that knows SQLite from PostgreSQL."""
