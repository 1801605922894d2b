/*
 * The strict load generator as a program: loadgen ADDRESS SECONDS [KEEP_ALIVE [ONE_SHOT [RATE]]]. Expects app servers
 * that answer X-Slot and echo X-Id. Prints one JSON line; exit status 1 when a request failed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/load.h"
#include "support/scene.h"

static unsigned number_or(int count, char *const words[], int index, unsigned fallback)
{
    return index < count ? (unsigned)strtoul(words[index], NULL, 10) : fallback;
}

int main(int count, char *words[])
{
    struct load_options options = { .keep_alive = number_or(count, words, 3, 64),
                                    .one_shot = number_or(count, words, 4, 16),
                                    .rate = number_or(count, words, 5, 0),
                                    .post_percent = 10,
                                    .post_bytes = 2000,
                                    .seed = 1 };
    struct load *load = NULL;
    struct text summary;
    uint64_t failed = 0;

    if (count < 3) {
        fprintf(stderr, "usage: loadgen ADDRESS SECONDS [KEEP_ALIVE [ONE_SHOT [RATE]]]\n");
        return 2;
    }
    options.front = words[1];
    load = load_start(&options);
    scene_pause_us((uint64_t)number_or(count, words, 2, 1) * 1000000);
    load_finish(load);
    text_init(&summary, 65536);
    load_summary(load, &summary);
    printf("%s\n", summary.bytes);
    failed = load_failed(load);
    text_fini(&summary);
    load_free(load);
    return failed == 0 ? 0 : 1;
}
