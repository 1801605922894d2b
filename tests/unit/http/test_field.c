/* Known field names: every row is found by the hash, and nothing else is. */
#include "http/field.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

struct row {
    enum field_id id;
    const char *text;
    int hop;
};

static const struct row rows[] = {
#define FIELD(id, text, hop) { FIELD_##id, text, hop },
#include "http/field.def"
#undef FIELD
};

Test(field, finds_every_row)
{
    cr_assert_eq(sizeof rows / sizeof rows[0], FIELD_COUNT);
    for (size_t i = 1; i < FIELD_COUNT; i++) {
        char other[64];
        size_t len = strlen(rows[i].text);

        cr_assert_eq(field_find(rows[i].text, len), rows[i].id, "%s", rows[i].text);
        cr_assert_str_eq(field_name(rows[i].id), rows[i].text);
        cr_assert_eq(field_is_hop_by_hop(rows[i].id), rows[i].hop);
        for (size_t at = 0; at < len; at++)
            other[at] = (char)(at % 2 ? tolower((unsigned char)rows[i].text[at])
                                      : toupper((unsigned char)rows[i].text[at]));
        cr_assert_eq(field_find(other, len), rows[i].id, "%s", rows[i].text);
    }
}

/* Every name with one byte changed, cut off or added is another name. */
Test(field, finds_nothing_else)
{
    for (size_t i = 1; i < FIELD_COUNT; i++) {
        char other[64];
        size_t len = strlen(rows[i].text);

        for (size_t at = 0; at < len; at++) {
            memcpy(other, rows[i].text, len);
            other[at] = other[at] == '-' ? '_' : '-';
            cr_assert_eq(field_find(other, len), FIELD_OTHER, "%.*s", (int)len, other);
            other[at] = '!';
            cr_assert_eq(field_find(other, len), FIELD_OTHER, "%.*s", (int)len, other);
        }
        memcpy(other, rows[i].text, len);
        other[len] = 's';
        cr_assert_eq(field_find(other, len + 1), FIELD_OTHER);
        cr_assert_eq(field_find(other, len - 1), FIELD_OTHER);
        cr_assert_eq(field_find(other + 1, len - 1), FIELD_OTHER);
    }
    cr_assert_eq(field_find("", 0), FIELD_OTHER);
    cr_assert_eq(field_find("X", 1), FIELD_OTHER);
    cr_assert_eq(field_find("Content-Type", 12), FIELD_OTHER);
}

Test(field, hop_by_hop)
{
    cr_assert(field_is_hop_by_hop(FIELD_CONNECTION));
    cr_assert(field_is_hop_by_hop(FIELD_TRANSFER_ENCODING));
    cr_assert(field_is_hop_by_hop(FIELD_KEEP_ALIVE));
    cr_assert(field_is_hop_by_hop(FIELD_UPGRADE));
    cr_assert_not(field_is_hop_by_hop(FIELD_HOST));
    cr_assert_not(field_is_hop_by_hop(FIELD_OTHER));
}
