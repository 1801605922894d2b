/* A blue and a green app server behind a daemon: see support/stage.h. */
#include "support/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "support/client.h"
#include "support/scene.h"

/* Nothing is taken back by itself, and no late answer to a check refuses a move: times are unsteady on a machine that is
 * busy with tests. */
static const char usual_lines[] =
    "    health { interval = \"100ms\"  timeout = \"1s\"  rise = 1 }\n"
    "    guard { auto = false }\n";

void stage_open(struct stage *stage, const struct stage_options *options)
{
    struct daemon_options wish = { .globals = options->globals,
                                   .wrapper = options->wrapper,
                                   .expected_errors = options->expected_errors,
                                   .keeps_descriptors = options->keeps_descriptors };

    stage->blue = origin_auto_start("127.0.0.1:0", "blue", options->body);
    stage->green = origin_auto_start("127.0.0.1:0", "green", options->body);
    stage->config = mem_format("listener http { bind = \"127.0.0.1:0\" }\n"
                               "service shop {\n"
                               "    slot blue  { targets = { \"%s\" } }\n"
                               "    slot green { targets = { \"%s\" } }\n%s}\n%s",
                               origin_auto_address(stage->blue), origin_auto_address(stage->green),
                               options->lines != NULL ? options->lines : usual_lines,
                               options->more != NULL ? options->more : "");
    wish.config = stage->config;
    stage->daemon = daemon_start(&wish);
    if (!options->is_sick && ctl_code(stage->daemon, "wait healthy shop --timeout 10s") != 0)
        scene_fail("the app servers did not become healthy (%s)", daemon_folder(stage->daemon));
}

char *stage_close(struct stage *stage)
{
    char *why = NULL;

    origin_drop_connections(origin_auto_origin(stage->blue));
    origin_drop_connections(origin_auto_origin(stage->green));
    why = daemon_stop(stage->daemon);
    origin_auto_stop(stage->blue);
    origin_auto_stop(stage->green);
    free(stage->config);
    return why;
}

bool stage_switch(struct ctl_line *line, const char *slot, struct load_switch *out)
{
    char *words = mem_format("json switch shop --to %s", slot);
    const char *answer = NULL;

    out->submitted_us = clock_monotonic_us();
    answer = ctl_say(line, words, 30000);
    out->answered_us = clock_monotonic_us();
    out->slot = slot[0] == 'b' ? LOAD_SLOT_BLUE : LOAD_SLOT_GREEN;
    free(words);
    return answer != NULL && strstr(answer, "\"ok\":true") != NULL;
}

int stage_probe(const struct stage *stage)
{
    struct client client;
    struct reply reply = { 0 };
    int slot = -1;

    client_open(&client, daemon_front(stage->daemon));
    client_send_text(&client, "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
    if (client_reply(&client, false, 10000, &reply) == REPLY_WHOLE && reply.status == 200) {
        struct slice name = reply_value(&reply, "X-Slot");

        slot = slice_is_equal(name, SLICE("blue")) ? LOAD_SLOT_BLUE : LOAD_SLOT_GREEN;
    }
    reply_fini(&reply);
    client_close(&client);
    return slot;
}

double stage_epoch(const struct stage *stage)
{
    cJSON *json = ctl_json(stage->daemon, "status", NULL);
    cJSON *epoch = cJSON_GetObjectItemCaseSensitive(json, "epoch");
    double value = cJSON_IsNumber(epoch) ? epoch->valuedouble : -1;

    cJSON_Delete(json);
    return value;
}
