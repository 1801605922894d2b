/* room: lint */
/*
 * Any bytes as a migration, with the lexer alone and through the whole linter. Oracles: what the lexer blanks keeps its
 * length and its lines; pieces lie inside the text, in order; every finding lies inside the file; printing all formats
 * works; the class is that of the worst finding that is not suppressed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lint/lexer_priv.h"
#include "lint/print.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "fuzz_lint: %d: %s\n", __LINE__, #condition);                          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { INPUT_MAX = 16 * 1024 };

static const char baseline[] =
    "CREATE TYPE e AS ENUM ('a');CREATE DOMAIN d AS int CHECK (VALUE > 0);"
    "CREATE TABLE t (a int PRIMARY KEY, b varchar(9), c e NOT NULL DEFAULT 'a', d d);"
    "CREATE TABLE u (a int REFERENCES t);CREATE INDEX i ON t (b);CREATE VIEW v AS SELECT 1;";

static void check_lexer(struct slice bytes)
{
    struct lexer lexer;
    size_t before = 0;

    lexer_run(&lexer, bytes);
    REQUIRE(lexer.length == bytes.len && strlen(lexer.text) == bytes.len);
    for (size_t i = 0; i < bytes.len; i++)
        REQUIRE((lexer.text[i] == '\n') == (bytes.ptr[i] == '\n'));
    for (size_t i = 0; i < lexer.piece_count; i++) {
        REQUIRE(lexer.pieces[i].start >= before);
        REQUIRE(lexer.pieces[i].start < lexer.pieces[i].end);
        REQUIRE(lexer.pieces[i].end <= bytes.len);
        before = lexer.pieces[i].end;
    }
    for (size_t i = 0; i < lexer.note_count; i++)
        REQUIRE(lexer.notes[i].start <= lexer.notes[i].end && lexer.notes[i].end <= bytes.len);
    lexer_fini(&lexer);
}

/* The worst class of a statement's findings that counts. */
static enum lint_class check_findings(const struct lint_statement *statement, size_t len)
{
    enum lint_class worst = LINT_SAFE;

    for (const struct lint_finding *at = statement->findings; at != NULL; at = at->next) {
        REQUIRE(at->line >= 1 && at->line <= len + 1 && at->column >= 1);
        REQUIRE(at->message[0] != '\0');
        if (!at->is_suppressed && at->class > LINT_ADVICE && at->class > worst)
            worst = at->class;
    }
    return worst;
}

static void check_report(const struct lint *lint, size_t len)
{
    const struct lint_file *file = lint_report_of(lint)->files;
    enum lint_class worst = LINT_SAFE;

    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next) {
        enum lint_class class = check_findings(at, len);

        REQUIRE(at->offset <= len && at->length <= len && at->line >= 1);
        worst = class > worst ? class : worst;
    }
    REQUIRE(file->class == worst && file->score <= 100);
}

static void check_lint(struct slice bytes, unsigned kind)
{
    struct lint_options options;
    struct lint *lint = NULL;
    struct text out;

    lint_options_init(&options);
    options.wrap = (kind & 1) != 0 ? LINT_WRAP : LINT_AUTO;
    options.is_parallel = (kind & 2) != 0;
    options.shows_advice = true;
    options.format = (enum lint_format)((kind >> 2) % 3);
    lint =
        lint_run_text(&options, "V1.2__x.sql", (kind & 16) != 0 ? bytes : SLICE(baseline), bytes);
    check_report(lint, bytes.len);
    text_init(&out, 64 << 20);
    print_report(lint, &options, lint_code(lint), &out);
    text_fini(&out);
    lint_free(lint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = NULL;
    struct slice bytes = { 0 };

    if (size < 1 || size > INPUT_MAX)
        return 0;
    copy = malloc(size);
    REQUIRE(copy != NULL);
    memcpy(copy, data + 1, size - 1); /* exactly as large as it is, for the sanitizer */
    bytes = slice_of(copy, size - 1);
    if (memchr(copy, '\0', size - 1) == NULL)
        check_lexer(bytes);
    check_lint(bytes, data[0]);
    free(copy);
    return 0;
}
