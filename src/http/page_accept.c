/*
 * Which of HTML and JSON a client would rather have (RFC 9110 12.5.1). HTML is what it gets unless
 * it says otherwise: JSON has to be wanted more, or be named where HTML is only covered by a
 * wildcard.
 */
#include "http/byte_class_priv.h"
#include "http/page.h"

/* How much one media type is wanted: the weight of the most specific range that covers it. */
struct wish {
    unsigned specific; /* 0: not covered, 1: any, 2: type only, 3: by name */
    unsigned weight;   /* in thousandths */
};

static void note(struct wish *wish, unsigned specific, unsigned weight)
{
    if (specific < wish->specific || (specific == wish->specific && weight <= wish->weight))
        return;
    wish->specific = specific;
    wish->weight = weight;
}

/* "0", "0.5", "1.000" in thousandths; 0 for anything that is no weight. */
static unsigned parse_weight(struct slice text)
{
    unsigned weight = 0, unit = 100;

    if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (text.len > 1 && text.ptr[1] != '.'))
        return 0;
    weight = text.ptr[0] == '1' ? 1000 : 0;
    for (size_t i = 2; i < text.len; i++, unit /= 10) {
        if (!byte_is(text.ptr[i], BYTE_DIGIT))
            return 0;
        weight += unit * (unsigned)(text.ptr[i] - '0');
    }
    return weight <= 1000 ? weight : 0;
}

/* The weight among the parameters behind a media range. */
static unsigned find_weight(struct slice parameters)
{
    struct slice part = { NULL, 0 };

    while (slice_next(&parameters, ';', &part)) {
        part = slice_trim(part);
        if (part.len >= 2 && (part.ptr[0] | 0x20) == 'q' && part.ptr[1] == '=')
            return parse_weight(slice_of(part.ptr + 2, part.len - 2));
    }
    return 1000;
}

static bool is_json_type(struct slice range)
{
    struct slice application = SLICE("application/");

    return slice_is_equal_nocase(range, SLICE("application/json")) ||
           (range.len > application.len &&
            slice_is_equal_nocase(slice_of(range.ptr, application.len), application) &&
            slice_ends_with_nocase(range, SLICE("+json")));
}

static void note_range(struct slice range, struct wish *json, struct wish *html)
{
    struct slice type = { NULL, 0 };
    unsigned weight = 0;

    if (!slice_next(&range, ';', &type))
        return;
    type = slice_trim(type);
    weight = find_weight(range);
    if (slice_is_equal(type, SLICE("*/*"))) {
        note(json, 1, weight);
        note(html, 1, weight);
    } else if (slice_is_equal_nocase(type, SLICE("application/*"))) {
        note(json, 2, weight);
    } else if (slice_is_equal_nocase(type, SLICE("text/*"))) {
        note(html, 2, weight);
    } else if (slice_is_equal_nocase(type, SLICE("text/html"))) {
        note(html, 3, weight);
    } else if (is_json_type(type)) {
        note(json, 3, weight);
    }
}

bool page_wants_json(struct slice accept)
{
    struct wish json = { 0, 0 }, html = { 0, 0 };
    struct slice range = { NULL, 0 };

    while (slice_next(&accept, ',', &range))
        note_range(range, &json, &html);
    if (json.weight != html.weight)
        return json.weight > html.weight;
    return json.weight > 0 && json.specific > html.specific;
}
