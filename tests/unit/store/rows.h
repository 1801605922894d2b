/* Answers of a server that never was: rows, errors, and looks that are made of them. */
#ifndef UNIT_STORE_ROWS_H
#define UNIT_STORE_ROWS_H

#include <libpq-fe.h>

struct look;

/* Rows of `columns` cells each; a cell that is NULL is NULL. The caller clears it. */
PGresult *rows_of(int columns, int rows, const char *const *cells);

/* An error without any field, as some have it. */
PGresult *rows_error(void);

/* The answer to the question of that name; the first one that has it. */
void rows_answer(struct look *look, const char *question, int columns, int rows,
                 const char *const *cells);

/* A server that says who it is. */
void rows_facts(struct look *look, const char *system_id, const char *database);

#endif
