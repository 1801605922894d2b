/*
 * What `switchctl db plan --json` says of the migrations of a database, cut down to what stands in the way of a switch,
 * and the finding of the gate lint from it. A value that never changes; the caller frees it. Pure, any thread.
 */
#ifndef DEPLOY_MIGRATION_REPORT_PRIV_H
#define DEPLOY_MIGRATION_REPORT_PRIV_H

#include <stddef.h>

#include "base/check.h"
#include "base/slice.h"
#include "config/config.h"
#include "store/word.h"

struct migration_report;

/* ERR_INVALID: it is not that; words then say what is wrong with it. */
MUST_CHECK int migration_report_parse(struct slice bytes, struct migration_report **out,
                                      char *words, size_t words_size);
void migration_report_free(struct migration_report *report); /* NULL is allowed */

/* For a switch of the service. The first file that stands in the way is named, and how many more do. Sets everything but
 * the age. */
void migration_report_judge(const struct migration_report *report,
                            const struct config_service *service, const char *database,
                            struct word_finding *out);

#endif
