/* Tables of heads: see head_case.h. */
#include "head_case.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

static const struct head_limits limits = { .head_bytes = 4096, .target_bytes = 256, .fields = 20 };

struct outcome {
    enum parse parse;
    enum fault fault;
    struct head_case_head head;
};

enum parse head_case_request(const char *bytes, size_t count, size_t *searched, struct head *head,
                             enum fault *fault)
{
    return parse_head_request(bytes, count, searched, &limits, head, fault);
}

enum parse head_case_response(const char *bytes, size_t count, size_t *searched, struct head *head,
                              enum fault *fault)
{
    return parse_head_response(bytes, count, searched, &limits, METHOD_GET, head, fault);
}

/* The text with its control bytes readable, for messages; a static buffer. */
static const char *show(const char *text, size_t size)
{
    static char shown[1024];
    size_t at = 0;

    for (size_t i = 0; i < size && at + 8 < sizeof shown; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '\r' || c == '\n')
            at += (size_t)snprintf(shown + at, 8, "%s", c == '\r' ? "\\r" : "\\n");
        else if (c < 0x20 || c >= 0x7f)
            at += (size_t)snprintf(shown + at, 8, "\\x%02x", c);
        else
            shown[at++] = (char)c;
    }
    shown[at] = '\0';
    return shown;
}

/* One call on a heap copy that ends where the bytes end, so that reading further is noticed. */
static void parse_once(head_case_parse *parse, const char *text, size_t size, size_t *searched,
                       struct outcome *out)
{
    char *copy = malloc(size > 0 ? size : 1);

    cr_assert_not_null(copy);
    memcpy(copy, text, size);
    memset(&out->head, 0, sizeof out->head);
    out->head.head.fields = out->head.fields;
    out->head.head.field_capacity = HEAD_CASE_FIELDS;
    out->fault = FAULT_COUNT;
    out->parse = parse(copy, size, searched, &out->head.head, &out->fault);
    free(copy);
}

static void parse_whole(head_case_parse *parse, const char *text, size_t size, struct outcome *out)
{
    size_t searched = 0;

    parse_once(parse, text, size, &searched, out);
}

static bool is_same_head(const struct head_case_head *a, const struct head_case_head *b)
{
    const struct head *x = &a->head, *y = &b->head;

    return x->field_count == y->field_count && x->size == y->size && x->seen == y->seen &&
           x->framing == y->framing && x->length == y->length && x->close == y->close &&
           x->minor == y->minor && x->method == y->method && x->status == y->status &&
           x->expect_continue == y->expect_continue && x->wants_upgrade == y->wants_upgrade &&
           x->host_len == y->host_len && x->target.len == y->target.len &&
           x->path.len == y->path.len && x->query.len == y->query.len &&
           memcmp(a->fields, b->fields, x->field_count * sizeof a->fields[0]) == 0;
}

static void assert_same(const struct outcome *a, const struct outcome *b, const char *text,
                        size_t size)
{
    cr_assert_eq(a->parse, b->parse, "parse %d and %d at byte %zu of %s", a->parse, b->parse, size,
                 show(text, size));
    if (a->parse == PARSE_BAD)
        cr_assert_eq(a->fault, b->fault, "%s and %s at byte %zu of %s", fault_name(a->fault),
                     fault_name(b->fault), size, show(text, size));
    if (a->parse == PARSE_DONE)
        cr_assert(is_same_head(&a->head, &b->head), "different heads from %s", show(text, size));
}

static void check_byte_by_byte(head_case_parse *parse, const struct head_case *one)
{
    size_t searched = 0;

    for (size_t size = 0; size <= one->size; size++) {
        struct outcome grown, whole;

        parse_once(parse, one->text, size, &searched, &grown);
        parse_whole(parse, one->text, size, &whole);
        assert_same(&grown, &whole, one->text, size);
        if (grown.parse != PARSE_MORE)
            return;
    }
}

static void check_cut_in_two(head_case_parse *parse, const struct head_case *one)
{
    struct outcome whole, cut;

    parse_whole(parse, one->text, one->size, &whole);
    for (size_t size = 0; size < one->size; size++) {
        size_t searched = 0;

        parse_once(parse, one->text, size, &searched, &cut);
        if (cut.parse == PARSE_MORE)
            parse_once(parse, one->text, one->size, &searched, &cut);
        assert_same(&cut, &whole, one->text, size);
    }
}

static void check_outcome(head_case_parse *parse, const struct head_case *one)
{
    struct outcome whole;
    const char *shown = show(one->text, one->size);

    parse_whole(parse, one->text, one->size, &whole);
    if (one->fault == HEAD_CASE_MORE) {
        cr_assert_eq(whole.parse, PARSE_MORE, "not waiting for more of %s", shown);
    } else if (one->fault == FAULT_NONE) {
        cr_assert_eq(whole.parse, PARSE_DONE, "%s for %s",
                     whole.parse == PARSE_BAD ? fault_name(whole.fault) : "more", shown);
        cr_assert_eq(whole.fault, FAULT_NONE);
        cr_assert_eq(whole.head.head.size, one->size, "size %u of %s", whole.head.head.size, shown);
    } else {
        cr_assert_eq(whole.parse, PARSE_BAD, "not refused: %s", shown);
        cr_assert_eq((int)whole.fault, one->fault, "%s, not %s, for %s", fault_name(whole.fault),
                     fault_name((enum fault)one->fault), shown);
    }
}

void head_case_check(head_case_parse *parse, const struct head_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_outcome(parse, &cases[i]);
        check_byte_by_byte(parse, &cases[i]);
        check_cut_in_two(parse, &cases[i]);
    }
}

void head_case_parse_good(head_case_parse *parse, const char *text, struct head_case_head *out)
{
    size_t searched = 0;
    enum fault fault = FAULT_NONE;
    enum parse result = PARSE_BAD;

    memset(out, 0, sizeof *out);
    out->head.fields = out->fields;
    out->head.field_capacity = HEAD_CASE_FIELDS;
    result = parse(text, strlen(text), &searched, &out->head, &fault);
    cr_assert_eq(result, PARSE_DONE, "%s for %s", fault_name(fault), show(text, strlen(text)));
}

void head_case_equal(struct slice text, const char *expected)
{
    cr_assert(slice_is_equal(text, slice_from(expected)), "\"%.*s\" is not \"%s\"", SLICE_ARG(text),
              expected);
}
