/* See state_rollbacks_priv.h. */
#include "deploy/state_rollbacks_priv.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/strict_json.h"

bool state_rollbacks_is_empty(const struct book *book)
{
    return book->rollback_count == 0 && book->blocked_count == 0;
}

void state_rollbacks_encode(const struct book *book, struct text *out)
{
    if (state_rollbacks_is_empty(book))
        return;
    text_add(out, ",\"book\":{\"rollbacks\":[");
    for (uint32_t i = 0; i < book->rollback_count; i++)
        text_add_format(out, "%s{\"ms\":%" PRIu64 "}", i > 0 ? "," : "", book->rollbacks_ms[i]);
    text_add(out, "],\"blocked\":[");
    for (uint32_t i = 0; i < book->blocked_count; i++) {
        text_add(out, i > 0 ? ",{\"version\":\"" : "{\"version\":\"");
        text_add_json(out, slice_from(book->blocked[i]));
        text_add(out, "\"}");
    }
    text_add(out, "]}");
}

static int decode_rollbacks(const cJSON *member, struct book *book)
{
    const cJSON *list = strict_json_array(member, "rollbacks");
    const cJSON *item = NULL;
    int err = list == NULL ? ERR_INVALID : 0;

    cJSON_ArrayForEach(item, list)
    {
        if (err == 0 && book->rollback_count == BOOK_ROLLBACKS)
            err = ERR_RANGE;
        if (err == 0)
            err = strict_json_u64(item, "ms", STRICT_JSON_INTEGER_MAX,
                                  &book->rollbacks_ms[book->rollback_count]);
        if (err == 0)
            book->rollback_count++;
    }
    return err;
}

static int decode_blocked(const cJSON *member, struct book *book)
{
    const cJSON *list = strict_json_array(member, "blocked");
    const cJSON *item = NULL;
    int err = list == NULL ? ERR_INVALID : 0;

    cJSON_ArrayForEach(item, list)
    {
        uint32_t at = book->blocked_count;

        if (err == 0 && at == BOOK_VERSIONS)
            err = ERR_RANGE;
        if (err == 0)
            err = strict_json_text(item, "version", book->blocked[at], BOOK_NAME);
        if (err == 0 && book->blocked[at][0] == '\0')
            err = ERR_INVALID;
        if (err == 0)
            book->blocked_count++;
    }
    return err;
}

int state_rollbacks_decode(const struct cJSON *service, struct book *out)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(service, "book");
    struct book book = { 0 };
    int err = 0;

    if (member == NULL)
        return 0;
    if (!cJSON_IsObject(member))
        return ERR_INVALID;
    err = decode_rollbacks(member, &book);
    if (err == 0)
        err = decode_blocked(member, &book);
    if (err == 0)
        *out = book;
    return err;
}
