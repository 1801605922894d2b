/* How far changes were told, on disk: src/control/post_place.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "control/post_place_priv.h"

static char folder[] = "/tmp/sy-place-XXXXXX";
static char *path;

static void begin(void)
{
    cr_assert_not_null(mkdtemp(folder));
    path = mem_format("%s/told", folder);
}

static void end(void)
{
    post_place_remove(folder);
    cr_expect_eq(rmdir(folder), 0, "something is left");
    free(path);
}

TestSuite(post_place, .init = begin, .fini = end);

Test(post_place, is_what_was_written_last)
{
    uint64_t sequence = 7;

    cr_expect_eq(post_place_read(folder, &sequence), ERR_NOT_FOUND);
    cr_assert_eq(post_place_write(folder, 0), ERR_OK);
    cr_assert_eq(post_place_read(folder, &sequence), ERR_OK);
    cr_expect_eq(sequence, 0);
    cr_assert_eq(post_place_write(folder, 18446744073709551613ull), ERR_OK);
    cr_assert_eq(post_place_read(folder, &sequence), ERR_OK);
    cr_expect_eq(sequence, 18446744073709551613ull);
    post_place_remove(folder);
    cr_expect_eq(post_place_read(folder, &sequence), ERR_NOT_FOUND);
}

Test(post_place, makes_its_folder)
{
    char *inner = mem_format("%s/outbox", folder);
    uint64_t sequence = 0;

    cr_assert_eq(post_place_write(inner, 5), ERR_OK);
    cr_assert_eq(post_place_read(inner, &sequence), ERR_OK);
    cr_expect_eq(sequence, 5);
    post_place_remove(inner);
    cr_expect_eq(rmdir(inner), 0);
    free(inner);
}

Test(post_place, what_is_no_number_is_none)
{
    static const char *const contents[] = { "",
                                            "\n",
                                            "5",
                                            "x\n",
                                            "-1\n",
                                            "5 \n",
                                            "5\n6\n",
                                            "18446744073709551615\n",
                                            "99999999999999999999999999999999999999\n" };
    uint64_t sequence = 0;

    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        FILE *file = fopen(path, "w");

        cr_assert_not_null(file);
        fputs(contents[i], file);
        fclose(file);
        cr_expect_eq(post_place_read(folder, &sequence), ERR_NOT_FOUND, "%s", contents[i]);
    }
}

/* A folder stands where the file would be: said, and nothing is broken. */
Test(post_place, a_write_that_fails_is_said)
{
    char *next = mem_format("%s/told.next", folder);
    uint64_t sequence = 0;

    cr_assert_eq(post_place_write(folder, 4), ERR_OK);
    cr_assert_eq(mkdir(next, 0700), 0);
    cr_expect_eq(post_place_write(folder, 5), ERR_IO);
    cr_assert_eq(post_place_read(folder, &sequence), ERR_OK);
    cr_expect_eq(sequence, 4);
    cr_expect_eq(rmdir(next), 0);
    free(next);
}
