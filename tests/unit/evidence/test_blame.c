/* Every fault, and whose doing it is: a new one must be put into the list, too. */
#include <criterion/criterion.h>

#include "evidence/blame.h"

#define LIST(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static const enum fault of_the_release[] =
    LIST(FAULT_CONNECT_REFUSED, FAULT_CONNECT_TIMEOUT, FAULT_CONNECT_FAILED, FAULT_TARGET_TLS,
         FAULT_TARGET_CERT, FAULT_TARGET_STALE, FAULT_TARGET_CLOSED, FAULT_TARGET_RESET,
         FAULT_TARGET_TIMEOUT, FAULT_TARGET_TRUNCATED, FAULT_TARGET_STALLED, FAULT_RESPONSE_BAD,
         FAULT_RESPONSE_TOO_LARGE, FAULT_RESPONSE_UPGRADE, FAULT_TARGET_STATUS);

/* Of the side of the target, and still not the release's: an operator's order, and what is no request. */
static const enum fault not_of_the_release[] =
    LIST(FAULT_TARGET_EVICTED, FAULT_PROBE_TIMEOUT, FAULT_PROBE_STATUS, FAULT_NAME_UNKNOWN,
         FAULT_HEALTH_ASSERTION, FAULT_MISDEPLOYED, FAULT_TARGET_EJECTED);

static bool is_among(enum fault fault, const enum fault *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == fault)
            return true;
    return false;
}

Test(blame, every_fault_is_decided)
{
    for (enum fault fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
        bool is_release =
            is_among(fault, of_the_release, sizeof of_the_release / sizeof *of_the_release);
        bool is_exempt = is_among(fault, not_of_the_release,
                                  sizeof not_of_the_release / sizeof *not_of_the_release);
        enum blame want = BLAME_US;

        if (is_release)
            want = BLAME_RELEASE;
        else if (fault_side(fault) == SIDE_CLIENT)
            want = BLAME_CLIENT;
        cr_expect_eq(blame_of(fault, 200), want, "%s", fault_name(fault));
        cr_expect_eq(blame_of(fault, 503), want, "%s: a status of ours is no answer of the app",
                     fault_name(fault));
        cr_expect(is_release != is_exempt || fault_side(fault) != SIDE_TARGET,
                  "%s is of the target's side: decide whether it is the release's",
                  fault_name(fault));
    }
}

Test(blame, a_whole_answer_is_judged_by_its_status)
{
    static const struct {
        unsigned status;
        enum blame want;
    } cases[] = {
        { 101, BLAME_NOBODY },  { 200, BLAME_NOBODY },  { 304, BLAME_NOBODY },
        { 404, BLAME_NOBODY },  { 429, BLAME_NOBODY },  { 499, BLAME_NOBODY },
        { 500, BLAME_RELEASE }, { 501, BLAME_RELEASE }, { 503, BLAME_RELEASE },
        { 599, BLAME_RELEASE },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(blame_of(FAULT_NONE, cases[i].status), cases[i].want, "%u", cases[i].status);
}
