/* See schema_range.h. Called by the contract and by whoever judges the version of a schema. */
#include "store/schema_range.h"

#include <string.h>

#include "base/err.h"
#include "base/slice.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static const char *skip_mark(const char *text)
{
    return (text[0] == 'v' || text[0] == 'V') && is_digit(text[1]) ? text + 1 : text;
}

/* The next number, without leading zeros; an empty one is 0. */
static struct slice take_number(const char **text)
{
    const char *start = *text;

    while (is_digit(**text))
        (*text)++;
    while (start < *text && *start == '0')
        start++;
    return slice_of(start, (size_t)(*text - start));
}

static int compare_numbers(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len == 0 ? 0 : memcmp(a.ptr, b.ptr, a.len);
}

/* Past the separator when another number follows it. */
static bool goes_on(const char **text)
{
    if ((**text != '.' && **text != '_') || !is_digit((*text)[1]))
        return false;
    (*text)++;
    return true;
}

/* "-rc1" comes before the release; a mere name counts only against another name. */
static int compare_rests(const char *a, const char *b)
{
    bool is_early_a = a[0] == '-';
    bool is_early_b = b[0] == '-';

    if (is_early_a != is_early_b)
        return is_early_a ? -1 : 1;
    if (a[0] == '\0' || b[0] == '\0')
        return 0;
    return strcmp(a, b);
}

int schema_version_compare(const char *a, const char *b)
{
    const char *left = skip_mark(a);
    const char *right = skip_mark(b);
    bool has_left = is_digit(*left);
    bool has_right = is_digit(*right);

    if (!has_left || !has_right)
        return strcmp(left, right);
    while (has_left || has_right) {
        struct slice x = has_left ? take_number(&left) : slice_of("", 0);
        struct slice y = has_right ? take_number(&right) : slice_of("", 0);
        int order = compare_numbers(x, y);

        if (order != 0)
            return order;
        has_left = has_left && goes_on(&left);
        has_right = has_right && goes_on(&right);
    }
    return compare_rests(left, right);
}

bool schema_version_is_valid(const char *text)
{
    return is_digit(*skip_mark(text)) && strlen(text) < SCHEMA_VERSION_MAX;
}

static enum schema_relation take_relation(struct slice *term)
{
    static const struct {
        const char *sign;
        enum schema_relation relation;
    } signs[] = {
        { ">=", SCHEMA_LEAST }, { "<=", SCHEMA_MOST }, { ">", SCHEMA_ABOVE },
        { "<", SCHEMA_BELOW },  { "=", SCHEMA_EQUAL },
    };

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        struct slice sign = slice_from(signs[i].sign);

        if (!slice_starts_with(*term, sign))
            continue;
        *term = slice_of(term->ptr + sign.len, term->len - sign.len);
        return signs[i].relation;
    }
    return SCHEMA_LEAST;
}

static int add_term(struct schema_range *range, struct slice part, const char **why)
{
    struct schema_term *term = &range->terms[range->term_count];

    *why = "more than four terms";
    if (range->term_count == SCHEMA_TERMS_MAX)
        return ERR_INVALID;
    term->relation = take_relation(&part);
    *why =
        "a version has digits at its beginning, like 1.3.0 or v1.3, and no space behind its sign";
    if (!slice_copy(part, term->version, sizeof term->version) ||
        !schema_version_is_valid(term->version))
        return ERR_INVALID;
    range->term_count++;
    return 0;
}

int schema_range_parse(const char *text, struct schema_range *out, const char **why)
{
    struct slice rest = slice_trim(slice_from(text));
    struct slice part;
    struct schema_range range = { 0 };

    *why = "it is empty; say * for any version";
    if (rest.len == 0)
        return ERR_INVALID;
    *out = range;
    if (slice_is_equal(rest, slice_from("*")))
        return 0;
    while (slice_next(&rest, ' ', &part))
        if (part.len > 0 && add_term(&range, part, why) != 0)
            return ERR_INVALID;
    *out = range;
    return 0;
}

static bool has(const struct schema_term *term, const char *version, bool is_strict)
{
    int order = schema_version_compare(version, term->version);

    switch (term->relation) {
    case SCHEMA_LEAST: return is_strict ? order == 0 : order >= 0;
    case SCHEMA_ABOVE: return order > 0;
    case SCHEMA_MOST: return order <= 0;
    case SCHEMA_BELOW: return order < 0;
    case SCHEMA_EQUAL: return order == 0;
    }
    CHECK(!"a relation that is not known");
    return false;
}

bool schema_range_has(const struct schema_range *range, const char *version, bool is_strict)
{
    for (unsigned i = 0; i < range->term_count; i++)
        if (!has(&range->terms[i], version, is_strict))
            return false;
    return true;
}
