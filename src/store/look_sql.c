/*
 * See look_sql_priv.h. Objects of the system and of the switch itself are left out everywhere. What is ordered is
 * ordered by bytes, as it is searched later.
 */
#include "store/look_sql_priv.h"

#define OURS_LEFT_OUT                                                                              \
    " n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'switchyard', "              \
    "'switchyard_control')"
#define ROWS_AT_MOST " LIMIT 200000"

/* Then: which tables of versions there are, in the order of enum look_history. */
const char look_sql_facts[] =
    "SELECT (SELECT system_identifier FROM pg_control_system())::text, current_database(), "
    "current_setting('server_version_num'), "
    "(SELECT timeline_id FROM pg_control_checkpoint())::text, pg_is_in_recovery(), "
    "current_setting('default_transaction_read_only')::bool, "
    "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint, "
    "to_regclass('switchyard_control.schema_versions') IS NOT NULL, "
    "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('schema_versions') "
    "AND attname = 'success'), "
    "to_regclass('schema_versions') IS NOT NULL, "
    "to_regclass('flyway_schema_history') IS NOT NULL, "
    "to_regclass('_prisma_migrations') IS NOT NULL";

/* From where the log is now, not from what was sent: a stopped sender has sent nothing and looks fresh. */
const char look_sql_publisher[] =
    "SELECT s.active, r.state, s.wal_status, "
    "pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn)::bigint, "
    "pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn)::bigint, "
    "pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint, "
    "(extract(epoch FROM r.replay_lag) * 1000000)::bigint "
    "FROM pg_replication_slots s LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid "
    "WHERE s.slot_name = $1 AND s.database = current_database()";

const char look_sql_subscriber[] =
    "SELECT s.subenabled, st.pid IS NOT NULL, x.apply_error_count, x.sync_error_count, "
    "(SELECT count(*) FROM pg_subscription_rel r WHERE r.srsubid = s.oid AND r.srsubstate <> 'r') "
    "FROM pg_subscription s LEFT JOIN pg_stat_subscription st ON st.subid = s.oid AND st.relid IS "
    "NULL LEFT JOIN pg_stat_subscription_stats x ON x.subid = s.oid WHERE s.subname = $1 "
    "AND s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";

const char look_sql_beat_write[] =
    "INSERT INTO switchyard.heartbeat AS h (id, generation, nonce, at) "
    "VALUES (1, 0, $1::bigint, clock_timestamp()) "
    "ON CONFLICT (id) DO UPDATE SET nonce = EXCLUDED.nonce, at = EXCLUDED.at "
    "RETURNING nonce, (extract(epoch FROM at) * 1000000)::bigint";

const char look_sql_beat_read[] =
    "SELECT nonce, (extract(epoch FROM at) * 1000000)::bigint FROM switchyard.heartbeat "
    "WHERE id = 1";

/* One that is being built is invalid until it is built. */
const char look_sql_invalid_indexes[] =
    "SELECT count(*), min(format('%I.%I', n.nspname, c.relname)) FROM pg_index i "
    "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE NOT i.indisvalid AND NOT EXISTS "
    "(SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) "
    "AND" OURS_LEFT_OUT;

const char look_sql_unvalidated[] =
    "SELECT count(*), min(format('%I on %I.%I', k.conname, n.nspname, c.relname)) "
    "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT k.convalidated AND" OURS_LEFT_OUT;

const char look_sql_writers[] =
    "SELECT count(*), (array_agg(words ORDER BY age DESC))[1] FROM ("
    "SELECT format('pid %s of %s (%s), %s s', pid, usename, application_name, "
    "extract(epoch FROM clock_timestamp() - xact_start)::int) AS words, "
    "clock_timestamp() - xact_start AS age FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend' "
    "AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL "
    "AND clock_timestamp() - xact_start > interval '1 second' "
    "UNION ALL SELECT format('prepared %s of %s', gid, owner), clock_timestamp() - prepared "
    "FROM pg_prepared_xacts WHERE database = current_database()) w";

const char look_sql_sequences[] =
    "SELECT count(*), min(format('%I.%I', schemaname, sequencename)) FROM pg_sequences "
    "WHERE last_value IS NOT NULL AND NOT cycle AND CASE WHEN increment_by > 0 "
    "THEN (max_value::numeric - last_value) < 0.2 * (max_value::numeric - min_value) "
    "ELSE (last_value::numeric - min_value) < 0.2 * (max_value::numeric - min_value) END";

/* Of versions: environment, version, what is wrong with it, which release a contraction waits for. */
const char look_sql_own[] =
    "SELECT environment, version, CASE WHEN success THEN NULL ELSE 'has failed' END, "
    "contract_after FROM switchyard_control.schema_versions" ROWS_AT_MOST;
const char look_sql_own_on_path[] =
    "SELECT environment, version, CASE WHEN success THEN NULL ELSE 'has failed' END, "
    "contract_after FROM schema_versions" ROWS_AT_MOST;
const char look_sql_source[] =
    "SELECT environment, version, NULL, NULL FROM schema_versions" ROWS_AT_MOST;

/* What was undone is not there; what is repeatable has no version and matters when it has failed. */
const char look_sql_flyway[] =
    "SELECT NULL, coalesce(version, script), CASE WHEN NOT success THEN 'has failed' END, NULL "
    "FROM (SELECT DISTINCT ON (coalesce(version, script)) version, script, type, success "
    "FROM flyway_schema_history ORDER BY coalesce(version, script), installed_rank DESC) h "
    "WHERE type NOT LIKE 'UNDO%' AND type <> 'DELETE' AND (version IS NOT NULL OR NOT "
    "success)" ROWS_AT_MOST;

const char look_sql_prisma[] =
    "SELECT NULL, migration_name, CASE WHEN rolled_back_at IS NOT NULL THEN 'was rolled back' "
    "WHEN finished_at IS NULL THEN 'is not finished' END, NULL "
    "FROM (SELECT DISTINCT ON (migration_name) migration_name, rolled_back_at, finished_at "
    "FROM _prisma_migrations ORDER BY migration_name, started_at DESC) m" ROWS_AT_MOST;

/* A table without columns is one row without a column. */
const char look_sql_columns[] =
    "SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
    "a.atthasdef OR a.attidentity <> '', a.attgenerated <> '', c.relkind "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND" OURS_LEFT_OUT
    " ORDER BY n.nspname, c.relname, a.attname" ROWS_AT_MOST;

const char look_sql_enums[] =
    "SELECT n.nspname, t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid "
    "JOIN pg_namespace n ON n.oid = t.typnamespace WHERE" OURS_LEFT_OUT
    " ORDER BY n.nspname, t.typname, e.enumlabel" ROWS_AT_MOST;

const char look_sql_indexes[] =
    "SELECT n.nspname, c.relname, t.relname, i.indisvalid AND i.indisready "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE" OURS_LEFT_OUT
    " ORDER BY n.nspname, c.relname" ROWS_AT_MOST;

const char look_sql_functions[] =
    "SELECT n.nspname, p.proname, oidvectortypes(p.proargtypes) FROM pg_proc p "
    "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE" OURS_LEFT_OUT
    " ORDER BY n.nspname, p.proname, oidvectortypes(p.proargtypes) COLLATE \"C\"" ROWS_AT_MOST;
