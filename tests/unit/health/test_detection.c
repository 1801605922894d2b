/* How long a dead target goes unnoticed at the most: src/health/detection.c. */
#include <criterion/criterion.h>

#include "health/detection.h"

enum { MS = 1000, S = 1000 * MS };

Test(detection, worst_case)
{
    static const struct {
        uint64_t interval;
        uint64_t timeout;
        uint64_t fall;
        uint64_t jitter;
        uint64_t worst;
    } rows[] = {
        { 2 * S, 1 * S, 3, 10, 5220 * MS },       /* the defaults */
        { 2 * S, 1 * S, 1, 0, 3 * S },            /* the first bad one counts */
        { 10 * S, 100 * MS, 3, 0, 11100 * MS },   /* the second and third come fast */
        { 10 * S, 100 * MS, 3, 10, 12200 * MS },  /* and those jitter, too */
        { 100 * MS, 50 * MS, 4, 0, 450 * MS },    /* a short interval stays as it is */
        { 1 * S, 5 * S, 2, 0, 11 * S + 10 * MS }, /* never two probes at a time */
        { 1 * S, 1 * S, 0, 0, 2 * S },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(
            detection_worst_us(rows[i].interval, rows[i].timeout, rows[i].fall, rows[i].jitter),
            rows[i].worst, "row %zu", i);
}
