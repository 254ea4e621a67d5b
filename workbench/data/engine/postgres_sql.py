"""What the engine itself asks of a PostgreSQL server."""

MEET = (
    "SELECT current_setting('server_version_num')::int, current_setting('server_version'), pg_backend_pid(), "
    "current_setting('synchronous_commit'), pg_is_in_recovery(), current_database()"
)
# Only raised, never lowered: a server that waits for its standbys goes on doing so.
RAISE = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
SNAPSHOT = "SELECT pg_current_snapshot()::text"
NOTIFY = "SELECT pg_notify('workbench', '')"
LISTEN = "LISTEN workbench"
SIZE = (
    "SELECT CASE WHEN has_database_privilege(current_database(), 'CONNECT') "
    "THEN pg_database_size(current_database()) END"
)
CLOCK = "SELECT extract(epoch FROM clock_timestamp())::double precision"

# Tables of the first schema in the search path go by their bare names, all others as schema.table.
LOOK = """
SELECT CASE WHEN n.nspname = coalesce(current_schema(), 'public') THEN c.relname::text
            ELSE n.nspname || '.' || c.relname END,
       CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' ELSE 'table' END,
       a.attname, format_type(a.atttypid, a.atttypmod), array_position(i.indkey::smallint[], a.attnum)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1, a.attnum
"""
INDEXES = (
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "WHERE i.indrelid = to_regclass(CAST($1 AS text))"
)

# An index that is being built just now is invalid too, and is no damage.
DAMAGE = """
SELECT 'index ' || i.indexrelid::regclass || ' of ' || i.indrelid::regclass || ' is invalid: REINDEX or drop it'
FROM pg_index i
WHERE NOT i.indisvalid
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
UNION ALL
SELECT checksum_failures || ' damaged pages were met since ' || coalesce(stats_reset::text, 'the server was made')
       || ': restore the database from a backup'
FROM pg_stat_database
WHERE datname = current_database() AND checksum_failures > 0
UNION ALL
SELECT 'collation ' || c.collname || ' has changed with the operating system: REINDEX what sorts by it, '
       || 'then ALTER COLLATION … REFRESH VERSION'
FROM pg_collation c
WHERE c.collversion <> pg_collation_actual_version(c.oid)
  AND EXISTS (SELECT FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
              WHERE a.attcollation = c.oid AND r.relnamespace::regnamespace::text !~ '^(pg_|information_schema)')
"""
