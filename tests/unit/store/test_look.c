/* What is asked of a database, and what is taken from its answers. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "store/look_priv.h"
#include "unit/store/rows.h"

static const char *const environments[] = { "blue", "green" };

static struct look *look_with(enum look_history history)
{
    const struct look_wishes wishes = {
        .history = history,
        .history_sql = "SELECT 1",
        .environments = environments,
        .environment_count = 2,
    };
    struct look *look = look_new(&wishes);

    rows_facts(look, "7000", "shop");
    return look;
}

Test(look, asks_only_what_is_wished)
{
    const struct look_wishes nothing = { 0 };
    const struct look_wish_assertion assertion = { .name = "rows", .sql = "SELECT true" };
    const struct look_wishes all = {
        .history = LOOK_HISTORY_AUTO,
        .subscription = "sub",
        .replication_slot = "slot_of_shop",
        .has_heartbeat = true,
        .has_shape = true,
        .has_integrity = true,
        .assertions = &assertion,
        .assertion_count = 1,
    };
    struct look *look = look_new(&nothing);
    struct look_query query;

    cr_expect_eq(look_query_count(look), 1);
    look_query_at(look, 0, &query);
    cr_expect_str_eq(query.name, "facts");
    cr_expect_not(look_shape(look)->is_asked);
    look_free(look);
    look = look_new(&all);
    cr_expect_eq(look_query_count(look), 15);
    look_query_at(look, 1, &query);
    cr_expect_str_eq(query.params[0], "slot_of_shop");
    cr_expect_eq(query.param_count, 1);
    look_query_at(look, 14, &query);
    cr_expect_str_eq(query.name, "rows");
    cr_expect_str_eq(query.sql, "SELECT true");
    cr_expect(look_shape(look)->is_asked);
    cr_expect_not(look_shape(look)->is_known);
    look_free(look);
    look_free(NULL);
}

Test(look, never_writes_one_nonce_twice)
{
    const struct look_wishes wishes = { .replication_slot = "s", .has_heartbeat = true };
    struct look *one = look_new(&wishes);
    struct look *two = look_new(&wishes);
    struct look_query first;
    struct look_query second;

    look_query_at(one, 2, &first);
    look_query_at(two, 2, &second);
    cr_expect_str_eq(first.name, "heartbeat");
    cr_expect_str_neq(first.params[0], second.params[0]);
    look_free(one);
    look_free(two);
}

Test(look, is_over_without_facts)
{
    const struct look_wishes wishes = { 0 };
    struct look *look = look_new(&wishes);
    PGresult *error = rows_error();
    PGresult *empty = rows_of(12, 0, NULL);

    cr_expect_not(look_take(look, 0, NULL));
    cr_expect_str_eq(look_facts(look)->note.words, "the database did not answer");
    cr_expect_not(look_take(look, 0, error));
    cr_expect_not(look_facts(look)->note.is_known);
    cr_expect_not(look_take(look, 0, empty));
    cr_expect_str_eq(look_facts(look)->note.words, "it says nothing about itself");
    PQclear(error);
    PQclear(empty);
    rows_facts(look, "7000", "shop");
    cr_expect_str_eq(look_facts(look)->system_id, "7000");
    cr_expect_eq(look_facts(look)->server_version, 150020);
    look_free(look);
}

Test(look, takes_a_null_for_unknown)
{
    const struct look_wishes wishes = { .has_integrity = true, .subscription = "sub" };
    struct look *look = look_new(&wishes);
    const char *const counters[] = { "t", "t", NULL, "0", "0" };
    const char *const nobody[] = { NULL, NULL };

    rows_facts(look, "7000", "shop");
    rows_answer(look, "subscription", 5, 1, counters);
    cr_expect_not(look_subscriber(look)->note.is_known);
    cr_expect_str_eq(look_subscriber(look)->note.words,
                     "the server does not tell its apply errors");
    rows_answer(look, "invalid indexes", 2, 1, nobody);
    cr_expect_not(look_invalid_indexes(look)->note.is_known);
    rows_answer(look, "subscription", 5, 0, NULL);
    cr_expect_str_eq(look_subscriber(look)->note.words,
                     "there is no subscription sub in this database");
    look_free(look);
}

Test(look, measures_what_is_behind)
{
    const struct look_wishes wishes = { .replication_slot = "s", .has_heartbeat = true };
    struct look *look = look_new(&wishes);
    const char *const good[] = { "t", "streaming", "reserved", "4096", "8192", "9000", NULL };
    const char *const idle[] = { "f", NULL, "lost", NULL, NULL, NULL, NULL };
    const char *const blind[] = { "t", NULL, "reserved", NULL, "1", "1", NULL };

    rows_facts(look, "7000", "shop");
    rows_answer(look, "replication slot", 7, 1, good);
    cr_expect(look_publisher(look)->note.is_known);
    cr_expect_eq(look_publisher(look)->apply_bytes, 4096);
    cr_expect_eq(look_publisher(look)->replay_us, -1);
    rows_answer(look, "replication slot", 7, 1, idle);
    cr_expect(look_publisher(look)->note.is_known);
    cr_expect_not(look_publisher(look)->is_active);
    cr_expect_eq(look_publisher(look)->apply_bytes, -1);
    cr_expect_str_eq(look_publisher(look)->wal_status, "lost");
    rows_answer(look, "replication slot", 7, 1, blind);
    cr_expect_not(look_publisher(look)->note.is_known);
    look_free(look);
}

static void answer_errors(struct look *look, const char *apply_errors)
{
    const char *const cells[] = { "t", "t", apply_errors, "0", "0" };

    rows_facts(look, "7000", "shop");
    rows_answer(look, "subscription", 5, 1, cells);
}

Test(look, remembers_when_errors_grew)
{
    const struct look_wishes wishes = { .subscription = "sub" };
    struct look *looks[5];

    for (int i = 0; i < 5; i++)
        looks[i] = look_new(&wishes);
    answer_errors(looks[0], "3");
    look_follow(looks[0], NULL, 0);
    cr_expect_eq(look_subscriber(looks[0])->error_age_us, UINT64_MAX);
    answer_errors(looks[1], "3");
    look_follow(looks[1], looks[0], 1000);
    cr_expect_eq(look_subscriber(looks[1])->error_age_us, UINT64_MAX);
    answer_errors(looks[2], "4");
    look_follow(looks[2], looks[1], 1000);
    cr_expect_eq(look_subscriber(looks[2])->error_age_us, 0);
    look_follow(looks[3], looks[2], 1000); /* it was not answered */
    cr_expect_eq(look_subscriber(looks[3])->error_age_us, 1000);
    cr_expect_eq(look_subscriber(looks[3])->apply_errors, 4);
    answer_errors(looks[4], "4");
    look_follow(looks[4], looks[3], 1000);
    cr_expect_eq(look_subscriber(looks[4])->error_age_us, 2000);
    for (int i = 0; i < 5; i++)
        look_free(looks[i]);
}

