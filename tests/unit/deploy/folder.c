/* See folder.h. */
#include "folder.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

void folder_make(char *out, size_t size)
{
    snprintf(out, size, "/tmp/sy-state-XXXXXX");
    cr_assert_not_null(mkdtemp(out));
}

static int remove_item(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    return walk->level == 0 ? 0 : remove(path);
}

void folder_empty(const char *folder)
{
    nftw(folder, remove_item, 16, FTW_DEPTH | FTW_PHYS);
}

void folder_remove(const char *folder)
{
    folder_empty(folder);
    remove(folder);
}
