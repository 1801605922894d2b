/* The byte classes of the grammar: see byte_class_priv.h. */
#include "http/byte_class_priv.h"

#define T   BYTE_TOKEN
#define H   BYTE_HOST
#define TH  (BYTE_TOKEN | BYTE_HOST)
#define THX (BYTE_TOKEN | BYTE_HOST | BYTE_HEX)

/* clang-format off */
const uint8_t byte_class[256] = {
    ['!'] = TH, ['#'] = T, ['$'] = TH, ['%'] = T, ['&'] = TH, ['\''] = TH, ['('] = H, [')'] = H,
    ['*'] = TH, ['+'] = TH, ['-'] = TH, ['.'] = TH, [';'] = H, ['='] = H, ['^'] = T, ['_'] = TH,
    ['`'] = T, ['|'] = T, ['~'] = TH,
    ['0' ... '9'] = THX | BYTE_DIGIT,
    ['A' ... 'F'] = THX, ['G' ... 'Z'] = TH,
    ['a' ... 'f'] = THX, ['g' ... 'z'] = TH,
};
/* clang-format on */
