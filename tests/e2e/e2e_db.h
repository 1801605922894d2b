/* What the Criterion files about databases share: the end of a stage, and what switchctl says. */
#ifndef E2E_E2E_DB_H
#define E2E_E2E_DB_H

#include <string.h>

#include "e2e/e2e.h"
#include "support/db_stage.h"

#define STOP_DB(stage)                                                                             \
    do {                                                                                           \
        char *why_ = db_stage_close(stage);                                                        \
                                                                                                   \
        cr_expect(why_ == NULL, "%s", why_);                                                       \
        free(why_);                                                                                \
    } while (0)

/* The exit code and a part of what it says. */
static inline void db_expect_say(const struct db_stage *stage, const char *words, int code,
                                 const char *part)
{
    int is = -1;
    char *said = db_stage_say(stage, words, &is);

    cr_expect_eq(is, code, "%s: %d: %s", words, is, said);
    cr_expect(strstr(said, part) != NULL, "%s has no \"%s\": %s", words, part, said);
    free(said);
}

#endif
