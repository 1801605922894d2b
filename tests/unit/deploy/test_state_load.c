/* Which of the files counts, and when nothing may be loaded at all. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "deploy/state_code_priv.h"
#include "deploy/state_file_priv.h"
#include "deploy/state_priv.h"
#include "folder.h"

static char folder[64];

static void begin(void)
{
    folder_make(folder, sizeof folder);
}

static void end(void)
{
    folder_remove(folder);
}

TestSuite(state_load, .init = begin, .fini = end);

static void put_bytes(const char *name, struct slice bytes)
{
    char path[192];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    fclose(file);
}

static void make_bytes(uint64_t generation, struct text *out)
{
    struct state *state = state_new();
    struct state_picture picture = { state, &state->decisions, generation, 1, 8, 8 };

    state->decisions.epoch = generation * 10;
    text_init(out, 1 << 20);
    state_encode(&picture, out);
    state_free(state);
}

/* "5": generation 5; "5!": the same with a broken byte; "new": a newer format; "blank"; "": no file. */
static void put(const char *name, const char *what)
{
    struct text bytes;

    if (what[0] == '\0')
        return;
    if (strcmp(what, "blank") == 0) {
        put_bytes(name, SLICE("\n\n\n\n"));
        return;
    }
    if (strcmp(what, "zero") == 0) {
        put_bytes(name, SLICE(""));
        return;
    }
    if (strcmp(what, "new") == 0) {
        put_bytes(name, SLICE("{\"switchyard\":\"state\",\"format\":4,\"min_reader\":4,\"x\":1}"));
        return;
    }
    make_bytes(strtoull(what, NULL, 10), &bytes);
    if (strchr(what, '!') != NULL)
        bytes.bytes[bytes.len / 2] ^= 1;
    put_bytes(name, text_slice(&bytes));
    text_fini(&bytes);
}

Test(state_load, the_whole_one_with_the_highest_generation_counts)
{
    static const struct {
        const char *files[4]; /* state.json, .prev, .reserve-a, .reserve-b */
        int err;
        uint64_t generation;
        bool has_words;
    } cases[] = {
        { { "", "", "", "" }, ERR_NOT_FOUND, 0, false },
        { { "", "", "blank", "blank" }, ERR_NOT_FOUND, 0, false },
        { { "5", "4", "blank", "blank" }, 0, 5, false },
        { { "5", "", "", "" }, 0, 5, false },
        { { "5", "4", "6", "blank" }, 0, 6, false },
        { { "5", "4", "6", "7" }, 0, 7, false },
        { { "5", "4", "6", "7!" }, 0, 6, false },
        { { "8", "7", "6", "5" }, 0, 8, false },
        { { "5!", "4", "blank", "blank" }, 0, 4, true },
        { { "5!", "4", "3", "blank" }, 0, 4, true },
        { { "5!", "", "3", "" }, 0, 3, true },
        { { "zero", "4", "", "" }, 0, 4, true },
        { { "", "4", "", "" }, 0, 4, true },
        { { "5", "4!", "zero", "6!" }, 0, 5, false },
        { { "5!", "", "", "" }, ERR_CORRUPT, 0, true },
        { { "zero", "", "blank", "blank" }, ERR_CORRUPT, 0, true },
        { { "5!", "4!", "6!", "7!" }, ERR_CORRUPT, 0, true },
        { { "", "4!", "", "" }, ERR_CORRUPT, 0, true },
        { { "new", "4", "5", "" }, ERR_VERSION, 0, true },
        { { "new", "", "", "" }, ERR_VERSION, 0, true },
        { { "5", "new", "", "" }, 0, 5, false },
        { { "5!", "new", "", "" }, ERR_VERSION, 0, true },
    };
    static const char *const names[4] = { "state.json", "state.json.prev", "state.json.reserve-a",
                                          "state.json.reserve-b" };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct state_file *file = NULL;
        struct state *state = NULL;
        char words[STATE_FILE_WORDS];

        folder_empty(folder);
        for (int j = 0; j < 4; j++)
            put(names[j], cases[i].files[j]);
        cr_assert_eq(state_file_new(folder, NULL, &file, words), 0);
        cr_expect_eq(state_file_load(file, &state, words), cases[i].err, "%zu: %s", i, words);
        cr_expect_eq(state != NULL ? state->generation : 0, cases[i].generation, "%zu", i);
        cr_expect_eq(words[0] != '\0', cases[i].has_words, "%zu: %s", i, words);
        state_free(state);
        state_file_free(file);
    }
}

Test(state_load, words_say_what_to_do)
{
    struct state_file *file = NULL;
    struct state *state = NULL;
    char words[STATE_FILE_WORDS];

    put("state.json", "5!");
    cr_assert_eq(state_file_new(folder, NULL, &file, words), 0);
    cr_assert_eq(state_file_load(file, &state, words), ERR_CORRUPT);
    cr_assert_not_null(strstr(words, "--accept-empty-state"), "%s", words);
    cr_assert_not_null(strstr(words, "restore"), "%s", words);
    state_file_free(file);
}

Test(state_load, a_damaged_file_is_set_aside_and_the_good_one_kept)
{
    struct state_file *file = NULL;
    struct state *state = NULL;
    struct text bytes;
    char words[STATE_FILE_WORDS];
    char path[192];
    bool unsure = false;

    put("state.json", "5!");
    put("state.json.prev", "4");
    cr_assert_eq(state_file_new(folder, NULL, &file, words), 0);
    cr_assert_eq(state_file_load(file, &state, words), 0);
    state_free(state);
    make_bytes(6, &bytes);
    cr_assert_eq(state_file_write(file, 6, text_slice(&bytes), &unsure, words), 0, "%s", words);
    text_fini(&bytes);
    snprintf(path, sizeof path, "%s/state.json.damaged", folder);
    cr_assert_eq(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/state.json.prev", folder);
    cr_assert_eq(access(path, F_OK), 0);
    state_file_free(file);
}

Test(state_load, things_that_are_no_files_do_not_hang_the_start)
{
    struct state_file *file = NULL;
    struct state *state = NULL;
    char words[STATE_FILE_WORDS];
    char path[192];

    snprintf(path, sizeof path, "%s/state.json", folder);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(state_file_new(folder, NULL, &file, words), 0);
    cr_assert_eq(state_file_load(file, &state, words), ERR_CORRUPT);
    state_file_free(file);
}
