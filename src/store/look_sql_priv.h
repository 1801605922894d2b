/* The statements that a look is made of. Every one yields the columns that look_answer.c takes. Constants. */
#ifndef STORE_LOOK_SQL_PRIV_H
#define STORE_LOOK_SQL_PRIV_H

extern const char look_sql_facts[];
extern const char look_sql_publisher[];  /* $1: the replication slot */
extern const char look_sql_subscriber[]; /* $1: the subscription */
extern const char look_sql_beat_write[]; /* $1: the nonce */
extern const char look_sql_beat_read[];
extern const char look_sql_invalid_indexes[];
extern const char look_sql_unvalidated[];
extern const char look_sql_writers[];
extern const char look_sql_sequences[];
extern const char look_sql_own[];
extern const char look_sql_own_on_path[];
extern const char look_sql_source[];
extern const char look_sql_flyway[];
extern const char look_sql_prisma[];
extern const char look_sql_columns[];
extern const char look_sql_enums[];
extern const char look_sql_indexes[];
extern const char look_sql_functions[];

#endif
