/*
 * Values about databases: how one is reached, and statements that it is asked. What libpq would refuse at run time is
 * refused when the file is read. Pure.
 */
#ifndef CONFIG_OPTION_DATABASE_PRIV_H
#define CONFIG_OPTION_DATABASE_PRIV_H

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"

/* A password in it is an error, and then nothing of the text gets into the words. */
MUST_CHECK int option_database_parse_dsn(struct slice text, char **out, struct text *why);

/* "auto" and the other words, or a statement. */
MUST_CHECK int option_database_parse_versions(struct slice text, char **out, struct text *why);

/* "NAME: SELECT …" */
MUST_CHECK int option_database_parse_assertion(struct slice text, char **out, struct text *why);

#endif
