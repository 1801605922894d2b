/* See news_damper_priv.h. */
#include "control/news_damper_priv.h"

static void begin_quiet(struct news_damper *damper, uint64_t now_us)
{
    if (damper->quiet_us == 0)
        damper->quiet_us = NEWS_DAMPER_SHORT_US;
    damper->quiet_until_us = now_us + damper->quiet_us;
    damper->quiet_us =
        damper->quiet_us < NEWS_DAMPER_LONG_US / 2 ? 2 * damper->quiet_us : NEWS_DAMPER_LONG_US;
}

/* Until something is known, or it should be by now. */
static bool begin(struct news_damper *damper, enum news_damper_state state, uint64_t now_us,
                  struct news_damped *out)
{
    if (damper->first_us == 0)
        damper->first_us = now_us;
    if (state == NEWS_STATE_UNKNOWN && now_us - damper->first_us < NEWS_DAMPER_GRACE_US)
        return false;
    damper->has_begun = true;
    damper->told = damper->seen = state;
    if (state == NEWS_STATE_GOOD)
        return false;
    *out = (struct news_damped){ .is = state, .changes = 1 };
    begin_quiet(damper, now_us);
    return true;
}

bool news_damper_see(struct news_damper *damper, enum news_damper_state state, uint64_t now_us,
                     struct news_damped *out)
{
    if (!damper->has_begun)
        return begin(damper, state, now_us, out);
    if (state != damper->seen)
        damper->changes++;
    damper->seen = state;
    if (now_us < damper->quiet_until_us)
        return false;
    if (damper->changes == 0) {
        damper->quiet_us = 0;
        return false;
    }
    *out = (struct news_damped){
        .has_was = true, .was = damper->told, .is = state, .changes = damper->changes
    };
    damper->told = state;
    damper->changes = 0;
    begin_quiet(damper, now_us);
    return true;
}
