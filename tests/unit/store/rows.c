/* See rows.h. */
#include "unit/store/rows.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "store/look_priv.h"

PGresult *rows_of(int columns, int rows, const char *const *cells)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc descriptions[16];

    static char name[] = "column";

    memset(descriptions, 0, sizeof descriptions);
    for (int i = 0; i < columns; i++)
        descriptions[i].name = name;
    cr_assert_eq(PQsetResultAttrs(result, columns, descriptions), 1);
    for (int i = 0; i < rows * columns; i++) {
        const char *cell = cells[i];

        cr_assert_eq(PQsetvalue(result, i / columns, i % columns, (char *)(uintptr_t)cell,
                                cell != NULL ? (int)strlen(cell) : -1),
                     1);
    }
    return result;
}

PGresult *rows_error(void)
{
    return PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);
}

static unsigned find_question(const struct look *look, const char *name)
{
    struct look_query query;

    for (unsigned i = 0; i < look_query_count(look); i++) {
        look_query_at(look, i, &query);
        if (strcmp(query.name, name) == 0)
            return i;
    }
    cr_assert_fail("nothing asks for %s", name);
    return 0;
}

void rows_answer(struct look *look, const char *question, int columns, int rows,
                 const char *const *cells)
{
    PGresult *result = rows_of(columns, rows, cells);

    cr_assert(look_take(look, find_question(look, question), result));
    PQclear(result);
}

void rows_facts(struct look *look, const char *system_id, const char *database)
{
    const char *const cells[] = { system_id,          database, "150020", "1", "f", "f",
                                  "1700000000000000", "f",      "f",      "f", "f", "f" };

    rows_answer(look, "facts", 12, 1, cells);
}
