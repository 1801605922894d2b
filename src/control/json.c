/* JSON of answers: see json_priv.h. */
#include "control/json_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "control/words_priv.h"

cJSON *json_object(void)
{
    cJSON *object = cJSON_CreateObject();

    CHECK(object != NULL);
    return object;
}

cJSON *json_array(void)
{
    cJSON *array = cJSON_CreateArray();

    CHECK(array != NULL);
    return array;
}

void json_add(cJSON *parent, const char *key, cJSON *item)
{
    CHECK(item != NULL);
    CHECK(key != NULL ? cJSON_AddItemToObjectCS(parent, key, item)
                      : cJSON_AddItemToArray(parent, item));
}

void json_add_text(cJSON *parent, const char *key, const char *text)
{
    struct text escaped;

    if (text == NULL) {
        json_add_null(parent, key);
        return;
    }
    if (words_is_utf8(text, strlen(text))) { /* cJSON does not check that */
        json_add(parent, key, cJSON_CreateString(text));
        return;
    }
    text_init(&escaped, 1u << 20);
    text_add(&escaped, "\"");
    text_add_json(&escaped, slice_from(text));
    text_add(&escaped, "\"");
    json_add(parent, key, cJSON_CreateRaw(text_is_cut(&escaped) ? "null" : escaped.bytes));
    text_fini(&escaped);
}

void json_add_u64(cJSON *parent, const char *key, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, value);
    json_add(parent, key, cJSON_CreateRaw(digits));
}

void json_add_seconds(cJSON *parent, const char *key, uint64_t us)
{
    char digits[40];

    snprintf(digits, sizeof digits, "%" PRIu64 ".%06u", us / 1000000, (unsigned)(us % 1000000));
    json_add(parent, key, cJSON_CreateRaw(digits));
}

/* 17 digits: the reader gets the same bits. */
void json_add_real(cJSON *parent, const char *key, double value)
{
    char digits[40];

    snprintf(digits, sizeof digits, "%.17g", value);
    json_add(parent, key, cJSON_CreateRaw(isfinite(value) ? digits : "null"));
}

void json_add_bool(cJSON *parent, const char *key, bool value)
{
    json_add(parent, key, cJSON_CreateBool(value));
}

void json_add_null(cJSON *parent, const char *key)
{
    json_add(parent, key, cJSON_CreateNull());
}

char *json_print(const cJSON *item)
{
    char *bytes = cJSON_PrintUnformatted(item);

    CHECK(bytes != NULL);
    return bytes;
}
