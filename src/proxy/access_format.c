/* Access lines, JSON and combined, made on the log thread: see proxy/access_format.h. */
#include "proxy/access_format.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mask.h"
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

/* Secrets in a query are nobody's business. */
static void add_uri(struct text *out, struct slice uri)
{
    struct text masked;

    if (memchr(uri.ptr, '?', uri.len) == NULL) {
        text_add_json(out, uri);
        return;
    }
    text_init(&masked, (size_t)16 * ACCESS_TEXT_MAX);
    mask_text(uri, &masked);
    text_add_json(out, text_slice(&masked));
    text_fini(&masked);
}

static void add_text(struct text *out, int which, struct slice text)
{
    if (which == ACCESS_TARGET || which == ACCESS_REFERER)
        add_uri(out, text);
    else
        text_add_json(out, text);
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
        add_text(out, i, texts[i]);
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

/* Or "-" when it is empty. */
static void add_plain(struct text *out, int which, const struct slice *texts)
{
    if (texts[which].len == 0)
        text_add(out, "-");
    add_text(out, which, texts[which]);
}

static void add_quoted(struct text *out, int which, const struct slice *texts)
{
    text_add(out, "\"");
    add_plain(out, which, texts);
    text_add(out, "\"");
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
    add_plain(out, ACCESS_CLIENT, texts);
    text_add_format(out, " - - [%s] \"", stamp);
    add_plain(out, ACCESS_METHOD, texts);
    text_add(out, " ");
    add_plain(out, ACCESS_TARGET, texts);
    text_add_format(out, " HTTP/1.%u\" %u %" PRIu64 " ", record->minor, record->status,
                    record->bytes_out);
    add_quoted(out, ACCESS_REFERER, texts);
    text_add(out, " ");
    add_quoted(out, ACCESS_USER_AGENT, texts);
    text_add(out, " ");
    add_plain(out, ACCESS_SERVICE, texts);
    text_add(out, "/");
    add_plain(out, ACCESS_SLOT, texts);
    text_add(out, " ");
    add_plain(out, ACCESS_UPSTREAM, texts);
    text_add_format(out,
                    " epoch=%" PRIu64 " fault=%s rule=%s connect_us=%" PRIu64
                    " first_byte_us=%" PRIu64 " waited_us=%" PRIu64 " total_us=%" PRIu64 " id=",
                    record->epoch, fault_name((enum fault)record->fault),
                    record->rule < RULE_COUNT ? rule_of(record) : "-", record->connect_us,
                    record->response_us, record->waited_us, record->total_us);
    add_plain(out, ACCESS_REQUEST_ID, texts);
    text_add(out, "\n");
}
