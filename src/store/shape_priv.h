/* Searching in what a look brought of the catalog: rows that are ordered by their first columns. Pure, any thread. */
#ifndef STORE_SHAPE_PRIV_H
#define STORE_SHAPE_PRIV_H

#include <libpq-fe.h>

/* The first row whose first columns are these; count 1 to 3. -1: there is none. */
int shape_find(const PGresult *rows, const char *const *keys, int count);

/* The row behind it, if its first columns are still these; else -1. */
int shape_next(const PGresult *rows, int row, const char *const *keys, int count);

/* "" where there is none. */
const char *shape_text(const PGresult *rows, int row, int column);

#endif
