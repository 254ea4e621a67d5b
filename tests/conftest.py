"""What all tests share: real servers, started only when a test asks for one."""

from servers import own_server, pooler, postgres15_server, postgres_database, postgres_dsn, postgres_server

__all__ = ["own_server", "pooler", "postgres15_server", "postgres_database", "postgres_dsn", "postgres_server"]
