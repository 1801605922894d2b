/* See bulletin.h. While the daemon drains, the manager is asked for more time again and again, until the deadline. */
#include "app/bulletin.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/crew.h"
#include "app/daemon_priv.h"
#include "app/notify.h"
#include "base/clock.h"
#include "base/text.h"
#include "deploy/deploy.h"
#include "route/snapshot.h"

enum { SERVICES_SHOWN = 4, WORDS_MAX = 480, MARGIN_US = 5000000 };

static void tell_active(struct text *words)
{
    const struct snapshot *snapshot = snapshot_current();
    unsigned count = snapshot_service_count(snapshot);

    text_add_format(words, "epoch %" PRIu64, snapshot_epoch(snapshot));
    for (unsigned i = 0; i < count && i < SERVICES_SHOWN; i++) {
        const struct snapshot_service *service = snapshot_service_at(snapshot, i);

        text_add_format(words, "%s %s on %s", i > 0 ? "," : ";", service->service->name,
                        service->slots[service->active].slot->name);
    }
    if (count > SERVICES_SHOWN)
        text_add_format(words, " and %u more", count - SERVICES_SHOWN);
}

void bulletin_tell(struct daemon *daemon)
{
    uint64_t sessions = crew_sessions(daemon->crew);
    uint64_t now_us = clock_monotonic_us();
    struct text words;

    text_init(&words, WORDS_MAX);
    if (daemon->drain_until_us != 0) {
        text_add_format(&words, "stopping: %" PRIu64 " connections are left", sessions);
        notify_stopping(
            daemon->notify,
            MARGIN_US + (daemon->drain_until_us > now_us ? daemon->drain_until_us - now_us : 0));
    } else {
        tell_active(&words);
        text_add_format(&words, "; %" PRIu64 " connections%s", sessions,
                        daemon->is_ready ? "" : "; waits for the first health checks");
    }
    notify_status(daemon->notify, words.bytes);
    text_fini(&words);
}
