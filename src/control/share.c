/* Shares as text: see share_priv.h. */
#include "control/share_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "route/snapshot.h"
#include "route/split.h"
#include "route/steering.h"

enum { HUNDREDTHS = 100, DECIMALS_MAX = 2, WHOLE_DIGITS_MAX = 18 };

/* ".5" has no whole part and "5." no decimals: neither is a number here. */
static int parse_decimals(struct slice text, uint32_t *hundredths)
{
    uint64_t value = 0;

    if (num_parse_u64(text, UINT64_MAX, &value) == ERR_INVALID)
        return ERR_INVALID;
    if (text.len > DECIMALS_MAX)
        return ERR_RANGE;
    *hundredths = (uint32_t)value * (text.len == 1 ? 10 : 1);
    return 0;
}

int share_parse(const char *text, uint32_t *out)
{
    struct slice whole = slice_from(text);
    struct slice decimals = { 0 };
    const char *point = NULL;
    uint32_t hundredths = 0;
    uint64_t percent = 0;
    int err = 0;

    if (whole.len > 0 && whole.ptr[whole.len - 1] == '%')
        whole.len--;
    point = memchr(whole.ptr, '.', whole.len);
    if (point != NULL) {
        decimals = slice_of(point + 1, (size_t)(whole.ptr + whole.len - point - 1));
        whole.len = (size_t)(point - whole.ptr);
        err = parse_decimals(decimals, &hundredths);
    }
    if (err == ERR_INVALID)
        return err;
    if (num_parse_u64(whole, UINT64_MAX, &percent) == ERR_INVALID)
        return ERR_INVALID;
    if (err < 0 || whole.len > WHOLE_DIGITS_MAX || percent > SPLIT_WHOLE / HUNDREDTHS)
        return ERR_RANGE;
    percent = percent * HUNDREDTHS + hundredths;
    if (percent > SPLIT_WHOLE)
        return ERR_RANGE;
    *out = (uint32_t)percent;
    return 0;
}

void share_format(uint32_t share, char out[SHARE_TEXT_SIZE])
{
    snprintf(out, SHARE_TEXT_SIZE, "%u.%02u%%", share / HUNDREDTHS, share % HUNDREDTHS);
}

uint32_t share_of_slot(const struct snapshot_service *service, unsigned slot)
{
    const struct steering *steering = service->steering;
    bool has_canary = steering != NULL && steering->split.candidate < service->slot_count &&
                      steering->split.candidate != service->active;

    if (has_canary && slot == steering->split.candidate)
        return steering->split.share;
    if (slot != service->active)
        return 0;
    return SPLIT_WHOLE - (has_canary ? steering->split.share : 0);
}
