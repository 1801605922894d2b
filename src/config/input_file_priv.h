/*
 * Reading a regular file whose size is compared with a bound first. Blocks while the disk does. Any
 * thread.
 */
#ifndef CONFIG_INPUT_FILE_PRIV_H
#define CONFIG_INPUT_FILE_PRIV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/text.h"

/* A descriptor, which the caller closes, or -1 with words in why. Never waits for a pipe's writer. */
MUST_CHECK int input_file_open(const char *path, uint64_t bytes_max, struct stat *st,
                               struct text *why);

/* At most `size` bytes, terminated, which the caller frees; a file that grows meanwhile is cut. */
char *input_file_read(int fd, size_t size, size_t *len);

#endif
