/* The table of faults: see base/fault.h. */
#include "base/fault.h"

#include <ctype.h>
#include <stddef.h>

#include "base/check.h"

struct fault_row {
    const char *name;
    const char *words;
    enum fault_side side;
    int status;
    bool retry;
};

static const struct fault_row rows[FAULT_COUNT] = {
#define FAULT(name, side, status, retry, words)                                                    \
    [FAULT_##name] = { #name, words, SIDE_##side, status, retry },
#include "base/fault.def"
#undef FAULT
};

/* The lower-case names, made at compile time would need a second column; made here once per fault. */
static char lower[FAULT_COUNT][24];

__attribute__((constructor)) static void make_lower_names(void)
{
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        size_t at = 0;

        for (; rows[i].name[at] != '\0' && at + 1 < sizeof lower[i]; at++)
            lower[i][at] = (char)tolower((unsigned char)rows[i].name[at]);
        lower[i][at] = '\0';
    }
}

static const struct fault_row *row_of(enum fault fault)
{
    CHECK((size_t)fault < FAULT_COUNT);
    return &rows[fault];
}

const char *fault_name(enum fault fault)
{
    return lower[row_of(fault) - rows];
}

const char *fault_words(enum fault fault)
{
    return row_of(fault)->words;
}

enum fault_side fault_side(enum fault fault)
{
    return row_of(fault)->side;
}

int fault_status(enum fault fault)
{
    return row_of(fault)->status;
}

bool fault_is_retryable(enum fault fault)
{
    return row_of(fault)->retry;
}
