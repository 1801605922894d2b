/* The log thread, and one ring per worker when there is an access log: see logs.h. */
#include "app/logs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/crew.h"
#include "app/daemon_priv.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/ring.h"
#include "base/scribe.h"
#include "config/config.h"
#include "proxy/access_format.h"

enum { ACCESS_RING_BYTES = 1 << 20 };

int logs_start(struct daemon *daemon)
{
    const struct config_log *log = &daemon->config->log;
    struct scribe_options options = {
        .access_path = log->access,
        .log_path = log->file,
        .format = log->format == CONFIG_LOG_JSON ? access_format_json : access_format_combined,
    };
    int err = ERR_OK;

    if (log->access != NULL) {
        daemon->ring_count = crew_size_of(daemon->config);
        daemon->rings = mem_zalloc(daemon->ring_count * sizeof *daemon->rings);
        for (unsigned i = 0; i < daemon->ring_count; i++)
            daemon->rings[i] = ring_new(ACCESS_RING_BYTES);
        options.rings = daemon->rings;
        options.ring_count = daemon->ring_count;
    }
    err = scribe_new(&options, &daemon->scribe);
    if (err != ERR_OK) {
        fprintf(stderr, "switchyard: cannot open the log files (%s): %s\n",
                log->access != NULL ? log->access : "log.file", strerror(errno));
        return err;
    }
    log_set_level(log->level);
    log_set_sink(scribe_sink, daemon->scribe);
    return ERR_OK;
}

void logs_stop(struct daemon *daemon)
{
    log_set_sink(NULL, NULL);
    scribe_free(daemon->scribe);
    for (unsigned i = 0; i < daemon->ring_count; i++)
        ring_free(daemon->rings[i]);
    free(daemon->rings);
}
