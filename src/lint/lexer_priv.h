/*
 * A small lexer for SQL files as psql reads them: finds what PostgreSQL's parser does not know (comments with their
 * places, commands and variables of psql, data behind COPY) and where statements end. Pure, any thread.
 */
#ifndef LINT_LEXER_PRIV_H
#define LINT_LEXER_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum lex_kind {
    LEX_COMMENT,   /* one line or block comment, with its marks */
    LEX_META,      /* a command of psql, up to the end of its line */
    LEX_VARIABLE,  /* :name, :'name', :"name" */
    LEX_LONG_NAME, /* an identifier that PostgreSQL cuts; the parser gives it cut already */
    LEX_COPY_DATA, /* lines behind COPY .. FROM stdin, with the line that ends them */
};

struct lex_note {
    enum lex_kind kind;
    size_t start;
    size_t end;
};

/* A statement without its semicolon; blanks and comments in front of it are not part of it. */
struct lex_piece {
    size_t start;
    size_t end;
    bool is_deep; /* nested or chained so far that the parser's stack might not hold it */
};

/* Owner: the caller; ends by lexer_fini. */
struct lexer {
    char *text; /* the input, psql's parts blanked; terminated, same length */
    size_t length;
    struct lex_note *notes;
    size_t note_count;
    struct lex_piece *pieces;
    size_t piece_count;
    bool is_deep; /* one of the pieces is */
};

/* Reads bytes (no NUL inside). Never fails: what is not closed ends with the text. */
void lexer_run(struct lexer *lexer, struct slice bytes);
void lexer_fini(struct lexer *lexer);

#endif