Test(look, knows_versions_of_each_slot)
{
    struct look *look = look_with(LOOK_HISTORY_OWN);
    const char *const cells[] = {
        "blue",  "v1.2.0", NULL,         NULL,   "green", "v1.10.0", NULL, "v1.2", /**/
        "green", "v1.9",   NULL,         "1.1",  "other", "v7",      NULL, NULL,   /**/
        "green", "v2.0",   "has failed", "v9.9",
    };
    struct look_versions found;

    rows_answer(look, "versions", 4, 5, cells);
    look_versions(look, "blue", &found);
    cr_expect_str_eq(found.version, "v1.2.0");
    cr_expect_eq(found.bad_count, 0);
    look_versions(look, "green", &found);
    cr_expect_str_eq(found.version, "v1.10.0");
    cr_expect_str_eq(found.contract_after, "v1.2");
    cr_expect_eq(found.bad_count, 1);
    cr_expect_str_eq(found.bad, "v2.0");
    cr_expect_str_eq(found.bad_words, "has failed");
    look_versions(look, "", &found);
    cr_expect_str_eq(found.version, "v1.10.0");
    look_free(look);
}

Test(look, takes_versions_of_one_database_where_no_slot_has_any)
{
    struct look *look = look_with(LOOK_HISTORY_SOURCE);
    const char *const cells[] = { "production", "1.4", NULL, NULL };
    struct look_versions found;

    rows_answer(look, "versions", 4, 1, cells);
    look_versions(look, "green", &found);
    cr_expect(found.is_found);
    cr_expect_str_eq(found.version, "1.4");
    rows_answer(look, "versions", 4, 0, NULL);
    look_versions(look, "green", &found);
    cr_expect(found.note.is_known);
    cr_expect_not(found.is_found);
    look_free(look);
}

Test(look, names_unfinished_migrations)
{
    struct look *look = look_with(LOOK_HISTORY_PRISMA);
    const char *const cells[] = {
        NULL, "20240101000000_init", NULL,
        NULL, /**/
        NULL, "20240201000000_more", "is not finished",
        NULL,
    };
    struct look_versions found;

    rows_answer(look, "versions", 4, 2, cells);
    look_versions(look, "blue", &found);
    cr_expect_str_eq(found.version, "20240101000000_init");
    cr_expect_str_eq(found.bad, "20240201000000_more");
    cr_expect_str_eq(found.bad_words, "is not finished");
    look_free(look);
}

