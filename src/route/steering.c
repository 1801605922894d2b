/* Words of steering, and the value of the chain header: see route/steering.h. Pure, any thread. */
#include "route/steering.h"

#include <stdio.h>
#include <string.h>

#include "base/seal.h"

const char *steering_rule_name(enum rule rule)
{
    switch (rule) {
    case RULE_ACTIVE: return "active";
    case RULE_PREVIEW: return "preview";
    case RULE_CHAIN: return "chain";
    case RULE_SLOT_HOST: return "slot_host";
    case RULE_TENANT: return "tenant";
    case RULE_CANARY: return "canary";
    case RULE_SHIELD: return "shield";
    case RULE_COUNT: break;
    }
    return "unknown";
}

/* What snapshot_build has made for the slots of the service; NULL: nothing of the kind. */
static const char *find_made(const struct chain *chain, const char *slot, size_t len)
{
    for (unsigned i = 0; i < chain->value_count; i++) {
        const char *value = chain->values[i];

        if (strncmp(value, slot, len) == 0 && strlen(value) == len + 1 + SEAL_TAG)
            return value;
    }
    return NULL;
}

static size_t put(struct slice text, char *out, size_t size)
{
    return slice_copy(text, out, size) ? text.len : 0;
}

size_t steering_chain_value(const struct chain *chain, const char *slot, char *out, size_t size)
{
    char text[CHAIN_TEXT_MAX];
    char tag[SEAL_TAG + 1];
    size_t len = strlen(slot);
    const char *made = NULL;
    int text_len = 0;

    if (size == 0)
        return 0;
    out[0] = '\0';
    if (chain->header == NULL)
        return 0;
    if (chain->secret == NULL)
        return put(slice_of(slot, len), out, size);
    made = find_made(chain, slot, len);
    if (made != NULL)
        return put(slice_from(made), out, size);
    text_len = snprintf(text, sizeof text, "%s %s", chain->group, slot);
    if (text_len < 0 || (size_t)text_len >= sizeof text || len + 1 + SEAL_TAG >= size)
        return 0;
    seal_make(slice_from(chain->secret), slice_of(text, (size_t)text_len), tag);
    return (size_t)snprintf(out, size, "%s.%s", slot, tag);
}
