/* See column_type_priv.h. Called by the contract. */
#include "store/column_type_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/slice.h"

static const struct {
    const char *name;
    const char *canonical;
} aliases[] = {
    { "int", "integer" },
    { "int4", "integer" },
    { "serial", "integer" },
    { "int8", "bigint" },
    { "bigserial", "bigint" },
    { "int2", "smallint" },
    { "smallserial", "smallint" },
    { "varchar", "character varying" },
    { "char", "character" },
    { "bpchar", "character" },
    { "bool", "boolean" },
    { "decimal", "numeric" },
    { "float8", "double precision" },
    { "float", "double precision" },
    { "float4", "real" },
    { "varbit", "bit varying" },
    { "timestamptz", "timestamp with time zone" },
    { "timestamp", "timestamp without time zone" },
    { "timetz", "time with time zone" },
    { "time", "time without time zone" },
};

/* Lower case and single spaces; what stands in double quotes stays as it is. */
static bool clean(const char *text, char *out, size_t size)
{
    size_t len = 0;
    bool is_quoted = false;

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (len + 2 > size || iscntrl(byte))
            return false;
        if (byte == '"')
            is_quoted = !is_quoted;
        if (byte == ' ' && !is_quoted && (len == 0 || out[len - 1] == ' '))
            continue;
        out[len++] = is_quoted ? (char)byte : (char)tolower(byte);
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
    return !is_quoted;
}

static unsigned cut_dimensions(char *text)
{
    size_t len = strlen(text);
    unsigned count = 0;

    while (len > 2 && text[len - 1] == ']' && text[len - 2] == '[') {
        len -= 2;
        count++;
    }
    text[len] = '\0';
    return count;
}

/* "(10, 2)" out of the middle; false: the parentheses do not fit. */
static bool cut_modifiers(char *text, struct column_type *out)
{
    char *open = strchr(text, '(');
    char *close = open != NULL ? strchr(open, ')') : NULL;
    size_t len = 0;

    if (open == NULL)
        return strchr(text, ')') == NULL;
    if (close == NULL || close == open + 1 || open == text)
        return false;
    for (const char *at = open + 1; at < close; at++) {
        if (*at == ' ')
            continue;
        if ((!isdigit((unsigned char)*at) && *at != ',') || len + 1 >= sizeof out->modifiers)
            return false;
        out->modifiers[len++] = *at;
    }
    while (open > text && open[-1] == ' ')
        open--;
    memmove(open, close + 1, strlen(close + 1) + 1);
    return strchr(text, '(') == NULL && strchr(text, ')') == NULL;
}

int column_type_parse(const char *text, struct column_type *out)
{
    struct column_type type = { 0 };

    if (!clean(text, type.base, sizeof type.base))
        return ERR_INVALID;
    type.dimensions = cut_dimensions(type.base);
    if (!cut_modifiers(type.base, &type) || type.base[0] == '\0')
        return ERR_INVALID;
    if (strncmp(type.base, "pg_catalog.", 11) == 0)
        memmove(type.base, type.base + 11, strlen(type.base + 11) + 1);
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcmp(type.base, aliases[i].name) == 0)
            snprintf(type.base, sizeof type.base, "%s", aliases[i].canonical);
    *out = type;
    return 0;
}

/* The server leaves the schema out when it is on its search path. */
static bool has_same_base(const char *a, const char *b)
{
    const char *dot_a = strrchr(a, '.');
    const char *dot_b = strrchr(b, '.');

    if ((dot_a == NULL) == (dot_b == NULL))
        return strcmp(a, b) == 0;
    return strcmp(dot_a != NULL ? dot_a + 1 : a, dot_b != NULL ? dot_b + 1 : b) == 0;
}

static bool is_one_of(const char *base, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(base, names[i]) == 0)
            return true;
    return false;
}

/* "12,2" holds what "10,2" does: more digits before the point, as many behind it. */
static bool holds_numeric(const char *is, const char *wanted)
{
    const char *scale_is = strchr(is, ',');
    const char *scale_wanted = strchr(wanted, ',');
    long behind_is = scale_is != NULL ? strtol(scale_is + 1, NULL, 10) : 0;
    long behind_wanted = scale_wanted != NULL ? strtol(scale_wanted + 1, NULL, 10) : 0;

    return behind_is == behind_wanted && strtol(is, NULL, 10) >= strtol(wanted, NULL, 10);
}

static bool holds_modifiers(const struct column_type *is, const struct column_type *wanted)
{
    static const char *const growing[] = {
        "character varying",
        "timestamp with time zone",
        "timestamp without time zone",
        "time with time zone",
        "time without time zone",
        "bit varying",
        "interval",
    };

    if (wanted->modifiers[0] == '\0' || strcmp(is->modifiers, wanted->modifiers) == 0)
        return true;
    if (strcmp(is->base, "numeric") == 0)
        return is->modifiers[0] == '\0' || holds_numeric(is->modifiers, wanted->modifiers);
    if (!is_one_of(is->base, growing, sizeof growing / sizeof growing[0]))
        return false;
    return is->modifiers[0] == '\0' ||
           strtol(is->modifiers, NULL, 10) >= strtol(wanted->modifiers, NULL, 10);
}

bool column_type_serves(const struct column_type *is, const struct column_type *wanted)
{
    bool is_text = strcmp(is->base, "text") == 0;
    bool wants_text = strcmp(wanted->base, "text") == 0;

    if (is->dimensions != wanted->dimensions)
        return false;
    if (is->dimensions == 0 && is_text && strcmp(wanted->base, "character varying") == 0)
        return true;
    if (is->dimensions == 0 && wants_text && strcmp(is->base, "character varying") == 0)
        return is->modifiers[0] == '\0';
    return has_same_base(is->base, wanted->base) && holds_modifiers(is, wanted);
}
