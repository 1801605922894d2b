/*
 * The header rules of a slot from their texts, for who knows configurations but no HTTP. Control thread.
 */
#ifndef ROUTE_SLOT_RULES_H
#define ROUTE_SLOT_RULES_H

#include "http/header_rules.h"
#include "route/slot.h"

struct slot_rules {
    struct header_rule_texts request;
    struct header_rule_texts response;
};

/* What the service says and then what the slot says, which wins; texts are copied. Equal rules change nothing. */
void slot_rules_put(struct slot *slot, const struct slot_rules *service,
                    const struct slot_rules *own);

#endif
