/* The scene for TLS: see support/tls_stage.h. */
#include "support/tls_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { WAIT_MS = 5000, PATHS = 4 };

const char *tls_stage_path(const struct tls_stage *stage, const char *name)
{
    static _Thread_local char paths[PATHS][SCENE_PATH + 64];
    static _Thread_local unsigned next;
    char *path = paths[next++ % PATHS];

    snprintf(path, sizeof paths[0], "%s/%s", stage->folder, name);
    return path;
}

void tls_stage_prepare(struct tls_stage *stage)
{
    *stage = (struct tls_stage){ .origin = NULL };
    scene_folder(stage->folder);
    pem_shop(tls_stage_path(stage, "ec.pem"), "DNS:shop.test,DNS:*.shop.test,DNS:both.test",
             PEM_EC);
    pem_shop(tls_stage_path(stage, "rsa.pem"), "DNS:both.test,DNS:rsa.test,IP:192.0.2.7", PEM_RSA);
    stage->origin = origin_start("127.0.0.1:0");
}

/* Every FOLDER becomes the folder. */
static void add_lines(struct text *out, const struct tls_stage *stage, const char *lines)
{
    const char *at = lines != NULL ? lines : "";
    const char *word = NULL;

    while ((word = strstr(at, "FOLDER")) != NULL) {
        text_add_slice(out, slice_of(at, (size_t)(word - at)));
        text_add(out, stage->folder);
        at = word + strlen("FOLDER");
    }
    text_add(out, at);
    text_add(out, "\n");
}

char *tls_stage_config(const struct tls_stage *stage, const struct tls_stage_options *options)
{
    struct text out;

    text_init(&out, 1 << 20);
    text_add(&out, "listener http { bind = \"127.0.0.1:0\" }\n"
                   "listener https { bind = \"127.0.0.1:0\"\n");
    add_lines(&out, stage, options->listener);
    text_add(&out, " tls { certificates = { ");
    add_lines(&out, stage,
              options->certificates != NULL ? options->certificates
                                            : "\"FOLDER/ec.pem\", \"FOLDER/rsa.pem\"");
    text_add(&out, " }\n");
    add_lines(&out, stage, options->tls);
    text_add_format(&out,
                    "} }\nservice shop { slot blue { targets = { \"%s\" } }\n"
                    "health { enabled = false }\n",
                    origin_address(stage->origin));
    add_lines(&out, stage, options->service);
    text_add(&out, "}\n");
    return text_take(&out);
}

void tls_stage_open(struct tls_stage *stage, const struct tls_stage_options *options)
{
    char *config = NULL;

    tls_stage_prepare(stage);
    config = tls_stage_config(stage, options);
    stage->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
}

char *tls_stage_close(struct tls_stage *stage)
{
    char *why = NULL;

    origin_drop_connections(stage->origin);
    if (stage->daemon != NULL)
        why = daemon_stop(stage->daemon);
    origin_stop(stage->origin);
    scene_remove(stage->folder);
    return why;
}

const char *tls_stage_front(const struct tls_stage *stage)
{
    return daemon_address(stage->daemon, "https");
}

struct wanted {
    const struct tls_stage *stage;
    const char *fault;
    double least;
    double found;
};

static bool is_counted(void *arg)
{
    struct wanted *wanted = arg;

    wanted->found = daemon_metric(wanted->stage->daemon, "switchyard_tls_handshakes_failed_total",
                                  wanted->fault);
    return wanted->found >= wanted->least;
}

double tls_stage_failed(const struct tls_stage *stage, const char *fault, unsigned least)
{
    struct wanted wanted = { .stage = stage, .fault = fault, .least = least };

    (void)scene_await(is_counted, &wanted, WAIT_MS);
    return wanted.found;
}

double tls_stage_done(const struct tls_stage *stage, const char *session)
{
    return daemon_metric(stage->daemon, "switchyard_tls_handshakes_total", session);
}
