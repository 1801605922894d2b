/* Databases that say nothing, in place of those of room deploy: see world.h. */
#include "deploy/word_view.h"

bool deploy_view_word(const struct deploy *deploy, unsigned service_index, const char *slot,
                      struct deploy_word_view *out)
{
    (void)deploy;
    (void)service_index;
    (void)slot;
    *out = (struct deploy_word_view){ .is_lenient = false };
    return false;
}

void deploy_view_light(const struct deploy *deploy, unsigned service_index,
                       struct deploy_light_view *out)
{
    (void)deploy;
    (void)service_index;
    *out = (struct deploy_light_view){ .slot = "" };
}

bool deploy_view_contract(const struct deploy *deploy, unsigned service_index, const char *slot,
                          struct word_finding *out, struct text *lines)
{
    (void)deploy;
    (void)service_index;
    (void)slot;
    (void)out;
    (void)lines;
    return false;
}

bool deploy_view_link(const struct deploy *deploy, unsigned *cursor, struct deploy_link_view *out)
{
    (void)deploy;
    (void)cursor;
    (void)out;
    return false;
}
