/* See vectors.h. */
#include "unit/evidence/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double tolerance = 1e-9;

cJSON *vectors_load(void)
{
    const char *path = getenv("SWITCHYARD_VECTORS");
    FILE *file =
        fopen(path != NULL ? path : SOURCE_DIR "/tests/unit/evidence/vectors/rollback.json", "rb");
    char *bytes = NULL;
    cJSON *root = NULL;
    long size = 0;

    cr_assert_not_null(file, "no file of vectors");
    cr_assert_eq(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    cr_assert_gt(size, 0);
    rewind(file);
    bytes = calloc(1, (size_t)size + 1);
    cr_assert_eq(fread(bytes, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    root = cJSON_Parse(bytes);
    free(bytes);
    cr_assert_not_null(root, "the vectors are no JSON");
    cr_assert_str_eq(vectors_text(root, "format"), "rollback-vectors/1");
    tolerance = vectors_number(root, "tolerance");
    cr_assert_leq(tolerance, 1e-9);
    return root;
}

void vectors_compare(const char *where, double is, const cJSON *should)
{
    double expected = cJSON_IsNull(should) ? -INFINITY : should->valuedouble;

    cr_assert(cJSON_IsNull(should) || cJSON_IsNumber(should), "%s: no number", where);
    if (isinf(expected) || isinf(is))
        cr_assert(is == expected, "%s: %.17g is not %.17g", where, is, expected);
    else
        cr_assert_leq(fabs(is - expected), tolerance * fmax(1, fabs(expected)),
                      "%s: %.17g is not %.17g", where, is, expected);
}

void vectors_know(const char *where, const cJSON *object, const char *const *keys)
{
    const cJSON *member = NULL;

    cr_assert(cJSON_IsObject(object), "%s: no object", where);
    cJSON_ArrayForEach(member, object)
    {
        size_t i = 0;

        while (keys[i] != NULL && strcmp(keys[i], member->string) != 0)
            i++;
        cr_assert_not_null(keys[i], "%s: the key '%s' is not known", where, member->string);
    }
}

const cJSON *vectors_member(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    cr_assert_not_null(member, "'%s' is missing", name);
    return member;
}

double vectors_number(const cJSON *object, const char *name)
{
    const cJSON *member = vectors_member(object, name);

    cr_assert(cJSON_IsNumber(member), "'%s' is no number", name);
    return member->valuedouble;
}

double vectors_number_or(const cJSON *object, const char *name, double fallback)
{
    return cJSON_HasObjectItem(object, name) ? vectors_number(object, name) : fallback;
}

const char *vectors_text(const cJSON *object, const char *name)
{
    const cJSON *member = vectors_member(object, name);

    cr_assert(cJSON_IsString(member), "'%s' is no text", name);
    return member->valuestring;
}
