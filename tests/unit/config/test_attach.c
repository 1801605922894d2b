/* Files that options name: src/config/attach.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/dump.h"
#include "expect_load.h"

static char folder[64];
static char path[128];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/sy-attach-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/file", folder);
    setenv("SY_TEST_FILE", path, 1);
    setenv("SY_TEST_FOLDER", folder, 1);
}

static void remove_folder(void)
{
    unlink(path);
    cr_assert_eq(rmdir(folder), 0);
}

static void write_bytes(const char *bytes, size_t count)
{
    FILE *file = fopen(path, "w");

    cr_assert(file != NULL);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

#define PAGE                                                                                       \
    LISTENER "service s { slot b { targets = { \"a:1\" } }\nmaint { page = \"${SY_TEST_FILE}\" } " \
             "}"
#define PINS                                                                                       \
    LISTENER "service s { slot b { targets = { \"a:1\" } } tenant { from = { \"header:X\" }\n"     \
             "pins = \"${SY_TEST_FILE}\" } }"

static void expect_says(const char *text, const char *says)
{
    char *words = expect_report(text);

    cr_expect(strstr(words, says) != NULL, "should say: %s\nbut says: %s", says, words);
    free(words);
}

Test(attach, reads_the_page, .init = make_folder, .fini = remove_folder)
{
    struct config *config = NULL;

    write_bytes("<p>\xe2\x82\xac</p>\n", 11);
    config = expect_config(PAGE);
    cr_expect_str_eq(config->services[0].maint.page, path);
    cr_expect_str_eq(config->services[0].maint.page_text, "<p>\xe2\x82\xac</p>\n");
    config_free(config);
}

Test(attach, says_what_is_wrong_with_the_page, .init = make_folder, .fini = remove_folder)
{
    char *large = calloc(1, 262145);

    expect_says(PAGE, "t.conf:2: page: cannot read '");
    write_bytes("a\xff", 2);
    expect_says(PAGE, "t.conf:2: page: ");
    expect_says(PAGE, "is not UTF-8 text without NUL bytes");
    write_bytes("a\0b", 3);
    expect_says(PAGE, "is not UTF-8 text without NUL bytes");
    memset(large, 'a', 262145);
    write_bytes(large, 262145);
    expect_says(PAGE, "is too large; 262144 bytes are allowed here");
    write_bytes(large, 262144);
    config_free(expect_config(PAGE));
    setenv("SY_TEST_FILE", folder, 1);
    expect_says(PAGE, "is a folder; name a file in it");
    free(large);
}

/* A pipe without a writer must not stop the daemon. */
Test(attach, waits_for_no_pipe, .init = make_folder, .fini = remove_folder)
{
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_says(PAGE, "is not a regular file");
    expect_says(PINS, "t.conf:2: pins: '");
}

Test(attach, reads_pins_and_names_their_lines, .init = make_folder, .fini = remove_folder)
{
    struct config *config = NULL;
    char says[200];

    write_bytes("acme b\n", 7);
    config = expect_config(PINS);
    cr_expect_eq(config->services[0].tenant.pins.count, 1);
    cr_expect_str_eq(config->services[0].tenant.pins.items[0].tenant, "acme");
    cr_expect_str_eq(config->services[0].tenant.pins.items[0].slot, "b");
    config_free(config);
    write_bytes("\n\nacme c\n", 9);
    snprintf(says, sizeof says, "%s:3: service 's' has no slot 'c'", path);
    expect_says(PINS, says);
    unlink(path);
    expect_says(PINS, "t.conf:2: pins: cannot read '");
    write_bytes("", 0);
}

static uint64_t hash_of(const char *text)
{
    struct config *config = expect_config(text);
    uint64_t hash = dump_hash(config);

    config_free(config);
    return hash;
}

Test(attach, the_hash_of_the_configuration_sees_the_files, .init = make_folder,
     .fini = remove_folder)
{
    uint64_t pins = 0;
    uint64_t page = 0;

    write_bytes("acme b\n", 7);
    pins = hash_of(PINS);
    page = hash_of(PAGE);
    cr_expect_eq(pins, hash_of(PINS));
    write_bytes("beta b\n", 7);
    cr_expect_neq(pins, hash_of(PINS));
    cr_expect_neq(page, hash_of(PAGE));
}

/* Each service of a group has the slots that the pins name. */
Test(attach, pins_of_a_group_fit_every_service, .init = make_folder, .fini = remove_folder)
{
    static const char text[] = LISTENER
        "service s { slot b { targets = { \"a:1\" } } tenant { from = { \"header:X\" } "
        "pins = \"${SY_TEST_FILE}\" } }\n"
        "service t { paths = { \"/t\" } slot c { targets = { \"a:1\" } } tenant { from = { "
        "\"header:X\" } pins = \"${SY_TEST_FILE}\" } }\n"
        "group g { services = { s, t } }";
    static const char without[] = LISTENER
        "service s { slot b { targets = { \"a:1\" } } tenant { from = { \"header:X\" } "
        "pins = \"${SY_TEST_FILE}\" } }\n"
        "service t { paths = { \"/t\" } slot b { targets = { \"a:1\" } } tenant { from = { "
        "\"header:X\" } } }\n"
        "group g { services = { s, t } }";

    write_bytes("acme b\n", 7);
    expect_says(text, "file:1: service 't' has no slot 'b'");
    expect_says(without, "t.conf:2: tenant: pins is not that of service 's', but group 'g' shares");
}
