/*
 * A state that is told when it changes, and not each time when it changes again and again: after it was told there is quiet for a
 * time, then what it is by then is told with the number of changes between. The quiet is longer each time, up to ten
 * minutes, and short again after one in which nothing changed. What is well when it is seen first is not told. A value;
 * starts zeroed; time is given. Pure.
 */
#ifndef CONTROL_NEWS_DAMPER_PRIV_H
#define CONTROL_NEWS_DAMPER_PRIV_H

#include <stdbool.h>
#include <stdint.h>

enum {
    NEWS_DAMPER_GRACE_US =
        15 * 1000000, /* so long nobody minds that nothing is known at the start */
    NEWS_DAMPER_SHORT_US = 10 * 1000000,
    NEWS_DAMPER_LONG_US = 600 * 1000000,
};

enum news_damper_state { NEWS_STATE_UNKNOWN, NEWS_STATE_GOOD, NEWS_STATE_BAD };

struct news_damper {
    enum news_damper_state told;
    enum news_damper_state seen;
    bool has_begun;
    unsigned changes;  /* since it was told */
    uint64_t first_us; /* when it was seen first */
    uint64_t quiet_until_us;
    uint64_t quiet_us; /* how long the next quiet is */
};

struct news_damped {
    bool has_was; /* false: it is told for the first time */
    enum news_damper_state was;
    enum news_damper_state is;
    unsigned changes;
};

/* True: this is to be told now. Asked again and again, also while nothing changes. */
bool news_damper_see(struct news_damper *damper, enum news_damper_state state, uint64_t now_us,
                     struct news_damped *out);

#endif
