/*
 * What is known of the folders of migrations that databases name: what `switchctl db plan` said of each last. Thread:
 * control.
 */
#ifndef DEPLOY_MIGRATIONS_VIEW_H
#define DEPLOY_MIGRATIONS_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct deploy;

/* Texts are valid until the caller returns to the loop. */
struct deploy_migrations_view {
    const char *database;
    const char *folder;
    const char *plan;    /* JSON; NULL: not judged yet */
    const char *trouble; /* why not, or not anew; "": none */
    uint64_t age_us;     /* since it was last seen to be of what is there; UINT64_MAX: never */
};

/* The index-th folder that is watched; false behind the last one. */
bool deploy_view_migrations(const struct deploy *deploy, unsigned index,
                            struct deploy_migrations_view *out);

#endif
