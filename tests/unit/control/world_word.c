/* What the databases say in the world of these tests: as a test put it there. See world.h. */
#include <stdio.h>

#include "deploy/migrations_view.h"
#include "deploy/word_view.h"
#include "unit/control/world.h"

void deploy_view_light(const struct deploy *deploy, unsigned service_index,
                       struct deploy_light_view *out)
{
    *out = deploy->light[service_index];
}

void deploy_view_schema(const struct deploy *deploy, unsigned service_index, const char *slot,
                        char *out)
{
    (void)slot;
    snprintf(out, 96, "%s", service_index == 0 ? deploy->schema : "");
}

bool deploy_view_word(const struct deploy *deploy, unsigned service_index, const char *slot,
                      struct deploy_word_view *out)
{
    *out = deploy->word[service_index];
    if (slot != NULL)
        snprintf(out->slot, sizeof out->slot, "%s", slot);
    return true;
}

bool deploy_view_contract(const struct deploy *deploy, unsigned service_index, const char *slot,
                          struct word_finding *out, struct text *lines)
{
    (void)slot;
    *out = deploy->contract[service_index];
    if (out->is_asked && deploy->missing != NULL)
        text_add(lines, deploy->missing);
    return out->is_asked;
}

bool deploy_view_link(const struct deploy *deploy, unsigned *cursor, struct deploy_link_view *out)
{
    *out = deploy->link;
    return deploy->link.database != NULL && (*cursor)++ == 0;
}

bool deploy_view_migrations(const struct deploy *deploy, unsigned index,
                            struct deploy_migrations_view *out)
{
    if (index > 0 || deploy->migrations.database == NULL)
        return false;
    *out = deploy->migrations;
    return true;
}
