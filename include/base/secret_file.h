/*
 * A key or password in a file of its own: bounded, in a regular file that others can neither read nor change, kept out of
 * core files and overwritten before its memory is given back. Any thread; reading blocks.
 */
#ifndef BASE_SECRET_FILE_H
#define BASE_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

struct secret {
    char *bytes; /* terminated; NULL: none */
    size_t len;
    size_t size; /* of the memory: whole pages */
};

/*
 * is_private: nobody but the owner may write to the file, and others may not read it; else only the bounds count.
 * ERR_*: words (size bytes) name the file and the remedy, and nothing of what is in it; *out is empty.
 */
MUST_CHECK int secret_file_read(const char *path, bool is_private, struct secret *out, char *words,
                                size_t size);

/* Takes a copy of bytes that are secret as well. */
void secret_copy(const void *bytes, size_t len, struct secret *out);
void secret_wipe(struct secret *secret); /* may be called twice */

enum { SECRET_BYTES_MAX = 64 * 1024 };

#endif
