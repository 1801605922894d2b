/* room: http */
/*
 * Request heads. The first two bytes of the input say where the rest is cut. Oracles: the answer
 * does not depend on the cuts; a good head has the one framing, the one Host and the clean bytes
 * that a second, slow reading finds; what is written of it reads back as the same request, and
 * with rules, a stripped prefix and a hidden cookie as the request that those mean.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/header_rules.h"
#include "http/parse_head.h"
#include "http/write_head.h"

#define FIELDS_MAX 24
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "fuzz_request_head: %d: %s\n", __LINE__, #condition);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const struct head_limits limits = { 2048, 300, FIELDS_MAX - 4 };

struct outcome {
    enum parse parse;
    enum fault fault;
    struct head head;
    struct field fields[FIELDS_MAX];
};

static void parse(const char *bytes, size_t count, size_t *searched, struct outcome *out)
{
    memset(out, 0, sizeof *out);
    out->head.fields = out->fields;
    out->head.field_capacity = FIELDS_MAX;
    out->parse = parse_head_request(bytes, count, searched, &limits, &out->head, &out->fault);
}

static void require_same(const struct outcome *a, const struct outcome *b)
{
    REQUIRE(a->parse == b->parse);
    REQUIRE(a->parse != PARSE_BAD || a->fault == b->fault);
    if (a->parse != PARSE_DONE)
        return;
    REQUIRE(a->head.size == b->head.size && a->head.base == b->head.base);
    REQUIRE(a->head.field_count == b->head.field_count && a->head.seen == b->head.seen);
    REQUIRE(a->head.framing == b->head.framing && a->head.length == b->head.length);
    REQUIRE(a->head.close == b->head.close && a->head.host_len == b->head.host_len);
    REQUIRE(memcmp(a->fields, b->fields, a->head.field_count * sizeof a->fields[0]) == 0);
}

/* Grows to each cut and then to all: every step must answer like a parse of those bytes alone. */
static void check_cuts(const char *bytes, size_t count, const size_t cuts[3])
{
    size_t searched = 0;

    for (unsigned i = 0; i < 3; i++) {
        struct outcome grown, alone;
        size_t none = 0, size = cuts[i] < count ? cuts[i] : count;

        parse(bytes, size, &searched, &grown);
        parse(bytes, size, &none, &alone);
        require_same(&grown, &alone);
        if (grown.parse != PARSE_MORE)
            return;
    }
}

static unsigned count_lines_named(const char *bytes, size_t count, const char *name)
{
    size_t len = strlen(name);
    unsigned found = 0;

    for (size_t i = 0; i + 2 + len < count; i++)
        found +=
            bytes[i] == '\r' && bytes[i + 1] == '\n' && strncasecmp(bytes + i + 2, name, len) == 0;
    return found;
}

/* What no accepted head may contain, found by the simplest means. */
static void check_plainly(const struct head *head)
{
    const char *bytes = head->base;
    size_t count = 0;
    unsigned lengths = 0, codings = 0, hosts = 0;

    while (memcmp(bytes + count, "\r\n\r\n", 4) != 0)
        count++;
    count += 4;
    for (size_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)bytes[i];

        REQUIRE(c >= 0x20 || c == '\t' || c == '\r' || c == '\n');
        REQUIRE(c != 0x7f);
        REQUIRE(c != '\n' || (i > 0 && bytes[i - 1] == '\r'));
        REQUIRE(c != '\r' || bytes[i + 1] == '\n');
        REQUIRE(c != '\n' || i + 1 == count || (bytes[i + 1] != ' ' && bytes[i + 1] != '\t'));
    }
    lengths = count_lines_named(bytes, count, "Content-Length:");
    codings = count_lines_named(bytes, count, "Transfer-Encoding:");
    hosts = count_lines_named(bytes, count, "Host:");
    REQUIRE(lengths + codings <= 1);
    REQUIRE(head->framing == (lengths ? FRAMING_LENGTH : codings ? FRAMING_CHUNKED : FRAMING_NONE));
    REQUIRE(hosts == 1 || (hosts == 0 && head->minor == 0));
    REQUIRE(head->length <= INT64_MAX);
}

static bool is_same_request(const struct head *a, const struct head *b)
{
    return slice_is_equal(a->method_text, b->method_text) && slice_is_equal(a->path, b->path) &&
           slice_is_equal(a->query, b->query) && slice_is_equal(a->authority, b->authority) &&
           a->framing == b->framing && a->length == b->length;
}

/* What Connection named stays here. */
static void require_named_gone(const struct head *head, const struct head *written)
{
    for (unsigned i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];

        if (field->named && !field_is_hop_by_hop((enum field_id)field->id))
            REQUIRE(head_value(written, head_field_name(head, field)).ptr == NULL);
    }
}

