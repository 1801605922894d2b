/* The book of rollbacks in the state: there and back, and what is refused. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "deploy/state_rollbacks_priv.h"

static int read(const char *json, struct book *out)
{
    cJSON *service = cJSON_Parse(json);
    int err = 0;

    cr_assert_not_null(service, "%s", json);
    err = state_rollbacks_decode(service, out);
    cJSON_Delete(service);
    return err;
}

Test(state_rollbacks, comes_back_as_it_was)
{
    struct book book = { .rollback_count = 2,
                         .rollbacks_ms = { 1700000000001, 1700000000002 },
                         .blocked_count = 2,
                         .blocked = { "v\"1", "green" } };
    struct book again = { 0 };
    struct text text;

    text_init(&text, 10000);
    text_add(&text, "{\"name\":\"shop\"");
    state_rollbacks_encode(&book, &text);
    text_add(&text, "}");
    cr_assert_eq(read(text.bytes, &again), 0, "%s", text.bytes);
    cr_expect_eq(memcmp(&book, &again, sizeof book), 0);
    text_fini(&text);
}

Test(state_rollbacks, empty_one_is_not_written)
{
    struct book book = { 0 };
    struct text text;

    text_init(&text, 1000);
    state_rollbacks_encode(&book, &text);
    cr_expect_eq(text.len, 0);
    cr_expect(state_rollbacks_is_empty(&book));
    cr_expect_eq(read("{\"name\":\"shop\"}", &book), 0);
    text_fini(&text);
}

Test(state_rollbacks, what_does_not_fit_is_refused)
{
    static const char *const cases[] = {
        "{\"book\":7}",
        "{\"book\":{}}",
        "{\"book\":{\"rollbacks\":[]}}",
        "{\"book\":{\"rollbacks\":[],\"blocked\":{}}}",
        "{\"book\":{\"rollbacks\":[1],\"blocked\":[]}}",
        "{\"book\":{\"rollbacks\":[{\"ms\":-1}],\"blocked\":[]}}",
        "{\"book\":{\"rollbacks\":[],\"blocked\":[{\"version\":\"\"}]}}",
        "{\"book\":{\"rollbacks\":[],\"blocked\":[{}]}}",
    };
    struct book book = { .rollback_count = 1 };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_neq(read(cases[i], &book), 0, "%s", cases[i]);
        cr_expect_eq(book.rollback_count, 1);
    }
}

Test(state_rollbacks, more_than_there_is_room_for_is_refused)
{
    struct book book = { 0 };
    struct text text;

    text_init(&text, 10000);
    text_add(&text, "{\"book\":{\"rollbacks\":[{\"ms\":1}");
    for (int i = 0; i < BOOK_ROLLBACKS; i++)
        text_add(&text, ",{\"ms\":1}");
    text_add(&text, "],\"blocked\":[]}}");
    cr_expect_eq(read(text.bytes, &book), ERR_RANGE);
    text_clear(&text);
    text_add(&text, "{\"book\":{\"rollbacks\":[],\"blocked\":[{\"version\":\"a\"}");
    for (int i = 0; i < BOOK_VERSIONS; i++)
        text_add(&text, ",{\"version\":\"a\"}");
    text_add(&text, "]}}");
    cr_expect_eq(read(text.bytes, &book), ERR_RANGE);
    text_fini(&text);
}
