/*
 * What deploy asks of those who watch the databases; app fills it in over the store, tests with looks of their own.
 * Control thread.
 */
#ifndef DEPLOY_DATABASES_H
#define DEPLOY_DATABASES_H

#include <stdbool.h>
#include <stdint.h>

struct look;

struct deploy_database {
    const struct look
        *look;         /* the newest one; NULL: none. Good until the caller returns to the loop */
    uint64_t age_us;   /* of its beginning; UINT64_MAX: there is none */
    uint64_t begun_us; /* when it was begun, on the monotonic clock */
    char trouble[240]; /* why the database is not up; "": it is */
    char remedy[160];
};

struct deploy_databases {
    /* False: there is none of that name. */
    bool (*find)(void *arg, const char *name, struct deploy_database *out);

    /* The next look is wanted now. */
    void (*hurry)(void *arg, const char *name);
};

#endif