static void check_round_trip(const struct head *head)
{
    static char once[8192], twice[8192];
    struct write_request how = {
        .client_host = SLICE("10.0.0.1"),
        .proto = SLICE("http"),
        .request_id = SLICE("id"),
        .forwarded = true,
        .via = true,
        .framing = head->framing,
        .length = head->length,
    };
    static const struct head_limits wide = { sizeof once, 300, FIELDS_MAX };
    struct field fields[FIELDS_MAX + 8];
    struct head again = { .fields = fields, .field_capacity = FIELDS_MAX + 8 };
    struct head_limits wider = wide;
    enum fault fault = FAULT_NONE;
    size_t searched = 0;
    long size = write_head_request(head, &how, once, sizeof once);

    wider.fields = FIELDS_MAX + 8;
    REQUIRE(size > 0 && (size_t)size <= write_head_bound(head));
    if (head->authority.len == 0)
        return;
    REQUIRE(parse_head_request(once, (size_t)size, &searched, &wider, &again, &fault) ==
            PARSE_DONE);
    REQUIRE(again.size == (size_t)size && is_same_request(head, &again));
    require_named_gone(head, &again);
    how.via = false;
    how.trusted = true;
    how.forwarded = false;
    REQUIRE(write_head_request(&again, &how, twice, sizeof twice) > 0);
}

/* How often a name stands in a head. */
static unsigned count_named(const struct head *head, const char *name)
{
    unsigned found = 0;

    for (unsigned i = 0; i < head->field_count; i++)
        found += slice_is_equal_nocase(head_field_name(head, &head->fields[i]), slice_from(name));
    return found;
}

static struct header_rules *make_rules(void)
{
    static const char *const set[] = { "A: ours" }, *const add[] = { "B: more" };
    static const char *const removed[] = { "Accept", "x-c" };
    const struct header_rule_texts texts = { 1, set, 1, add, 2, removed };

    return header_rules_new(&texts, NULL);
}

/* The path without its front, with a slash in front of what is left. */
static void require_stripped(const struct head *head, const struct head *again, size_t stripped)
{
    struct slice rest = slice_of(head->path.ptr + stripped, head->path.len - stripped);
    struct slice path = again->path;

    if (head->is_asterisk || again->is_asterisk)
        return;
    if (rest.len == 0 || rest.ptr[0] != '/') {
        REQUIRE(path.len > 0 && path.ptr[0] == '/');
        path.ptr++;
        path.len--;
    }
    REQUIRE(slice_is_equal(path, rest) && slice_is_equal(again->query, head->query));
}

static void require_cookies(const struct head *head, const struct head *again)
{
    static const char *const others[] = { "b", "c", "sid" };

    REQUIRE(head_cookie(again, SLICE("a")).ptr == NULL);
    for (unsigned i = 0; i < head->field_count; i++)
        if (head->fields[i].id == FIELD_COOKIE && head->fields[i].named)
            return; /* the others are gone with it */
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        REQUIRE(slice_is_equal(head_cookie(head, slice_from(others[i])),
                               head_cookie(again, slice_from(others[i]))));
}

static void check_changes(const struct head *head)
{
    static char once[8192];
    struct header_rules *rules = make_rules();
    size_t stripped = head->size % (head->path.len + 1);
    const struct write_changes changes = { .rules = rules,
                                           .line = SLICE("X-Switchyard-Slot: green\r\n"),
                                           .hidden_cookie = SLICE("a"),
                                           .strip_bytes = (uint16_t)stripped };
    const struct write_request how = {
        .changes = &changes, .forwarded = true, .framing = head->framing, .length = head->length
    };
    const struct head_limits wide = { sizeof once, 300, FIELDS_MAX + 8 };
    struct field fields[FIELDS_MAX + 8];
    struct head again = { .fields = fields, .field_capacity = FIELDS_MAX + 8 };
    enum fault fault = FAULT_NONE;
    size_t searched = 0;
    long size = write_head_request(head, &how, once, sizeof once);

    REQUIRE(size > 0 && (size_t)size <= write_head_bound(head) + changes.line.len +
                                            header_rules_lines(rules).len);
    header_rules_free(rules);
    if (head->authority.len == 0)
        return;
    REQUIRE(parse_head_request(once, (size_t)size, &searched, &wide, &again, &fault) == PARSE_DONE);
    REQUIRE(again.size == (size_t)size && again.framing == head->framing);
    REQUIRE(slice_is_equal(head->method_text, again.method_text));
    REQUIRE(slice_is_equal(head->authority, again.authority));
    require_stripped(head, &again, stripped);
    require_cookies(head, &again);
    REQUIRE(count_named(&again, "A") == 1 && count_named(&again, "Accept") == 0);
    REQUIRE(count_named(&again, "X-C") == 0 && count_named(&again, "B") >= 1);
    REQUIRE(slice_is_equal(head_value(&again, SLICE("A")), SLICE("ours")));
    REQUIRE(count_named(&again, "X-Switchyard-Slot") == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count)
{
    char *bytes = NULL;
    size_t cuts[3] = { 0, 0, SIZE_MAX }, none = 0;
    struct outcome whole;

    if (count < 2)
        return 0;
    cuts[0] = input[0];
    cuts[1] = (size_t)input[0] + input[1];
    count -= 2;
    bytes = malloc(count + 1);
    REQUIRE(bytes != NULL);
    memcpy(bytes, input + 2, count);
    check_cuts(bytes, count, cuts);
    parse(bytes, count, &none, &whole);
    if (whole.parse == PARSE_DONE) {
        check_plainly(&whole.head);
        check_round_trip(&whole.head);
        check_changes(&whole.head);
    }
    free(bytes);
    return 0;
}
