/*
 * From files to tokens: comments dropped, includes put in place, ${NAME} replaced, strings decoded.
 * Each token knows its place. Everything that libConfuse's own scanner would let pass or
 * count wrongly (unset variables, unclosed strings and comments, stray bytes, lines) is decided here.
 */
#ifndef CONFIG_SCAN_PRIV_H
#define CONFIG_SCAN_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "config/report.h"

enum token_kind {
    TOKEN_WORD, /* also a quoted string */
    TOKEN_EQUALS,
    TOKEN_APPEND, /* += */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_OPEN_PAREN,
    TOKEN_CLOSE_PAREN
};

struct token {
    enum token_kind kind;
    bool is_quoted;
    bool is_skipped; /* by the outline: an error, already reported */
    unsigned line;
    unsigned column;
    size_t file; /* index into scan.files */
    size_t mate; /* of a closing brace, by the outline: the token that began its block */
    char *text;  /* of a word; else NULL */
};

/* Owner: whoever inits it; ends by scan_fini. */
struct scan {
    struct report *report;
    struct token *tokens;
    size_t count;
    size_t capacity;
    char **files;
    size_t file_count;
    size_t read_bytes; /* of all files */
    size_t open_blocks;
};

#define SCAN_BYTES_MAX   4194304u
#define SCAN_DEPTH_MAX   10
#define SCAN_WORD_MAX    16384u
#define SCAN_MATCHES_MAX 1000

void scan_init(struct scan *scan, struct report *report);
void scan_fini(struct scan *scan);
void scan_read_file(struct scan *scan, const char *path);
void scan_read_text(struct scan *scan, struct slice text, const char *name);

/* Where a token is; beyond the last one, the end of the last one. */
struct report_place scan_place_of(const struct scan *scan, size_t token);
const char *scan_file_of(const struct scan *scan, size_t token);
unsigned scan_line_of(const struct scan *scan, size_t token);

/* The words of a token for messages: its text or its sign. */
const char *scan_words(const struct token *token);

#endif
