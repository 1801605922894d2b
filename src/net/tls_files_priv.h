/*
 * Which files a list of certificates means: files as they are, and of folders every *.pem in the order of names.
 * Control thread.
 */
#ifndef NET_TLS_FILES_PRIV_H
#define NET_TLS_FILES_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

struct text;

struct tls_files {
    char **items;
    size_t count;
};

/* ERR_* and words: a folder that cannot be read, or without a file. */
MUST_CHECK int tls_files_list(char *const *paths, size_t count, struct text *words,
                              struct tls_files *out);
void tls_files_free(struct tls_files *files);

/* A number that changes when a file of the list is changed, comes or goes; a path that is NULL counts for nothing. */
uint64_t tls_files_stamp(char *const *paths, size_t count, const char *extra);

#endif
