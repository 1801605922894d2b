/* Access lines, JSON and combined, made on the log thread: see proxy/access_format.h. */
#include "proxy/access_format.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "proxy/access.h"
#include "route/steering.h"

static const char *const keys[ACCESS_TEXTS] = {
    [ACCESS_CLIENT] = "client",
    [ACCESS_METHOD] = "method",
    [ACCESS_TARGET] = "uri",
    [ACCESS_HOST] = "host",
    [ACCESS_USER_AGENT] = "user_agent",
    [ACCESS_REFERER] = "referer",
    [ACCESS_REQUEST_ID] = "request_id",
    [ACCESS_SERVICE] = "service",
    [ACCESS_SLOT] = "slot",
    [ACCESS_UPSTREAM] = "target",
    [ACCESS_LISTENER] = "listener",
};

static const char *rule_of(const struct access_record *record)
{
    return record->rule < RULE_COUNT ? steering_rule_name((enum rule)record->rule) : "";
}

static const struct access_record *read_record(const void *bytes, size_t size, struct slice *texts)
{
    const struct access_record *record = bytes;
    const char *at = record->texts;

    if (size < sizeof *record)
        return NULL;
    for (int i = 0; i < ACCESS_TEXTS; i++) {
        texts[i] = slice_of(at, record->sizes[i]);
        at += record->sizes[i];
    }
    return (size_t)(at - (const char *)bytes) <= size ? record : NULL;
}

void access_format_json(void *arg, const void *bytes, size_t size, struct text *out)
{
    struct slice texts[ACCESS_TEXTS];
    const struct access_record *record = read_record(bytes, size, texts);
    char stamp[CLOCK_STAMP_SIZE];

    (void)arg;
    if (record == NULL)
        return;
    clock_stamp(record->wall_us, stamp);
    text_add_format(out, "{\"time\":\"%s\"", stamp);
    for (int i = 0; i < ACCESS_TEXTS; i++) {
        text_add_format(out, ",\"%s\":\"", keys[i]);
        text_add_json(out, texts[i]);
        text_add(out, "\"");
    }
    text_add_format(out,
                    ",\"protocol\":\"HTTP/1.%u\",\"status\":%u,\"epoch\":%" PRIu64
                    ",\"fault\":\"%s\",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64
                    ",\"retries\":%u,\"worker\":%u,\"rule\":\"%s\"",
                    record->minor, record->status, record->epoch,
                    fault_name((enum fault)record->fault), record->bytes_in, record->bytes_out,
                    record->tries, record->worker, rule_of(record));
    text_add_format(out,
                    ",\"head_us\":%" PRIu64 ",\"connect_us\":%" PRIu64 ",\"first_byte_us\":%" PRIu64
                    ",\"waited_us\":%" PRIu64 ",\"total_us\":%" PRIu64 "}\n",
                    record->head_us, record->connect_us, record->response_us, record->waited_us,
                    record->total_us);
}

/* A text inside quotes, or "-" when it is empty. */
static void add_quoted(struct text *out, struct slice s)
{
    text_add(out, "\"");
    if (s.len == 0)
        text_add(out, "-");
    text_add_json(out, s);
    text_add(out, "\"");
}

static void add_plain(struct text *out, struct slice s)
{
    if (s.len == 0)
        text_add(out, "-");
    text_add_json(out, s);
}

void access_format_combined(void *arg, const void *bytes, size_t size, struct text *out)
{
    struct slice texts[ACCESS_TEXTS];
    const struct access_record *record = read_record(bytes, size, texts);
    time_t seconds = 0;
    struct tm tm = { 0 };
    char stamp[40];

    (void)arg;
    if (record == NULL)
        return;
    seconds = (time_t)(record->wall_us / 1000000u);
    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof stamp, "%d/%b/%Y:%H:%M:%S +0000", &tm);
    add_plain(out, texts[ACCESS_CLIENT]);
    text_add_format(out, " - - [%s] \"", stamp);
    add_plain(out, texts[ACCESS_METHOD]);
    text_add(out, " ");
    add_plain(out, texts[ACCESS_TARGET]);
    text_add_format(out, " HTTP/1.%u\" %u %" PRIu64 " ", record->minor, record->status,
                    record->bytes_out);
    add_quoted(out, texts[ACCESS_REFERER]);
    text_add(out, " ");
    add_quoted(out, texts[ACCESS_USER_AGENT]);
    text_add(out, " ");
    add_plain(out, texts[ACCESS_SERVICE]);
    text_add(out, "/");
    add_plain(out, texts[ACCESS_SLOT]);
    text_add(out, " ");
    add_plain(out, texts[ACCESS_UPSTREAM]);
    text_add_format(out,
                    " epoch=%" PRIu64 " fault=%s rule=%s connect_us=%" PRIu64
                    " first_byte_us=%" PRIu64 " waited_us=%" PRIu64 " total_us=%" PRIu64 " id=",
                    record->epoch, fault_name((enum fault)record->fault),
                    record->rule < RULE_COUNT ? rule_of(record) : "-", record->connect_us,
                    record->response_us, record->waited_us, record->total_us);
    add_plain(out, texts[ACCESS_REQUEST_ID]);
    text_add(out, "\n");
}
