/*
 * Known field names: see http/field.h. The hash (length, first and last byte, both folded to lower
 * case) is perfect for the names of field.def; its constants were found by trying, and a unit test
 * looks every name up, so that a new row without a free place is noticed.
 */
#include "http/field.h"

#include <stdint.h>
#include <string.h>

#include "base/check.h"

#define PLACES 64u

static const uint8_t places[PLACES] = {
    [0] = FIELD_COOKIE,
    [2] = FIELD_X_SWITCHYARD_EPOCH,
    [4] = FIELD_TRANSFER_ENCODING,
    [5] = FIELD_DATE,
    [7] = FIELD_IDEMPOTENCY_KEY,
    [9] = FIELD_X_FORWARDED_FOR,
    [12] = FIELD_X_FORWARDED_HOST,
    [13] = FIELD_X_SWITCHYARD_SLOT,
    [14] = FIELD_PROXY_CONNECTION,
    [16] = FIELD_HOST,
    [17] = FIELD_PROXY_AUTHORIZATION,
    [23] = FIELD_REFERER,
    [26] = FIELD_MAX_FORWARDS,
    [31] = FIELD_X_SWITCHYARD_PROBE,
    [33] = FIELD_ACCEPT,
    [34] = FIELD_AUTHORIZATION,
    [37] = FIELD_TRAILER,
    [39] = FIELD_PROXY_AUTHENTICATE,
    [40] = FIELD_X_FORWARDED_PROTO,
    [43] = FIELD_CONTENT_LENGTH,
    [45] = FIELD_CONNECTION,
    [49] = FIELD_USER_AGENT,
    [51] = FIELD_TE,
    [55] = FIELD_FORWARDED,
    [56] = FIELD_X_REQUEST_ID,
    [57] = FIELD_HTTP2_SETTINGS,
    [60] = FIELD_KEEP_ALIVE,
    [61] = FIELD_EXPECT,
    [62] = FIELD_VIA,
    [63] = FIELD_UPGRADE,
};

struct known {
    const char *text;
    uint8_t len;
    uint8_t hop;
};

static const struct known known[FIELD_COUNT] = {
#define FIELD(id, text, hop) [FIELD_##id] = { text, sizeof(text) - 1, hop },
#include "http/field.def"
#undef FIELD
};

_Static_assert(FIELD_COUNT <= 64, "the ids fit into head.seen");

/* Eight bytes with bit 5 set in each: ASCII letters in lower case, digits and '-' unchanged. */
static uint64_t load_folded(const char *at)
{
    uint64_t word = 0;

    memcpy(&word, at, sizeof word);
    return word | 0x2020202020202020u;
}

static uint32_t load_folded_half(const char *at)
{
    uint32_t word = 0;

    memcpy(&word, at, sizeof word);
    return word | 0x20202020u;
}

/*
 * Whether two texts of the same length, of at least two bytes, are equal without case. Folding by
 * bit is exact here: of the bytes of a token only a letter's two cases fold onto a letter, a digit
 * or '-'.
 */
static int is_equal_folded(const char *a, const char *b, size_t len)
{
    if (len < 4)
        return (a[0] | 0x20) == (b[0] | 0x20) && (a[1] | 0x20) == (b[1] | 0x20) &&
               (a[len - 1] | 0x20) == (b[len - 1] | 0x20);
    if (len < 8)
        return load_folded_half(a) == load_folded_half(b) &&
               load_folded_half(a + len - 4) == load_folded_half(b + len - 4);
    for (size_t i = 0; i + 8 < len; i += 8)
        if (load_folded(a + i) != load_folded(b + i))
            return 0;
    return load_folded(a + len - 8) == load_folded(b + len - 8);
}

enum field_id field_find(const char *name, size_t len)
{
    unsigned first = 0, last = 0, id = 0;

    if (len < 2)
        return FIELD_OTHER;
    first = (unsigned char)name[0] | 0x20u;
    last = (unsigned char)name[len - 1] | 0x20u;
    id = places[((unsigned)len + 7 * first + 33 * last) % PLACES];
    if (known[id].len != len || !is_equal_folded(name, known[id].text, len))
        return FIELD_OTHER;
    return (enum field_id)id;
}

const char *field_name(enum field_id id)
{
    CHECK((unsigned)id < FIELD_COUNT);
    return known[id].text;
}

int field_is_hop_by_hop(enum field_id id)
{
    CHECK((unsigned)id < FIELD_COUNT);
    return known[id].hop;
}
