/* See shape_priv.h. */
#include "store/shape_priv.h"

#include <string.h>

const char *shape_text(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) == 1 ? "" : PQgetvalue(rows, row, column);
}

static int compare(const PGresult *rows, int row, const char *const *keys, int count)
{
    int order = 0;

    for (int i = 0; i < count && order == 0; i++)
        order = strcmp(shape_text(rows, row, i), keys[i]);
    return order;
}

int shape_find(const PGresult *rows, const char *const *keys, int count)
{
    int low = 0;
    int high = PQntuples(rows);

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (compare(rows, middle, keys, count) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < PQntuples(rows) && compare(rows, low, keys, count) == 0 ? low : -1;
}

int shape_next(const PGresult *rows, int row, const char *const *keys, int count)
{
    row++;
    return row < PQntuples(rows) && compare(rows, row, keys, count) == 0 ? row : -1;
}
