/* Statements with what must be said of them, from vectors/: class, level, rules, lock, rewrite. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lint_check.h"

enum { FILE_MAX = 256 * 1024 };

static cJSON *read_vectors(const char *path)
{
    char *bytes = calloc(1, FILE_MAX);
    FILE *file = fopen(path, "rb");
    cJSON *json = NULL;

    cr_assert_not_null(file, "%s", path);
    cr_assert_lt(fread(bytes, 1, FILE_MAX - 1, file), FILE_MAX - 1);
    fclose(file);
    json = cJSON_Parse(bytes);
    free(bytes);
    cr_assert(cJSON_IsArray(json), "%s", path);
    return json;
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static void check_rules(const struct lint *lint, const cJSON *vector, const char *id)
{
    const cJSON *expect = cJSON_GetObjectItem(vector, "expect");
    const cJSON *rule = NULL;

    cJSON_ArrayForEach(rule, cJSON_GetObjectItem(expect, "rules"))
        cr_expect_not_null(check_find(lint, rule->valuestring), "%s: no %s", id, rule->valuestring);
    cJSON_ArrayForEach(rule, cJSON_GetObjectItem(expect, "rules_absent"))
        cr_expect_null(check_find(lint, rule->valuestring), "%s: %s", id, rule->valuestring);
}

static void check_effects(const struct lint_file *file, const cJSON *expect, const char *id)
{
    enum lint_lock lock = LINT_LOCK_NONE;
    bool is_rewrite = false;
    const cJSON *rewrite = cJSON_GetObjectItem(expect, "rewrite");

    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next) {
        lock = at->lock > lock ? at->lock : lock;
        is_rewrite = is_rewrite || at->is_rewrite;
    }
    if (cJSON_HasObjectItem(expect, "lock"))
        cr_expect_str_eq(rule_lock_name(lock), text(expect, "lock"), "%s: lock is %s", id,
                         rule_lock_name(lock));
    if (rewrite != NULL)
        cr_expect_eq(is_rewrite, cJSON_IsTrue(rewrite), "%s: rewrite", id);
}

static void check_vector(const cJSON *vector)
{
    const cJSON *options = cJSON_GetObjectItem(vector, "options");
    const cJSON *expect = cJSON_GetObjectItem(vector, "expect");
    const char *id = text(vector, "id");
    bool has_baseline = !cJSON_IsFalse(cJSON_GetObjectItem(options, "baseline"));
    struct lint_options with;
    struct lint *lint = NULL;
    const struct lint_file *file = NULL;

    lint_options_init(&with);
    if (strcmp(text(options, "transaction"), "wrap") == 0)
        with.wrap = LINT_WRAP;
    with.is_parallel = strcmp(text(options, "strategy"), "parallel") == 0;
    lint = lint_run_text(&with, "x.sql", has_baseline ? check_fixture() : SLICE(""),
                         slice_from(text(vector, "sql")));
    cr_assert_str_empty(lint_trouble_of(lint), "%s", lint_trouble_of(lint));
    file = check_file(lint);
    cr_expect_str_eq(rule_class_name(file->class), text(expect, "class"), "%s: class is %s", id,
                     rule_class_name(file->class));
    cr_expect_str_eq(rule_level_name(file->level), text(expect, "level"), "%s: level is %s", id,
                     rule_level_name(file->level));
    check_rules(lint, vector, id);
    check_effects(file, expect, id);
    lint_free(lint);
}

static void check_all(const char *path, int at_least)
{
    cJSON *vectors = read_vectors(path);
    const cJSON *vector = NULL;

    cr_assert_geq(cJSON_GetArraySize(vectors), at_least);
    cJSON_ArrayForEach(vector, vectors) check_vector(vector);
    cJSON_Delete(vectors);
}

Test(vectors, public_ones)
{
    check_all(SOURCE_DIR "/tests/unit/lint/vectors/public.json", 42);
}

Test(vectors, our_own)
{
    check_all(SOURCE_DIR "/tests/unit/lint/vectors/own.json", 28);
}
