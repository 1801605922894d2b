/*
 * R28: clock steps change nothing but stamps. With libfaketime the wall clock jumps an hour ahead and back under load
 * (the monotonic clock is left alone); with a time namespace the daemon runs at a large monotonic offset. What is
 * missing on a machine is skipped, printed and counted.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/load.h"
#include "support/scene.h"

/* The path of libfaketimeMT.so.1, or NULL; the caller frees. */
static char *find_faketime(void)
{
    glob_t found = { 0 };
    char *path = NULL;

    if (glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, NULL, &found) == 0 && found.gl_pathc > 0)
        path = mem_text(found.gl_pathv[0]);
    globfree(&found);
    return path;
}

Test(clock, r28_wall_clock_steps)
{
    char folder[SCENE_PATH];
    char *library = find_faketime();
    char *file = NULL;
    char *preload = NULL;
    char *stamp = NULL;
    struct stage stage;
    struct stage_options options = {
        .lines = "health { interval = \"100ms\" timeout = \"90ms\" rise = 1 }\n"
                 "timeouts { keepalive = \"30s\" response = \"5s\" }\n"
    };
    struct load *load = NULL;
    static const char *const steps[] = { "+3600", "-3600", "+86400", "+0" };

    if (library == NULL || scene_is_sanitized()) {
        scene_skip("clock::r28_wall_clock_steps",
                   library == NULL
                       ? "libfaketime is not installed"
                       : "a sanitizer must be the first library, run in the plain tree");
        free(library);
        return;
    }
    scene_folder(folder);
    file = mem_format("%s/offset", folder);
    preload = mem_format("LD_PRELOAD=%s", library);
    stamp = mem_format("FAKETIME_TIMESTAMP_FILE=%s", file);
    scene_write(file, "+0", 2);
    {
        const char *const wrapper[] = {
            "env", "DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1", stamp, preload, NULL
        };

        options.wrapper = wrapper;
        stage_open(&stage, &options);
        load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                                  .keep_alive = 16,
                                                  .one_shot = 4,
                                                  .rate = 400,
                                                  .seed = 281 });
        for (size_t i = 0; i < COUNT_OF(steps); i++) {
            scene_write(file, steps[i], strlen(steps[i]));
            cr_expect(load_await_count(load, 200 * (i + 1), 20000));
            cr_expect_eq(ctl_code(stage.daemon,
                                  i % 2 == 0 ? "switch shop --to green" : "switch shop --to blue"),
                         0);
        }
        load_finish(load);
        cr_expect_eq(load_failed(load), 0, "%llu requests failed",
                     (unsigned long long)load_failed(load));
        load_free(load);
        STOP_STAGE(&stage);
    }
    scene_remove(folder);
    free(file);
    free(stamp);
    free(preload);
    free(library);
}

/* Deadlines and probes at a monotonic clock far from zero, and before the wrap of 32-bit ticks. */
Test(clock, r28_monotonic_offset)
{
    static const char *const offsets[] = { "4294000", "214748300", "100000000" };

    if (system("unshare -Ur -T --monotonic 1000 true >/dev/null 2>&1") != 0) {
        scene_skip("clock::r28_monotonic_offset", "no time namespaces");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(offsets); i++) {
        const char *const wrapper[] = { "unshare",  "-Ur",         "-T",       "--monotonic",
                                        offsets[i], "--boottime",  offsets[i], "--fork",
                                        "setpriv",  "--pdeathsig", "KILL",     NULL };
        struct stage_options options = { .wrapper = wrapper,
                                         .lines =
                                             "health { interval = \"100ms\" timeout = \"90ms\" "
                                             "rise = 1 }\ntimeouts { response = \"500ms\" }\n" };
        struct stage stage;
        struct load *load = NULL;

        stage_open(&stage, &options);
        load = load_start(&(struct load_options){ .front = daemon_front(stage.daemon),
                                                  .keep_alive = 8,
                                                  .one_shot = 2,
                                                  .rate = 400,
                                                  .max_requests = 400,
                                                  .seed = 282 });
        cr_expect(load_await_end(load, 20000));
        load_finish(load);
        cr_expect_eq(load_failed(load), 0, "offset %s: %llu failed", offsets[i],
                     (unsigned long long)load_failed(load));
        cr_expect_eq(
            client_ask(daemon_front(stage.daemon),
                       "GET /slow?us=3000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                       NULL),
            504, "offset %s: the response deadline", offsets[i]);
        cr_expect_eq(ctl_code(stage.daemon, "switch shop --to green"), 0);
        load_free(load);
        STOP_STAGE(&stage);
    }
}
