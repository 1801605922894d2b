/* room: http */
/*
 * Response heads. The first three bytes of the input say which method was asked and where the rest
 * is cut. Oracles: the answer does not depend on the cuts; one framing; what is written of a good
 * head reads back with the same status and fields.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/parse_head.h"
#include "http/write_head.h"

#define FIELDS_MAX 24
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "fuzz_response_head: %d: %s\n", __LINE__, #condition);                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const struct head_limits limits = { 2048, 1, FIELDS_MAX - 4 };

struct outcome {
    enum parse parse;
    enum fault fault;
    struct head head;
    struct field fields[FIELDS_MAX];
};

static void parse(struct slice bytes, size_t *searched, enum method method, struct outcome *out)
{
    memset(out, 0, sizeof *out);
    out->head.fields = out->fields;
    out->head.field_capacity = FIELDS_MAX;
    out->parse = parse_head_response(bytes.ptr, bytes.len, searched, &limits, method, &out->head,
                                     &out->fault);
}

static void require_same(const struct outcome *a, const struct outcome *b)
{
    REQUIRE(a->parse == b->parse);
    if (a->parse == PARSE_BAD) {
        REQUIRE(a->fault == b->fault);
        REQUIRE(a->fault == FAULT_RESPONSE_BAD || a->fault == FAULT_RESPONSE_TOO_LARGE);
    }
    if (a->parse != PARSE_DONE)
        return;
    REQUIRE(a->head.size == b->head.size && a->head.status == b->head.status);
    REQUIRE(a->head.field_count == b->head.field_count && a->head.seen == b->head.seen);
    REQUIRE(a->head.framing == b->head.framing && a->head.length == b->head.length);
    REQUIRE(a->head.close == b->head.close);
    REQUIRE(memcmp(a->fields, b->fields, a->head.field_count * sizeof a->fields[0]) == 0);
}

static void check_cuts(struct slice bytes, enum method method, const size_t cuts[3])
{
    size_t searched = 0;

    for (unsigned i = 0; i < 3; i++) {
        struct outcome grown, alone;
        size_t none = 0, size = cuts[i] < bytes.len ? cuts[i] : bytes.len;

        parse(slice_of(bytes.ptr, size), &searched, method, &grown);
        parse(slice_of(bytes.ptr, size), &none, method, &alone);
        require_same(&grown, &alone);
        if (grown.parse != PARSE_MORE)
            return;
    }
}

static void check_framing(const struct head *head, enum method method)
{
    bool bodyless =
        method == METHOD_HEAD || head->status < 200 || head->status == 204 || head->status == 304;

    REQUIRE(head->status >= 100 && head->status <= 599);
    REQUIRE(!bodyless || head->framing == FRAMING_NONE);
    REQUIRE(bodyless || head->framing != FRAMING_NONE);
    REQUIRE(head->framing != FRAMING_CLOSE || head->close);
    REQUIRE(!(head->seen >> FIELD_CONTENT_LENGTH & 1) ||
            !(head->seen >> FIELD_TRANSFER_ENCODING & 1));
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

static void check_round_trip(const struct head *head, enum method method)
{
    static char once[8192], twice[8192];
    static const struct head_limits wide = { sizeof once, 1, FIELDS_MAX + 8 };
    struct write_response how = {
        .client_minor = 1,
        .epoch = 12,
        .framing = head->framing,
        .length = head->length,
        .keep_length = true,
        .close = head->close,
        .date_text = SLICE("Sat, 21 Nov 2026 09:00:00 GMT"),
    };
    struct field fields[FIELDS_MAX + 8];
    struct head again = { .fields = fields, .field_capacity = FIELDS_MAX + 8 };
    enum fault fault = FAULT_NONE;
    size_t searched = 0;
    long size = write_head_response(head, &how, once, sizeof once);
    long second = 0;

    REQUIRE(size > 0 && (size_t)size <= write_head_bound(head));
    REQUIRE(parse_head_response(once, (size_t)size, &searched, &wide, method, &again, &fault) ==
            PARSE_DONE);
    REQUIRE(again.size == (size_t)size && again.status == head->status);
    require_named_gone(head, &again);
    REQUIRE(again.framing == head->framing && again.close == head->close);
    REQUIRE(again.framing != FRAMING_LENGTH || again.length == head->length);
    second = write_head_response(&again, &how, twice, sizeof twice);
    REQUIRE(second == size);
    REQUIRE(write_head_interim(head, NULL, twice, sizeof twice) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count)
{
    static const enum method methods[] = { METHOD_GET, METHOD_HEAD, METHOD_POST };
    char *bytes = NULL;
    size_t cuts[3] = { 0, 0, SIZE_MAX }, none = 0;
    struct outcome whole;
    enum method method = METHOD_GET;

    if (count < 3)
        return 0;
    method = methods[input[0] % 3];
    cuts[0] = input[1];
    cuts[1] = (size_t)input[1] + input[2];
    count -= 3;
    bytes = malloc(count + 1);
    REQUIRE(bytes != NULL);
    memcpy(bytes, input + 3, count);
    check_cuts(slice_of(bytes, count), method, cuts);
    parse(slice_of(bytes, count), &none, method, &whole);
    if (whole.parse == PARSE_DONE) {
        check_framing(&whole.head, method);
        check_round_trip(&whole.head, method);
    }
    free(bytes);
    return 0;
}
