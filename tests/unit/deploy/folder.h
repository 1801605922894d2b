/* A folder of a test's own under /tmp. */
#ifndef FOLDER_H
#define FOLDER_H

#include <stddef.h>

void folder_make(char *out, size_t size);
void folder_empty(const char *folder);
void folder_remove(const char *folder);

#endif
