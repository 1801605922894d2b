/* See picture_tally_priv.h. Called for every slot of a picture that goes live. */
#include "deploy/picture_tally_priv.h"

#include <stdlib.h>

#include "base/mem.h"
#include "config/config.h"
#include "route/slot.h"
#include "route/status_tally.h"

static struct status_range *copy_ranges(const struct config_statuses *statuses)
{
    struct status_range *ranges = mem_zalloc(statuses->count * sizeof *ranges);

    for (size_t i = 0; i < statuses->count; i++)
        ranges[i] = (struct status_range){ statuses->items[i].from, statuses->items[i].to };
    return ranges;
}

void picture_tally_put(struct slot *slot, const struct config_service *configured)
{
    struct status_rule *rules = mem_zalloc((configured->signal_count + 1) * sizeof *rules);
    struct status_range **ranges = mem_zalloc((configured->signal_count + 1) * sizeof *ranges);
    unsigned count = 0;

    for (size_t i = 0; i < configured->signal_count; i++) {
        const struct config_signal *signal = &configured->signals[i];

        if (!config_signal_is_counted(signal))
            continue;
        ranges[count] = copy_ranges(&signal->status);
        rules[count] = (struct status_rule){
            .name = signal->name,
            .path = signal->path != NULL ? signal->path : "",
            .range_count = (unsigned)signal->status.count,
            .ranges = ranges[count],
        };
        count++;
    }
    status_tally_put(slot, status_tally_new(rules, count, slot->worker_count));
    for (unsigned i = 0; i < count; i++)
        free(ranges[i]);
    free((void *)ranges);
    free(rules);
}
