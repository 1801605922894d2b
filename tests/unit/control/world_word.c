/* Stand-ins for what the databases say: the world of these tests has none. See world.h. */
#include "deploy/word_view.h"

#include <string.h>

bool deploy_view_word(const struct deploy *deploy, unsigned service_index, const char *slot,
                      struct deploy_word_view *out)
{
    (void)deploy;
    (void)service_index;
    (void)slot;
    memset(out, 0, sizeof *out);
    return false;
}

void deploy_view_light(const struct deploy *deploy, unsigned service_index,
                       struct deploy_light_view *out)
{
    (void)deploy;
    (void)service_index;
    memset(out, 0, sizeof *out);
}

bool deploy_view_contract(const struct deploy *deploy, unsigned service_index, const char *slot,
                          struct word_finding *out, struct text *lines)
{
    (void)deploy;
    (void)service_index;
    (void)slot;
    (void)lines;
    memset(out, 0, sizeof *out);
    return false;
}

bool deploy_view_link(const struct deploy *deploy, unsigned *cursor, struct deploy_link_view *out)
{
    (void)deploy;
    (void)cursor;
    memset(out, 0, sizeof *out);
    return false;
}
