/* Gates and the light, from looks that are made up. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "store/contract.h"
#include "store/look_priv.h"
#include "store/word_priv.h"
#include "unit/store/rows.h"

enum { SECOND = 1000 * 1000 };

static const struct look_wish_assertion assertions[] = {
    { .name = "balanced", .sql = "SELECT true" },
    { .name = "orders", .sql = "SELECT 1", .is_compared = true },
};
static const struct look_wishes wishes = {
    .history = LOOK_HISTORY_OWN,
    .has_shape = true,
    .has_integrity = true,
    .assertions = assertions,
    .assertion_count = 2,
};
static const char *const none[] = { "0", NULL };

/* A database that has table t with column a, and nothing wrong. */
static struct look *look_healthy(const char *system_id)
{
    static const char *const column[] = { "public", "t", "a", "integer", "f", "f", "f", "r" };
    static const char *const version[] = { NULL, "1.4.0", NULL, NULL };
    static const char *const yes[] = { "t" };
    static const char *const count[] = { "17" };
    struct look *look = look_new(&wishes);

    rows_facts(look, system_id, "shop");
    rows_answer(look, "versions", 4, 1, version);
    rows_answer(look, "columns", 8, 1, column);
    rows_answer(look, "enums", 3, 0, NULL);
    rows_answer(look, "indexes", 4, 0, NULL);
    rows_answer(look, "functions", 3, 0, NULL);
    rows_answer(look, "invalid indexes", 2, 1, none);
    rows_answer(look, "unvalidated constraints", 2, 1, none);
    rows_answer(look, "long transactions", 2, 1, none);
    rows_answer(look, "sequences", 2, 1, none);
    rows_answer(look, "balanced", 1, 1, yes);
    rows_answer(look, "orders", 1, 1, count);
    return look;
}

static struct contract *read_contract(const char *json)
{
    struct contract *contract = NULL;
    struct text words;

    text_init(&words, 1024);
    cr_assert_eq(contract_parse(slice_from(json), "c", &contract, &words), 0, "%s", words.bytes);
    text_fini(&words);
    return contract;
}

static struct word_side side_of(const char *slot, const struct look *look)
{
    return (struct word_side){
        .slot = slot,
        .version = "v1.4",
        .database = "main",
        .look = look,
        .age_us = SECOND,
        .trouble = "",
        .remedy = "",
    };
}

struct scene {
    struct look *look;
    struct word_side blue;
    struct word_side green;
    struct word_question question;
    struct word word;
};

static void set_up(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->look = look_healthy("7000");
    scene->blue = side_of("blue", scene->look);
    scene->green = side_of("green", scene->look);
    scene->question = (struct word_question){
        .to = &scene->green,
        .from = &scene->blue,
        .is_same_database = true,
        .has_integrity = true,
    };
}

static const struct word_finding *judge(struct scene *scene, enum word_gate gate)
{
    word_judge(&scene->question, &scene->word);
    return &scene->word.gates[gate];
}

static void expect(struct scene *scene, enum word_gate gate, enum word_answer answer,
                   const char *words)
{
    const struct word_finding *finding = judge(scene, gate);

    cr_expect(finding->is_asked, "%s", word_gate_name(gate));
    cr_expect_eq(finding->answer, answer, "%s: %s: %s", word_gate_name(gate),
                 word_answer_name(finding->answer), finding->words);
    cr_expect_not_null(strstr(finding->words, words), "%s: %s", word_gate_name(gate),
                       finding->words);
}

Test(word, passes_a_healthy_database)
{
    struct scene scene;

    set_up(&scene);
    judge(&scene, WORD_GATE_DATABASE);
    for (int i = 0; i < WORD_GATE_COUNT; i++)
        if (scene.word.gates[i].is_asked)
            cr_expect_eq(scene.word.gates[i].answer, WORD_PASS, "%s: %s", word_gate_name(i),
                         scene.word.gates[i].words);
    cr_expect(scene.word.gates[WORD_GATE_SAME_DATABASE].is_asked);
    cr_expect(scene.word.gates[WORD_GATE_ASSERTIONS].is_asked);
    cr_expect_not(scene.word.gates[WORD_GATE_CONTRACT].is_asked);
    cr_expect_not(scene.word.gates[WORD_GATE_REPLICATION].is_asked);
    look_free(scene.look);
}

Test(word, asks_nothing_of_slots_without_a_database)
{
    struct word_light light;
    struct scene scene;

    set_up(&scene);
    scene.blue.database = scene.green.database = NULL;
    judge(&scene, WORD_GATE_DATABASE);
    for (int i = 0; i < WORD_GATE_COUNT; i++)
        cr_expect_not(scene.word.gates[i].is_asked, "%s", word_gate_name(i));
    word_shine(&scene.question, &light);
    cr_expect_not(light.is_asked);
    look_free(scene.look);
}

