/* See pg_program_priv.h. */
#include "backup/pg_program_priv.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/slice.h"

enum { MAJOR_NEWEST = 40, MAJOR_OLDEST = 10 };

static char *try_path(char *path)
{
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *pg_program_find(const char *name)
{
    const char *folders = getenv("PATH");
    struct slice rest = slice_from(folders != NULL ? folders : "/usr/bin:/bin");
    struct slice folder = { 0 };
    char *path = NULL;

    while (path == NULL && slice_next(&rest, ':', &folder))
        if (folder.len > 0 && folder.ptr[0] == '/')
            path = try_path(mem_format("%.*s/%s", SLICE_ARG(folder), name));
    for (int major = MAJOR_NEWEST; path == NULL && major >= MAJOR_OLDEST; major--)
        path = try_path(mem_format("/usr/lib/postgresql/%d/bin/%s", major, name));
    return path;
}
