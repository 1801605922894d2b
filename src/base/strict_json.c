/*
 * Strict JSON: one pass over the bytes checks the grammar of RFC 8259, UTF-8, escapes, depth and counts;
 * then cJSON builds the tree, and a walk refuses repeated names and numbers that are not finite. Called by
 * the state file and by whoever reads bodies; pure.
 */
#include "base/strict_json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { NUMBER_CHARS = 32 };

const struct strict_json_limits strict_json_small = {
    .bytes = 1024 * 1024,
    .depth = STRICT_JSON_DEPTH,
    .items = 4096,
};

struct scan {
    const unsigned char *at;
    const unsigned char *end;
    unsigned depth;
    size_t items;
    const struct strict_json_limits *limits;
    const char *why;
    int err;
};

static bool refuse(struct scan *scan, int err, const char *why)
{
    scan->err = err;
    scan->why = why;
    return false;
}

static bool is_at(const struct scan *scan, char c)
{
    return scan->at < scan->end && *scan->at == (unsigned char)c;
}

static bool is_digit_at(const struct scan *scan)
{
    return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

static void skip_space(struct scan *scan)
{
    while (is_at(scan, ' ') || is_at(scan, '\t') || is_at(scan, '\r') || is_at(scan, '\n'))
        scan->at++;
}

static bool skip_digits(struct scan *scan)
{
    if (!is_digit_at(scan))
        return refuse(scan, ERR_INVALID, "malformed number");
    while (is_digit_at(scan))
        scan->at++;
    return true;
}

static bool scan_number(struct scan *scan)
{
    const unsigned char *first = scan->at;

    if (is_at(scan, '-'))
        scan->at++;
    if (is_at(scan, '0'))
        scan->at++;
    else if (!skip_digits(scan))
        return false;
    if (is_digit_at(scan))
        return refuse(scan, ERR_INVALID, "number with a leading zero");
    if (is_at(scan, '.')) {
        scan->at++;
        if (!skip_digits(scan))
            return false;
    }
    if (is_at(scan, 'e') || is_at(scan, 'E')) {
        scan->at++;
        if (is_at(scan, '+') || is_at(scan, '-'))
            scan->at++;
        if (!skip_digits(scan))
            return false;
    }
    if (scan->at - first > NUMBER_CHARS)
        return refuse(scan, ERR_RANGE, "number with too many digits");
    return true;
}

static int read_hex4(struct scan *scan, unsigned *out)
{
    unsigned value = 0;

    if (scan->end - scan->at < 4)
        return ERR_INVALID;
    for (int i = 0; i < 4; i++) {
        unsigned char c = *scan->at++;

        if (c >= '0' && c <= '9')
            value = value * 16 + (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value * 16 + (unsigned)((c | 0x20) - 'a' + 10);
        else
            return ERR_INVALID;
    }
    *out = value;
    return 0;
}

/* Behind "\u": no NUL, and surrogates only in pairs. */
static bool scan_unicode_escape(struct scan *scan)
{
    unsigned high = 0;
    unsigned low = 0;

    if (read_hex4(scan, &high) != 0)
        return refuse(scan, ERR_INVALID, "malformed \\u escape");
    if (high == 0)
        return refuse(scan, ERR_INVALID, "NUL in a text");
    if (high >= 0xdc00 && high <= 0xdfff)
        return refuse(scan, ERR_INVALID, "half a surrogate pair");
    if (high < 0xd800 || high > 0xdbff)
        return true;
    if (scan->end - scan->at < 6 || scan->at[0] != '\\' || scan->at[1] != 'u')
        return refuse(scan, ERR_INVALID, "half a surrogate pair");
    scan->at += 2;
    if (read_hex4(scan, &low) != 0 || low < 0xdc00 || low > 0xdfff)
        return refuse(scan, ERR_INVALID, "half a surrogate pair");
    return true;
}

static bool scan_escape(struct scan *scan)
{
    scan->at++;
    if (scan->at == scan->end || *scan->at == '\0' || strchr("\"\\/bfnrtu", *scan->at) == NULL)
        return refuse(scan, ERR_INVALID, "unknown escape");
    return *scan->at++ != 'u' || scan_unicode_escape(scan);
}

/* One sequence of two to four bytes (RFC 3629). */
static bool scan_utf8(struct scan *scan)
{
    const unsigned char *at = scan->at;
    ptrdiff_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;

    if (at[0] < 0xc2 || at[0] > 0xf4 || scan->end - at < len)
        return refuse(scan, ERR_INVALID, "bytes that are not UTF-8");
    for (ptrdiff_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return refuse(scan, ERR_INVALID, "bytes that are not UTF-8");
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return refuse(scan, ERR_INVALID, "bytes that are not UTF-8");
    scan->at += len;
    return true;
}

static bool scan_text(struct scan *scan)
{
    if (!is_at(scan, '"'))
        return refuse(scan, ERR_INVALID, "a text was expected");
    scan->at++;
    while (scan->at < scan->end && *scan->at != '"') {
        if (*scan->at < 0x20)
            return refuse(scan, ERR_INVALID, "control byte in a text");
        if (*scan->at == '\\') {
            if (!scan_escape(scan))
                return false;
        } else if (*scan->at >= 0x80) {
            if (!scan_utf8(scan))
                return false;
        } else {
            scan->at++;
        }
    }
    if (scan->at == scan->end)
        return refuse(scan, ERR_INVALID, "text without an end");
    scan->at++;
    return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
        return refuse(scan, ERR_INVALID, "a value was expected");
    scan->at += len;
    return true;
}

static bool scan_value(struct scan *scan);

static bool scan_member(struct scan *scan)
{
    if (!scan_text(scan))
        return false;
    skip_space(scan);
    if (!is_at(scan, ':'))
        return refuse(scan, ERR_INVALID, "':' is missing");
    scan->at++;
    return scan_value(scan);
}

/* The items of an array or object up to and with its end. */
static bool scan_items(struct scan *scan, char end, bool (*scan_item)(struct scan *scan))
{
    if (++scan->depth > scan->limits->depth || scan->depth > STRICT_JSON_DEPTH)
        return refuse(scan, ERR_RANGE, "nested too deeply");
    scan->at++;
    skip_space(scan);
    while (!is_at(scan, end)) {
        if (!scan_item(scan))
            return false;
        skip_space(scan);
        if (is_at(scan, end))
            break;
        if (!is_at(scan, ','))
            return refuse(scan, ERR_INVALID, "',' or an end is missing");
        scan->at++;
        skip_space(scan);
        if (is_at(scan, end))
            return refuse(scan, ERR_INVALID, "',' before the end");
    }
    scan->at++;
    scan->depth--;
    return true;
}

static bool scan_value(struct scan *scan)
{
    skip_space(scan);
    if (++scan->items > scan->limits->items)
        return refuse(scan, ERR_RANGE, "too many values");
    if (scan->at == scan->end)
        return refuse(scan, ERR_INVALID, "a value was expected");
    switch (*scan->at) {
    case '{': return scan_items(scan, '}', scan_member);
    case '[': return scan_items(scan, ']', scan_value);
    case '"': return scan_text(scan);
    case 't': return scan_word(scan, "true");
    case 'f': return scan_word(scan, "false");
    case 'n': return scan_word(scan, "null");
    default: return scan_number(scan);
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_repeated_name(const cJSON *object)
{
    size_t count = (size_t)cJSON_GetArraySize(object);
    const char **names = NULL;
    const cJSON *item = NULL;
    size_t filled = 0;
    bool found = false;

    if (count < 2)
        return false;
    names = mem_alloc(count * sizeof *names);
    cJSON_ArrayForEach(item, object) names[filled++] = item->string;
    qsort(names, filled, sizeof *names, compare_names);
    for (size_t i = 1; i < filled && !found; i++)
        found = strcmp(names[i - 1], names[i]) == 0;
    free(names);
    return found;
}

/* What only the tree shows; its depth is bounded by the scan. */
static const char *check_tree(const cJSON *item)
{
    const cJSON *child = NULL;
    const char *why = NULL;

    if (cJSON_IsNumber(item) && !isfinite(item->valuedouble))
        return "number out of range";
    if (cJSON_IsObject(item) && has_repeated_name(item))
        return "repeated name";
    cJSON_ArrayForEach(child, item)
    {
        why = check_tree(child);
        if (why != NULL)
            return why;
    }
    return NULL;
}

static int parse_scanned(struct slice bytes, cJSON **out, const char **why)
{
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(bytes.ptr, bytes.len, &end, 0);

    *why = tree == NULL ? "not JSON" : check_tree(tree);
    if (*why != NULL) {
        cJSON_Delete(tree);
        return ERR_INVALID;
    }
    *out = tree;
    return 0;
}

int strict_json_parse(struct slice bytes, const struct strict_json_limits *limits,
                      struct cJSON **out, const char **why)
{
    const char *ignored = NULL;
    struct scan scan = { .limits = limits, .err = 0 };

    if (why == NULL)
        why = &ignored;
    *why = "too long";
    if (bytes.len > limits->bytes)
        return ERR_RANGE;
    *why = "empty";
    if (bytes.len == 0)
        return ERR_INVALID;
    scan.at = (const unsigned char *)bytes.ptr;
    scan.end = scan.at + bytes.len;
    if (scan_value(&scan)) {
        skip_space(&scan);
        if (scan.at != scan.end)
            (void)refuse(&scan, ERR_INVALID, "bytes behind the end");
    }
    *why = scan.why;
    return scan.err != 0 ? scan.err : parse_scanned(bytes, out, why);
}

static const cJSON *find_member(const struct cJSON *object, const char *name)
{
    const cJSON *item = NULL;

    if (!cJSON_IsObject(object))
        return NULL;
    item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNull(item) ? NULL : item;
}

int strict_json_text(const struct cJSON *object, const char *name, char *out, size_t capacity)
{
    const cJSON *item = find_member(object, name);

    if (item == NULL)
        return ERR_NOT_FOUND;
    if (!cJSON_IsString(item))
        return ERR_INVALID;
    return slice_copy(slice_from(item->valuestring), out, capacity) ? 0 : ERR_RANGE;
}

int strict_json_u64(const struct cJSON *object, const char *name, uint64_t max, uint64_t *out)
{
    const cJSON *item = find_member(object, name);
    double value = 0;

    if (item == NULL)
        return ERR_NOT_FOUND;
    if (!cJSON_IsNumber(item))
        return ERR_INVALID;
    value = item->valuedouble;
    if (!(value >= 0) || value > (double)STRICT_JSON_INTEGER_MAX || trunc(value) != value ||
        (uint64_t)value > max)
        return ERR_RANGE;
    *out = (uint64_t)value;
    return 0;
}

int strict_json_bool(const struct cJSON *object, const char *name, bool *out)
{
    const cJSON *item = find_member(object, name);

    if (item == NULL)
        return ERR_NOT_FOUND;
    if (!cJSON_IsBool(item))
        return ERR_INVALID;
    *out = cJSON_IsTrue(item) != 0;
    return 0;
}

const struct cJSON *strict_json_array(const struct cJSON *object, const char *name)
{
    const cJSON *item = find_member(object, name);

    return cJSON_IsArray(item) ? item : NULL;
}

const struct cJSON *strict_json_object(const struct cJSON *object, const char *name)
{
    const cJSON *item = find_member(object, name);

    return cJSON_IsObject(item) ? item : NULL;
}

const char *strict_json_unknown(const struct cJSON *object, const char *const *allowed,
                                size_t allowed_count)
{
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, object)
    {
        bool is_known = false;

        for (size_t i = 0; i < allowed_count && !is_known; i++)
            is_known = strcmp(item->string, allowed[i]) == 0;
        if (!is_known)
            return item->string;
    }
    return NULL;
}
