/* Access lines: proxy/access_format.h. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "proxy/access.h"
#include "proxy/access_format.h"
#include "route/steering.h"

static const char *const texts[ACCESS_TEXTS] = {
    [ACCESS_CLIENT] = "10.1.2.3",
    [ACCESS_METHOD] = "GET",
    [ACCESS_TARGET] = "/a?token=s3cret&b=\"c\"",
    [ACCESS_HOST] = "shop.test",
    [ACCESS_USER_AGENT] = "curl\x1b[0m",
    [ACCESS_REFERER] = "",
    [ACCESS_REQUEST_ID] = "id-1",
    [ACCESS_SERVICE] = "shop",
    [ACCESS_SLOT] = "blue",
    [ACCESS_UPSTREAM] = "10.0.0.1:5000",
    [ACCESS_LISTENER] = "http",
};

static struct access_record *make_record(size_t *size)
{
    struct access_record *record = NULL;
    char *at = NULL;

    *size = offsetof(struct access_record, texts);
    for (int i = 0; i < ACCESS_TEXTS; i++)
        *size += strlen(texts[i]);
    record = mem_zalloc(*size);
    record->wall_us = 1767225845678000; /* 2026-01-01 */
    record->epoch = 42;
    record->bytes_in = 100;
    record->bytes_out = 2000;
    record->total_us = 1500;
    record->head_us = 7;
    record->connect_us = 300;
    record->response_us = 900;
    record->waited_us = 250;
    record->rule = RULE_CANARY;
    record->fault = FAULT_TARGET_TRUNCATED;
    record->status = 200;
    record->minor = 1;
    record->tries = 1;
    record->worker = 3;
    at = record->texts;
    for (int i = 0; i < ACCESS_TEXTS; i++) {
        record->sizes[i] = (uint16_t)strlen(texts[i]);
        memcpy(at, texts[i], record->sizes[i]);
        at += record->sizes[i];
    }
    return record;
}

Test(access_format, json)
{
    size_t size = 0;
    struct access_record *record = make_record(&size);
    struct text line;

    text_init(&line, 65536);
    access_format_json(NULL, record, size, &line);
    cr_assert_str_eq(
        line.bytes,
        "{\"time\":\"2026-01-01T00:04:05.678Z\",\"client\":\"10.1.2.3\",\"method\":\"GET\","
        "\"uri\":\"/"
        "a?token=(secret)&b=\\\"c\\\"\",\"host\":\"shop.test\",\"user_agent\":\"curl\\u001b[0m\","
        "\"referer\":\"\",\"request_id\":\"id-1\",\"service\":\"shop\",\"slot\":\"blue\","
        "\"target\":\"10.0.0.1:5000\",\"listener\":\"http\",\"protocol\":\"HTTP/"
        "1.1\",\"status\":200,"
        "\"epoch\":42,\"fault\":\"target_truncated\",\"bytes_in\":100,\"bytes_out\":2000,"
        "\"retries\":1,\"worker\":3,\"rule\":\"canary\",\"head_us\":7,\"connect_us\":300,\"first_"
        "byte_us\":900,"
        "\"waited_us\":250,\"total_us\":1500}\n");
    text_fini(&line);
    free(record);
}

Test(access_format, combined)
{
    size_t size = 0;
    struct access_record *record = make_record(&size);
    struct text line;

    text_init(&line, 65536);
    access_format_combined(NULL, record, size, &line);
    cr_assert_str_eq(
        line.bytes,
        "10.1.2.3 - - [01/Jan/2026:00:04:05 +0000] \"GET /a?token=(secret)&b=\\\"c\\\" HTTP/1.1\" "
        "200 2000 "
        "\"-\" \"curl\\u001b[0m\" shop/blue 10.0.0.1:5000 epoch=42 "
        "fault=target_truncated rule=canary connect_us=300 first_byte_us=900 waited_us=250 "
        "total_us=1500 id=id-1\n");
    text_fini(&line);
    free(record);
}

/* A record that is cut short yields no line and no read behind its end. */
Test(access_format, short_records)
{
    size_t size = 0;
    struct access_record *record = make_record(&size);
    struct text line;

    text_init(&line, 65536);
    for (size_t cut = 0; cut < size; cut++) {
        char *copy = mem_alloc(cut + 1);

        memcpy(copy, record, cut);
        access_format_json(NULL, copy, cut, &line);
        access_format_combined(NULL, copy, cut, &line);
        free(copy);
    }
    cr_assert_eq(line.len, 0);
    text_fini(&line);
    free(record);
}
