/* Where the programs of PostgreSQL are. Any thread. */
#ifndef BACKUP_PG_PROGRAM_PRIV_H
#define BACKUP_PG_PROGRAM_PRIV_H

/* In a folder of $PATH, else the newest /usr/lib/postgresql/N/bin; the caller frees. NULL: it is not installed. */
char *pg_program_find(const char *name);

#endif
