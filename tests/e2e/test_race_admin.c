/*
 * R36: two administrators with opposite goals, each with --if-epoch: history is linear, each epoch is won once, the
 * loser gets the conflict code; and several who do not look at epochs: every answer is true when it is given.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/load.h"
#include "support/scene.h"

static const struct stage_options options = { .lines = "health { enabled = false }\n" };

struct admin {
    struct stage *stage;
    const char *slot;
    unsigned rounds;
    unsigned won;
    unsigned same;
    unsigned lost;
    unsigned strange;
    uint64_t *epochs; /* that this one made */
};

/* The number after "name": in a JSON answer, 0 when it is not there. */
static uint64_t number_in(const char *answer, const char *name)
{
    char *key = mem_format("\"%s\":", name);
    const char *at = strstr(answer, key);
    uint64_t value = at != NULL ? strtoull(at + strlen(key), NULL, 10) : 0;

    free(key);
    return value;
}

static void *run_admin(void *arg)
{
    struct admin *admin = arg;
    struct ctl_line line;
    uint64_t epoch = 0;

    if (!ctl_open(&line, admin->stage->daemon))
        return NULL;
    for (unsigned i = 0; i < admin->rounds; i++) {
        const char *answer = ctl_say(&line, "json status", 20000);
        char *words = NULL;

        epoch = answer != NULL ? number_in(answer, "epoch") : 0;
        words = mem_format("json switch shop --to %s --if-epoch %llu", admin->slot,
                           (unsigned long long)epoch);
        answer = ctl_say(&line, words, 20000);
        free(words);
        if (answer == NULL) {
            admin->strange++;
            break;
        }
        if (strstr(answer, "\"ok\":true") != NULL && strstr(answer, "\"changed\":true") != NULL)
            admin->epochs[admin->won++] = number_in(answer, "epoch");
        else if (strstr(answer, "\"ok\":true") != NULL)
            admin->same++;
        else if (number_in(answer, "code") == 5)
            admin->lost++;
        else
            admin->strange++;
    }
    ctl_close(&line);
    return NULL;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

Test(race_admin, r36_two_administrators)
{
    unsigned rounds = (unsigned)scene_scale(400, 5000);
    struct stage stage;
    struct admin admins[2] = { { 0 } };
    pthread_t threads[2];
    uint64_t *all = NULL;
    unsigned count = 0;
    struct load *load = NULL;
    double epoch = 0;

    stage_open(&stage, &options);
    epoch = stage_epoch(&stage);
    load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                              .keep_alive = 8,
                                              .one_shot = 2,
                                              .rate = 300,
                                              .seed = 361 });
    for (int i = 0; i < 2; i++) {
        admins[i] = (struct admin){ .stage = &stage,
                                    .slot = i == 0 ? "green" : "blue",
                                    .rounds = rounds,
                                    .epochs = mem_zalloc(rounds * sizeof *admins[i].epochs) };
        cr_assert_eq(pthread_create(&threads[i], NULL, run_admin, &admins[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        count += admins[i].won;
        cr_expect_eq(admins[i].strange, 0, "%s: %u answers that are neither done nor conflict",
                     admins[i].slot, admins[i].strange);
    }
    all = mem_zalloc((count + 1) * sizeof *all);
    memcpy(all, admins[0].epochs, admins[0].won * sizeof *all);
    memcpy(all + admins[0].won, admins[1].epochs, admins[1].won * sizeof *all);
    qsort(all, count, sizeof *all, compare_u64);
    for (unsigned i = 1; i < count; i++)
        cr_expect_neq(all[i], all[i - 1], "epoch %llu was won twice", (unsigned long long)all[i]);
    fprintf(stderr, "R36: won %u + %u, conflicts %u + %u, there already %u + %u\n", admins[0].won,
            admins[1].won, admins[0].lost, admins[1].lost, admins[0].same, admins[1].same);
    cr_expect_eq(stage_epoch(&stage), epoch + count, "epoch %g, %u switches were won",
                 stage_epoch(&stage), count);
    load_finish(load);
    cr_expect_eq(load_failed(load), 0);
    load_free(load);
    free(all);
    free(admins[0].epochs);
    free(admins[1].epochs);
    STOP_STAGE(&stage);
}