Test(word, knows_nothing_from_an_old_look)
{
    struct word_light light;
    struct scene scene;

    set_up(&scene);
    scene.green.age_us = WORD_AGE_MAX_US + 1;
    expect(&scene, WORD_GATE_DATABASE, WORD_UNKNOWN, "was last seen 5.0 s ago");
    expect(&scene, WORD_GATE_INTEGRITY, WORD_UNKNOWN, "was last seen");
    expect(&scene, WORD_GATE_SAME_DATABASE, WORD_UNKNOWN, "was last seen");
    expect(&scene, WORD_GATE_ASSERTIONS, WORD_UNKNOWN, "was last seen");
    word_shine(&scene.question, &light);
    cr_expect_eq(light.answer, WORD_UNKNOWN);
    scene.green.look = NULL;
    scene.green.trouble = "connection refused";
    expect(&scene, WORD_GATE_DATABASE, WORD_UNKNOWN, "cannot be asked: connection refused");
    look_free(scene.look);
}

Test(word, tells_two_databases_apart)
{
    struct look *other = look_healthy("7001");
    struct scene scene;

    set_up(&scene);
    scene.blue.look = other;
    expect(&scene, WORD_GATE_SAME_DATABASE, WORD_FAIL, "is another database than blue");
    scene.question.is_same_database = false;
    judge(&scene, WORD_GATE_SAME_DATABASE);
    cr_expect_not(scene.word.gates[WORD_GATE_SAME_DATABASE].is_asked);
    look_free(other);
    other = look_healthy("7000");
    scene.blue.look = other; /* by another name */
    scene.question.is_same_database = true;
    expect(&scene, WORD_GATE_SAME_DATABASE, WORD_PASS, "both slots have shop of cluster 7000");
    look_free(other);
    look_free(scene.look);
}

Test(word, judges_versions_by_range)
{
    struct schema_range range;
    const char *why = NULL;
    struct scene scene;

    set_up(&scene);
    cr_assert_eq(schema_range_parse("1.3", &range, &why), 0);
    scene.green.schema = &range;
    expect(&scene, WORD_GATE_VERSION, WORD_PASS, "has version 1.4.0, green needs >=1.3");
    scene.question.is_strict = true;
    expect(&scene, WORD_GATE_VERSION, WORD_FAIL, "needs >=1.3 exactly");
    scene.question.is_strict = false;
    cr_assert_eq(schema_range_parse(">=1.5 <2", &range, &why), 0);
    expect(&scene, WORD_GATE_VERSION, WORD_FAIL, "has version 1.4.0, green needs >=1.5 <2");
    look_free(scene.look);
}

Test(word, stops_at_unfinished_migrations)
{
    static const char *const cells[] = { NULL, "1.4", NULL, NULL, NULL, "1.5", "has failed", NULL };
    struct scene scene;

    set_up(&scene);
    rows_answer(scene.look, "versions", 4, 2, cells);
    expect(&scene, WORD_GATE_VERSION, WORD_FAIL, "migration 1.5 of database main has failed");
    look_free(scene.look);
}

/* Nothing asks for a version, and yet a migration may have failed. */
Test(word, versions_that_cannot_be_read_are_unknown_and_none_are_nothing)
{
    const struct look_wishes own = { .history = LOOK_HISTORY_OWN };
    const struct look_wishes any = { .history = LOOK_HISTORY_AUTO };
    struct look *denied = look_new(&own);
    struct look *without = look_new(&any);
    struct word_question question = { 0 };
    struct word_side side = side_of("green", denied);
    struct word_finding finding = { 0 };

    rows_facts(denied, "1", "shop");
    rows_facts(without, "1", "shop");
    word_check_version(&question, &side, &finding);
    cr_expect(finding.is_asked);
    cr_expect_eq(finding.answer, WORD_UNKNOWN);
    cr_expect_not_null(strstr(finding.words, "versions of database main are not known"), "%s",
                       finding.words);
    side.look = without;
    finding = (struct word_finding){ 0 };
    word_check_version(&question, &side, &finding);
    cr_expect_not(finding.is_asked, "no table of versions: %s", finding.words);
    look_free(denied);
    look_free(without);
}

/* It is trouble of both sides: what it did is not known, and nobody is held there by it. */
Test(word, holds_nobody_up_on_the_way_back_for_a_migration_that_failed)
{
    static const char *const cells[] = { NULL, "1.4", NULL, NULL, NULL, "1.5", "has failed", NULL };
    struct contract *contract = read_contract("{\"format\":1}");
    struct word_light light;
    struct scene scene;

    set_up(&scene);
    rows_answer(scene.look, "versions", 4, 2, cells);
    scene.green.contract = contract;
    word_shine(&scene.question, &light);
    cr_expect_eq(light.answer, WORD_UNKNOWN, "%s", light.words);
    cr_expect_not_null(strstr(light.words, "migration 1.5 of database main has failed"));
    scene.question.is_back = true;
    expect(&scene, WORD_GATE_VERSION, WORD_UNKNOWN, "has failed");
    look_free(scene.look);
    contract_free(contract);
}

