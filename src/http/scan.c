/* The byte classes of the grammar: see scan_priv.h. */
#include "scan_priv.h"

#define T   SCAN_TOKEN
#define H   SCAN_HOST
#define TH  (SCAN_TOKEN | SCAN_HOST)
#define THX (SCAN_TOKEN | SCAN_HOST | SCAN_HEX)

/* clang-format off */
const uint8_t scan_class[256] = {
    ['!'] = TH, ['#'] = T, ['$'] = TH, ['%'] = T, ['&'] = TH, ['\''] = TH, ['('] = H, [')'] = H,
    ['*'] = TH, ['+'] = TH, ['-'] = TH, ['.'] = TH, [';'] = H, ['='] = H, ['^'] = T, ['_'] = TH,
    ['`'] = T, ['|'] = T, ['~'] = TH,
    ['0' ... '9'] = THX | SCAN_DIGIT,
    ['A' ... 'F'] = THX, ['G' ... 'Z'] = TH,
    ['a' ... 'f'] = THX, ['g' ... 'z'] = TH,
};
/* clang-format on */
