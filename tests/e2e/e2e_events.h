/*
 * What the Criterion files about events share: a daemon whose blocks name a receiver and a folder of the test. Included
 * once by each of them.
 */
#ifndef E2E_E2E_EVENTS_H
#define E2E_E2E_EVENTS_H

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/origin.h"
#include "support/scene.h"
#include "support/stage.h"

enum { WAIT_MS = 30000 };

static char folder[SCENE_PATH];
static struct origin *receiver;
static struct stage stage;

/* The blocks may have "RECEIVER" and "FOLDER" in them. */
static char *fill(const char *blocks)
{
    struct text text;

    text_init(&text, 65536);
    while (*blocks != '\0') {
        if (strncmp(blocks, "RECEIVER", 8) == 0) {
            text_add(&text, origin_address(receiver));
            blocks += 8;
        } else if (strncmp(blocks, "FOLDER", 6) == 0) {
            text_add(&text, folder);
            blocks += 6;
        } else {
            text_add_slice(&text, slice_of(blocks++, 1));
        }
    }
    return text_take(&text);
}

static void prepare(void)
{
    scene_folder(folder);
    receiver = origin_start("127.0.0.1:0");
}

static void open_stage(const char *blocks)
{
    char *more = fill(blocks);

    stage_open(&stage, &(struct stage_options){ .lines = "health { enabled = false }\n",
                                                .more = more,
                                                .keeps_descriptors = true,
                                                .is_sick = true });
    free(more);
}

static void end(void)
{
    STOP_STAGE(&stage);
    origin_stop(receiver);
    scene_remove(folder);
}

static void switch_to(const char *slot)
{
    char *words = mem_format("switch shop --to %s", slot);

    cr_expect_eq(ctl_code(stage.daemon, words), 0, "%s", words);
    free(words);
}

struct wish {
    const char *metric;
    const char *part;
    double value;
};

static bool is_metric(void *arg)
{
    const struct wish *wish = arg;

    return daemon_metric(stage.daemon, wish->metric, wish->part) >= wish->value;
}

static void await_metric(const char *metric, const char *part, double value)
{
    struct wish wish = { metric, part, value };

    cr_expect(scene_await(is_metric, &wish, WAIT_MS), "%s %s is %f", metric, part,
              daemon_metric(stage.daemon, metric, part));
}

#endif
