/*
 * Which files a list of certificates means: files as they are, and of folders every *.pem in the order of names. And
 * how a file is read whole. Control thread.
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

/* The same with one more file. */
uint64_t tls_files_add_stamp(uint64_t stamp, const char *path);

/* A file with a NUL behind it, which counts. */
struct tls_bytes {
    char *ptr;
    size_t size;
};

/* ERR_* and words: it cannot be read, is no regular file or larger than that. */
MUST_CHECK int tls_files_read(const char *file, size_t most, struct text *words,
                              struct tls_bytes *out);

/* A file with a private key: nobody but the owner may write it, others may not read it. */
MUST_CHECK int tls_files_read_secret(const char *file, size_t most, struct text *words,
                                     struct tls_bytes *out);
void tls_files_wipe(struct tls_bytes *bytes);

#endif
