/* Which functions are volatile: see volatility_priv.h. */
#include "lint/volatility_priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const stable[] = {
#include "lint/stable_function.def"
};

static const char *const harmless[] = {
    "clock_timestamp", "currval",    "gen_random_uuid", "lastval",
    "random",          "set_config", "setseed",         "timeofday",
};

static int compare(const void *name, const void *row)
{
    return strcmp(name, *(const char *const *)row);
}

static bool is_builtin(struct sql_name name)
{
    return name.schema[0] == '\0' || strcmp(name.schema, "pg_catalog") == 0;
}

bool volatility_is_stable(struct sql_name name)
{
    return is_builtin(name) && bsearch(name.name, stable, sizeof stable / sizeof stable[0],
                                       sizeof stable[0], compare) != NULL;
}

bool volatility_is_harmless(struct sql_name name)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (is_builtin(name) && strcmp(name.name, harmless[i]) == 0)
            return true;
    return false;
}
