/* Contracts beside what is there. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/contract.h"
#include "store/look_priv.h"
#include "unit/store/rows.h"

/* schema, table, column, type, not null, default, generated, kind */
static const char *const columns[] = {
    "public", "events", NULL,      NULL,
    NULL,     NULL,     NULL,      "r", /**/
    "public", "orders", "channel", "text",
    "t",      "f",      "f",       "r", /**/
    "public", "orders", "id",      "bigint",
    "t",      "t",      "f",       "r", /**/
    "public", "orders", "note",    "character varying(40)",
    "f",      "f",      "f",       "r", /**/
    "public", "orders", "status",  "order_status",
    "t",      "t",      "f",       "r", /**/
    "public", "totals", "n",       "bigint",
    "f",      "f",      "f",       "v", /**/
};
static const char *const enums[] = { "public", "order_status", "new",
                                     "public", "order_status", "paid" };
static const char *const indexes[] = { "public", "orders_bad", "orders", "f",
                                       "public", "orders_idx", "orders", "t" };
static const char *const functions[] = { "public", "price", "integer", "public", "price", "text" };

static struct look *look_at_shop(void)
{
    const struct look_wishes wishes = { .has_shape = true };
    struct look *look = look_new(&wishes);

    rows_facts(look, "7000", "shop");
    rows_answer(look, "columns", 8, 6, columns);
    rows_answer(look, "enums", 3, 2, enums);
    rows_answer(look, "indexes", 4, 2, indexes);
    rows_answer(look, "functions", 3, 2, functions);
    cr_assert(look_shape(look)->is_known);
    return look;
}

/* The words about a contract whose members are these; "": it holds. */
static size_t judge(const char *members, char *words, size_t size)
{
    struct look *look = look_at_shop();
    struct contract *contract = NULL;
    struct text text;
    char json[2048];
    size_t failures = 0;

    snprintf(json, sizeof json, "{\"format\":1,%s}", members);
    text_init(&text, 4096);
    cr_assert_eq(contract_parse(slice_from(json), "x", &contract, &text), 0, "%s", text.bytes);
    failures = contract_judge(contract, look, &text);
    snprintf(words, size, "%s", text.len > 0 ? text.bytes : "");
    text_fini(&text);
    contract_free(contract);
    look_free(look);
    return failures;
}

#define TABLE(columns) "\"needs\":{\"tables\":{\"orders\":{" columns "}}}"
#define TOLERANT       ",\"tolerates\":{\"columns\":[\"orders.channel\"]}"

Test(contract_judge, passes_what_is_there)
{
    static const char *const cases[] = {
        TABLE("\"columns\":{\"id\":\"bigint\",\"channel\":\"text\",\"note\":\"varchar(20)\"}"),
        TABLE("\"columns\":{\"id\":\"bigint\"}") TOLERANT,
        TABLE("\"columns\":{\"id\":\"bigint\"},\"writes\":false"),
        TABLE("\"indexes\":[\"orders_idx\"]"),
        TABLE("\"columns\":{\"note\":{\"nullable\":true,\"default\":false}}") TOLERANT,
        TABLE("\"columns\":{\"status\":{\"type\":\"public.order_status\",\"default\":true}}")
            TOLERANT,
        "\"needs\":{\"tables\":{\"events\":{},\"totals\":{\"columns\":{\"n\":{\"type\":\"bigint\","
        "\"nullable\":false}}}}}",
        "\"needs\":{\"enums\":{\"order_status\":[\"paid\",\"new\"]}}",
        "\"needs\":{\"enums\":{\"order_status\":{\"labels\":[\"paid\"],\"closed\":true}}},"
        "\"tolerates\":{\"enums\":{\"order_status\":[\"new\"]}}",
        "\"needs\":{\"functions\":[\"price\",\"price(int)\"],\"indexes\":[\"orders_idx\"]}",
        "\"forbids\":{\"tables\":[\"legacy\"],\"columns\":[\"orders.old\"],\"functions\":[\"f\"],"
        "\"enums\":{\"order_status\":[\"dead\"]},\"indexes\":[\"i\"]}",
    };
    char words[4096];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(judge(cases[i], words, sizeof words), 0, "%s gives: %s", cases[i], words);
}

Test(contract_judge, names_the_object_that_is_wrong)
{
    static const struct {
        const char *members;
        const char *words;
    } cases[] = {
        { TABLE("\"columns\":{\"gone\":\"int\"}") TOLERANT,
          "column public.orders.gone is missing" },
        { TABLE("\"columns\":{\"id\":\"int\"}") TOLERANT,
          "column public.orders.id is bigint, the release needs integer" },
        { TABLE("\"columns\":{\"note\":\"text\"}") TOLERANT, "needs text" },
        { TABLE("\"columns\":{\"note\":{\"nullable\":false}}") TOLERANT, "may be NULL" },
        { TABLE("\"columns\":{\"id\":{\"nullable\":true}}") TOLERANT, "is NOT NULL" },
        { TABLE("\"columns\":{\"note\":{\"default\":true}}") TOLERANT, "has no default" },
        { TABLE("\"columns\":{\"id\":{\"default\":false}}") TOLERANT, "has a default" },
        { TABLE("\"columns\":{\"id\":\"bigint\"}"),
          "column public.orders.channel is NOT NULL without a default" },
        { TABLE("\"indexes\":[\"orders_bad\"]"), "index public.orders_bad is invalid" },
        { TABLE("\"indexes\":[\"none\"]"), "index public.none on orders is missing" },
        { "\"needs\":{\"tables\":{\"shop.orders\":{}}}", "table shop.orders is missing" },
        { "\"needs\":{\"tables\":{\"gone\":{\"columns\":{\"id\":\"int\"}}}}",
          "table public.gone is missing" },
        { "\"needs\":{\"enums\":{\"order_status\":[\"refunded\"]}}",
          "enum public.order_status has no label 'refunded'" },
        { "\"needs\":{\"enums\":{\"kind\":[\"a\"]}}", "enum public.kind is missing" },
        { "\"needs\":{\"enums\":{\"order_status\":{\"labels\":[\"new\"],\"closed\":true}}}",
          "has the label 'paid', which the release does not know" },
        { "\"needs\":{\"functions\":[\"price(int, int)\"]}",
          "function public.price(integer, integer) is missing" },
        { "\"needs\":{\"functions\":[\"cost\"]}", "function public.cost is missing" },
        { "\"forbids\":{\"tables\":[\"orders\"]}", "table public.orders must not be there" },
        { "\"forbids\":{\"columns\":[\"orders.note\"]}", "column public.orders.note must not" },
        { "\"forbids\":{\"enums\":{\"order_status\":[\"paid\"]}}",
          "must not have the label 'paid'" },
        { "\"forbids\":{\"indexes\":[\"orders_idx\"]}", "index public.orders_idx must not" },
        { "\"forbids\":{\"functions\":[\"price(text)\"]}", "function public.price must not" },
    };
    char words[4096];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(judge(cases[i].members, words, sizeof words), 1, "%s gives: %s",
                     cases[i].members, words);
        cr_expect_not_null(strstr(words, cases[i].words), "%s gives: %s", cases[i].members, words);
    }
}
