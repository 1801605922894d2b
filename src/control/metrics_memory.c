/* What is remembered and what was told from outside: see metrics_memory_priv.h. */
#include "control/metrics_memory_priv.h"

#include <stdio.h>

#include "control/admin.h"
#include "control/exposition_priv.h"
#include "pilot/casebook.h"

static void write_decisions(struct exposition *x, const struct casebook *casebook)
{
    struct casebook_stats stats;
    char label[48];

    casebook_stats(casebook, &stats);
    exposition_open(x, "switchyard_decisions_total", EXPOSITION_COUNTER,
                    "Automatic decisions, by what was done.");
    for (int i = 0; i < DECISION_ACTION_COUNT; i++) {
        snprintf(label, sizeof label, "action=\"%s\"",
                 decision_action_name((enum decision_action)i));
        exposition_u64(x, label, stats.added[i]);
    }
    exposition_open(x, "switchyard_decisions_write_errors_total", EXPOSITION_COUNTER,
                    "Decisions that could not be written to the disk, or removed from it.");
    exposition_u64(x, "", stats.write_errors);
    exposition_open(x, "switchyard_decisions_stored", EXPOSITION_GAUGE, "Decisions on disk.");
    exposition_u64(x, "", stats.files);
    exposition_open(x, "switchyard_decisions_stored_bytes", EXPOSITION_GAUGE,
                    "What they take there.");
    exposition_u64(x, "", stats.bytes);
}

void metrics_memory_write(const struct control_room *room, struct text *out)
{
    struct exposition x = { .out = out };

    if (room->casebook != NULL)
        write_decisions(&x, room->casebook);
}
