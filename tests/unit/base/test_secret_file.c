/* Files of keys: bounds, rights, and that what was read is cleared. src/base/secret_file.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret_file.h"

static char folder[64];
static char path[96];
static char words[256];

static void start(void)
{
    snprintf(folder, sizeof folder, "/tmp/secret-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/key", folder);
}

static void stop(void)
{
    unlink(path);
    rmdir(folder);
}

TestSuite(secret_file, .init = start, .fini = stop);

static void write_bytes(size_t count, unsigned mode)
{
    FILE *file = fopen(path, "w");

    cr_assert(file != NULL);
    for (size_t i = 0; i < count; i++)
        cr_assert_neq(fputc('k', file), EOF);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, mode), 0);
}

Test(secret_file, is_read_whole_and_wiped)
{
    struct secret secret;

    write_bytes(40, 0640);
    cr_assert_eq(secret_file_read(path, true, &secret, words, sizeof words), 0, "%s", words);
    cr_expect_eq(secret.len, 40);
    cr_expect_eq(strlen(secret.bytes), 40);
    secret_wipe(&secret);
    cr_expect_null(secret.bytes);
    secret_wipe(&secret);
}

Test(secret_file, of_64_KiB_and_not_more)
{
    struct secret secret;

    write_bytes(SECRET_BYTES_MAX, 0600);
    cr_assert_eq(secret_file_read(path, true, &secret, words, sizeof words), 0, "%s", words);
    cr_expect_eq(secret.len, SECRET_BYTES_MAX);
    secret_wipe(&secret);
    write_bytes(SECRET_BYTES_MAX + 1, 0600);
    cr_expect_eq(secret_file_read(path, true, &secret, words, sizeof words), ERR_INVALID);
    cr_expect_null(secret.bytes);
}

Test(secret_file, refuses_what_others_may_read_or_change)
{
    static const struct {
        unsigned mode;
        bool is_good;
    } rows[] = { { 0600, true },  { 0400, true },  { 0640, true },  { 0440, true },
                 { 0644, false }, { 0604, false }, { 0602, false }, { 0660, false },
                 { 0601, false }, { 0666, false } };
    struct secret secret;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_bytes(40, rows[i].mode);
        cr_expect_eq(secret_file_read(path, true, &secret, words, sizeof words),
                     rows[i].is_good ? 0 : ERR_DENIED, "%o: %s", rows[i].mode, words);
        secret_wipe(&secret);
        cr_expect_eq(secret_file_read(path, false, &secret, words, sizeof words), 0);
        secret_wipe(&secret);
    }
}

Test(secret_file, is_a_regular_file_with_something_in_it)
{
    struct secret secret;

    cr_expect_eq(secret_file_read(path, true, &secret, words, sizeof words), ERR_NOT_FOUND, "%s",
                 words);
    cr_expect_lt(secret_file_read(folder, true, &secret, words, sizeof words), 0);
    cr_expect(strstr(words, "no regular file") != NULL, "%s", words);
    cr_expect_lt(secret_file_read("/dev/zero", false, &secret, words, sizeof words), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_lt(secret_file_read(path, true, &secret, words, sizeof words), 0, "it did not wait");
    unlink(path);
    write_bytes(0, 0600);
    cr_expect_lt(secret_file_read(path, true, &secret, words, sizeof words), 0);
    cr_expect(strstr(words, "is empty") != NULL, "%s", words);
    cr_expect(strstr(words, path) != NULL);
}
