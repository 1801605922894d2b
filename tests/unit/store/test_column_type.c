/* Types as people and as the catalog write them. */
#include <criterion/criterion.h>

#include "base/err.h"
#include "store/column_type_priv.h"

static bool serves(const char *is_text, const char *wanted_text)
{
    struct column_type is;
    struct column_type wanted;

    cr_assert_eq(column_type_parse(is_text, &is), 0, "%s", is_text);
    cr_assert_eq(column_type_parse(wanted_text, &wanted), 0, "%s", wanted_text);
    return column_type_serves(&is, &wanted);
}

Test(column_type, knows_the_same_type_by_its_names)
{
    static const char *const pairs[][2] = {
        { "integer", "int" },
        { "character varying(60)", "varchar(60)" },
        { "character varying(60)", "VARCHAR ( 60 )" },
        { "timestamp with time zone", "timestamptz" },
        { "timestamp(3) with time zone", "timestamptz(3)" },
        { "timestamp without time zone", "timestamp" },
        { "numeric(10,2)", "decimal(10, 2)" },
        { "integer[]", "int4[]" },
        { "character varying(20)[]", "varchar(20)[]" },
        { "order_status", "shop.order_status" },
        { "shop.order_status", "order_status" },
        { "\"Strange Type\"", "\"Strange Type\"" },
        { "double precision", "float8" },
        { "character(3)", "char(3)" },
        { "bigint", "bigserial" },
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        cr_expect(serves(pairs[i][0], pairs[i][1]), "%s for %s", pairs[i][0], pairs[i][1]);
}

Test(column_type, takes_what_holds_more)
{
    static const char *const pairs[][2] = {
        { "character varying(40)", "varchar(20)" },
        { "text", "varchar(20)" },
        { "character varying", "text" },
        { "numeric(12,2)", "numeric(10,2)" },
        { "numeric", "numeric(10,2)" },
        { "character varying(9)", "varchar" },
        { "timestamp(6) with time zone", "timestamptz(3)" },
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        cr_expect(serves(pairs[i][0], pairs[i][1]), "%s for %s", pairs[i][0], pairs[i][1]);
}

Test(column_type, refuses_what_holds_less_or_other_things)
{
    static const char *const pairs[][2] = {
        { "bigint", "integer" },
        { "integer", "bigint" },
        { "character varying(10)", "varchar(20)" },
        { "character varying(10)", "text" },
        { "numeric(12,3)", "numeric(10,2)" },
        { "numeric(8,2)", "numeric(10,2)" },
        { "integer[]", "integer" },
        { "timestamp without time zone", "timestamptz" },
        { "character(4)", "char(3)" },
        { "audit.order_status", "shop.order_status" },
        { "\"status\"", "\"Status\"" },
        { "json", "jsonb" },
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        cr_expect_not(serves(pairs[i][0], pairs[i][1]), "%s for %s", pairs[i][0], pairs[i][1]);
}

Test(column_type, refuses_what_is_no_type)
{
    static const char *const bad[] = { "",    " ",          "varchar(", "varchar)", "varchar()",
                                       "(3)", "varchar(x)", "a(1)b(2)", "\"open",   "int\n" };
    struct column_type type;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(column_type_parse(bad[i], &type), ERR_INVALID, "'%s'", bad[i]);
}