Test(word, knows_what_a_contraction_took_away)
{
    static const char *const cells[] = { "blue", "1.5", NULL, "v1.3.0" };
    struct contract *contract = read_contract("{\"format\":1}");
    struct word_light light;
    struct scene scene;

    set_up(&scene);
    rows_answer(scene.look, "versions", 4, 1, cells);
    scene.green.contract = contract;
    scene.green.version = "v1.3";
    word_shine(&scene.question, &light);
    cr_expect_eq(light.answer, WORD_PASS, "%s", light.words);
    scene.green.version = "v1.2.9";
    word_shine(&scene.question, &light);
    cr_expect_eq(light.answer, WORD_FAIL);
    cr_expect_not_null(
        strstr(light.words, "contracted for releases from v1.3.0 on, green is v1.2.9"), "%s",
        light.words);
    contract_free(contract);
    look_free(scene.look);
}

Test(word, names_what_a_contract_misses)
{
    struct contract *good = read_contract("{\"format\":1,\"release\":\"v1.4\",\"needs\":{"
                                          "\"tables\":{\"t\":{\"columns\":{\"a\":\"int\"}}}}}");
    struct contract *bad = read_contract(
        "{\"format\":1,\"needs\":{\"tables\":{\"t\":{\"columns\":{\"a\":\"int\",\"b\":{},\"c\":{},"
        "\"d\":{}}}}}}");
    struct word_light light;
    struct scene scene;

    set_up(&scene);
    scene.green.contract = good;
    expect(&scene, WORD_GATE_CONTRACT, WORD_PASS, "has all of 2 that green v1.4 needs");
    scene.blue.contract = bad;
    expect(&scene, WORD_GATE_CONTRACT, WORD_FAIL, "column public.t.b is missing");
    expect(&scene, WORD_GATE_CONTRACT, WORD_FAIL, "; and more");
    word_shine(&scene.question, &light); /* only where it would go counts */
    cr_expect_eq(light.answer, WORD_PASS, "%s", light.words);
    scene.green.contract_trouble = "c.json: at format: it is missing";
    expect(&scene, WORD_GATE_CONTRACT, WORD_FAIL, "column public.t.b is missing");
    scene.blue.contract = NULL;
    expect(&scene, WORD_GATE_CONTRACT, WORD_UNKNOWN, "c.json: at format");
    contract_free(good);
    contract_free(bad);
    look_free(scene.look);
}

Test(word, does_not_shine_green_without_a_contract)
{
    struct word_light light;
    struct scene scene;

    set_up(&scene);
    word_shine(&scene.question, &light);
    cr_expect(light.is_asked);
    cr_expect_eq(light.answer, WORD_UNKNOWN);
    cr_expect_not_null(strstr(light.words, "nothing says what green needs"));
    look_free(scene.look);
}

Test(word, names_what_is_not_sound)
{
    static const char *const index[] = { "2", "public.t_idx" };
    static const char *const constraint[] = { "1", "positive on public.t" };
    static const char *const writer[] = { "1", "pid 7 of app (psql), 12 s" };
    struct scene scene;

    set_up(&scene);
    rows_answer(scene.look, "long transactions", 2, 1, writer);
    expect(&scene, WORD_GATE_INTEGRITY, WORD_PASS, "a long transaction writes: pid 7");
    rows_answer(scene.look, "sequences", 2, 1, constraint);
    expect(&scene, WORD_GATE_INTEGRITY, WORD_PASS, "is nearly used up");
    rows_answer(scene.look, "unvalidated constraints", 2, 1, constraint);
    expect(&scene, WORD_GATE_INTEGRITY, WORD_FAIL, "not validated, first positive on public.t");
    rows_answer(scene.look, "invalid indexes", 2, 1, index);
    expect(&scene, WORD_GATE_INTEGRITY, WORD_FAIL, "2 invalid indexes, first public.t_idx");
    rows_answer(scene.look, "invalid indexes", 2, 0, NULL);
    expect(&scene, WORD_GATE_INTEGRITY, WORD_UNKNOWN, "invalid indexes of database main");
    scene.question.has_integrity = false;
    judge(&scene, WORD_GATE_INTEGRITY);
    cr_expect_not(scene.word.gates[WORD_GATE_INTEGRITY].is_asked);
    look_free(scene.look);
}

Test(word, compares_both_sides)
{
    static const char *const other_count[] = { "16" };
    static const char *const no[] = { "f" };
    struct look *other = look_healthy("7001");
    struct scene scene;

    set_up(&scene);
    scene.question.is_same_database = false;
    scene.blue.look = other;
    scene.blue.database = "old";
    expect(&scene, WORD_GATE_ASSERTIONS, WORD_PASS, "2 assertions of database main hold");
    rows_answer(other, "orders", 1, 1, other_count);
    expect(&scene, WORD_GATE_ASSERTIONS, WORD_FAIL, "orders is 17 in database main and 16 in");
    rows_answer(scene.look, "balanced", 1, 0, NULL);
    expect(&scene, WORD_GATE_ASSERTIONS, WORD_FAIL, "orders is 17");
    rows_answer(other, "balanced", 1, 1, no);
    rows_answer(other, "orders", 1, 0, NULL);
    expect(&scene, WORD_GATE_ASSERTIONS, WORD_FAIL,
           "assertion balanced of database old does not hold");
    look_free(other);
    look_free(scene.look);
}
