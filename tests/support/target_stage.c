/* The scene for TLS to targets: see support/target_stage.h. */
#include "support/target_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/client.h"

enum { WAIT_MS = 10000, PATHS = 4 };

const char *target_stage_path(const struct target_stage *stage, const char *name)
{
    static _Thread_local char paths[PATHS][SCENE_PATH + 64];
    static _Thread_local unsigned next;
    char *path = paths[next++ % PATHS];

    snprintf(path, sizeof paths[0], "%s/%s", stage->folder, name);
    return path;
}

void target_stage_certify(const struct target_stage *stage, const char *file,
                          const struct pem_options *options)
{
    struct pem pem;

    pem_make(options, &pem);
    pem_write(target_stage_path(stage, file),
              &(struct pem_file){ .key = pem.key, .certs = { pem.cert } });
    pem_free(&pem);
}

void target_stage_prepare(struct target_stage *stage)
{
    *stage = (struct target_stage){ .origin = NULL };
    scene_folder(stage->folder);
    pem_make(&(struct pem_options){ .subject = "/CN=Our authority", .is_authority = true },
             &stage->ca);
    pem_make(&(struct pem_options){ .subject = "/CN=Another authority", .is_authority = true },
             &stage->other);
    pem_write(target_stage_path(stage, "ca.pem"),
              &(struct pem_file){ .certs = { stage->ca.cert } });
    pem_write(target_stage_path(stage, "other.pem"),
              &(struct pem_file){ .certs = { stage->other.cert } });
    target_stage_certify(stage, "app.pem",
                         &(struct pem_options){ .subject = "/CN=app",
                                                .names = "DNS:app.internal,IP:127.0.0.1",
                                                .issuer = &stage->ca });
    stage->origin = origin_start("127.0.0.1:0");
}

/* Every FOLDER becomes the folder, every %s the origin. */
static void add_lines(struct text *out, const struct target_stage *stage, const char *lines)
{
    for (const char *at = lines; *at != '\0';) {
        if (strncmp(at, "FOLDER", 6) == 0) {
            text_add(out, stage->folder);
            at += 6;
        } else if (strncmp(at, "%s", 2) == 0) {
            text_add(out, origin_address(stage->origin));
            at += 2;
        } else {
            text_add_slice(out, slice_of(at++, 1));
        }
    }
}

char *target_stage_config(const struct target_stage *stage,
                          const struct target_stage_options *options)
{
    struct text out;

    text_init(&out, 1 << 20);
    text_add(&out, "listener http { bind = \"127.0.0.1:0\" }\n"
                   "service shop { slot blue { targets = { ");
    add_lines(&out, stage, options->targets != NULL ? options->targets : "\"%s\"");
    text_add(&out, " } tls {\n");
    add_lines(&out, stage, options->tls != NULL ? options->tls : "ca = \"FOLDER/ca.pem\"");
    text_add(&out, "\n} }\n");
    add_lines(&out, stage,
              options->service != NULL ? options->service : "health { enabled = false }");
    text_add(&out, "\n}\n");
    return text_take(&out);
}

void target_stage_start(struct target_stage *stage, const struct target_stage_options *options)
{
    char *config = target_stage_config(stage, options);

    stage->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
}

void target_stage_open(struct target_stage *stage, const struct target_stage_options *options)
{
    target_stage_prepare(stage);
    origin_secure(stage->origin,
                  &(struct origin_tls_options){ .file = target_stage_path(stage, "app.pem"),
                                                .most = options->most });
    target_stage_start(stage, options);
}

char *target_stage_close(struct target_stage *stage)
{
    char *why = NULL;

    origin_drop_connections(stage->origin);
    if (stage->daemon != NULL)
        why = daemon_stop(stage->daemon);
    origin_stop(stage->origin);
    pem_free(&stage->ca);
    pem_free(&stage->other);
    scene_remove(stage->folder);
    return why;
}

int target_stage_get(const struct target_stage *stage)
{
    return client_ask(daemon_front(stage->daemon),
                      "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n", NULL);
}

bool target_stage_await_fault(const struct target_stage *stage, const char *fault)
{
    char *part = mem_format("\"fault\":\"%s\"", fault);
    bool is_there = daemon_await_access(stage->daemon, part, WAIT_MS);

    free(part);
    return is_there;
}