Test(look, takes_versions_from_a_statement_of_the_user)
{
    struct look *look = look_with(LOOK_HISTORY_SQL);
    const char *const pairs[] = { "3", "blue", "12", "green" };
    const char *const plain[] = { "3", "12" };
    struct look_versions found;

    rows_answer(look, "versions", 2, 2, pairs);
    look_versions(look, "blue", &found);
    cr_expect_str_eq(found.version, "3");
    look_free(look);
    look = look_with(LOOK_HISTORY_SQL);
    rows_answer(look, "versions", 1, 2, plain);
    look_versions(look, "blue", &found);
    cr_expect_str_eq(found.version, "12");
    look_free(look);
}

/* The last five facts say which tables are there. */
Test(look, finds_the_table_of_versions_that_is_there)
{
    static const struct {
        const char *tables[5];
        const char *sql; /* a part of the statement */
    } cases[] = {
        { { "t", "f", "f", "t", "t" }, "switchyard_control.schema_versions" },
        { { "f", "t", "t", "f", "f" }, "contract_after FROM schema_versions" },
        { { "f", "f", "t", "t", "f" }, "NULL, NULL FROM schema_versions" },
        { { "f", "f", "f", "t", "t" }, "flyway_schema_history" },
        { { "f", "f", "f", "f", "t" }, "_prisma_migrations" },
        { { "f", "f", "f", "f", "f" }, "switchyard_control.schema_versions" },
    };
    const struct look_wishes wishes = { .history = LOOK_HISTORY_AUTO };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *cells[] = {
            "1", "d", "150000", "1", "f", "f", "1", NULL, NULL, NULL, NULL, NULL
        };
        struct look *look = look_new(&wishes);
        struct look_query query;

        memcpy(cells + 7, cases[i].tables, sizeof cases[i].tables);
        rows_answer(look, "facts", 12, 1, cells);
        look_query_at(look, 1, &query);
        cr_expect_not_null(strstr(query.sql, cases[i].sql), "%zu: %s", i, query.sql);
        look_free(look);
    }
}

Test(look, judges_assertions_by_their_value)
{
    static const struct {
        const char *value;
        bool is_known;
        bool is_true;
    } cases[] = {
        { "t", true, true },      { "true", true, true }, { "f", true, false },
        { "false", true, false }, { "0", true, true },    { "17", true, false },
        { "-1", true, false },    { NULL, false, false }, { "yes", false, false },
    };
    const struct look_wish_assertion wish = { .name = "mine", .sql = "SELECT true" };
    const struct look_wish_assertion compared = { .name = "both", .sql = "x", .is_compared = true };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct look_wishes wishes = { .assertions = &wish, .assertion_count = 1 };
        struct look *look = look_new(&wishes);

        rows_answer(look, "mine", 1, 1, &cases[i].value);
        cr_expect_eq(look_assertion_at(look, 0)->note.is_known, cases[i].is_known, "%zu", i);
        cr_expect_eq(look_assertion_at(look, 0)->is_true, cases[i].is_true, "%zu", i);
        look_free(look);
    }
    {
        const struct look_wishes wishes = { .assertions = &compared, .assertion_count = 1 };
        struct look *look = look_new(&wishes);
        const char *const cells[] = { "abc" };

        cr_expect_eq(look_assertion_count(look), 1);
        rows_answer(look, "both", 1, 1, cells);
        cr_expect(look_assertion_at(look, 0)->note.is_known);
        cr_expect_str_eq(look_assertion_at(look, 0)->value, "abc");
        rows_answer(look, "both", 1, 0, NULL);
        cr_expect_not(look_assertion_at(look, 0)->note.is_known);
        look_free(look);
    }
}

Test(look, is_without_a_shape_when_a_part_of_it_is_missing)
{
    const struct look_wishes wishes = { .has_shape = true };
    struct look *look = look_new(&wishes);
    const char *const column[] = { "public", "t", "c", "text", "f", "f", "f", "r" };
    const char *const index[] = { "public", "i", "t", "t" };

    rows_facts(look, "7000", "shop");
    rows_answer(look, "columns", 8, 1, column);
    cr_expect(look_take(look, 2, NULL)); /* enums */
    rows_answer(look, "indexes", 4, 1, index);
    rows_answer(look, "functions", 3, 0, NULL);
    cr_expect_not(look_shape(look)->is_known);
    cr_expect_str_eq(look_shape(look)->words, "the database did not answer");
    look_free(look);
}
