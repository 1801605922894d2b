/* What the parser does not know: see lexer_priv.h. */
#include "lint/lexer_priv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* A statement with more tokens between two commas, or more brackets inside each other, is called deep: a chain of
 * 10 000 operators is a tree of that depth, and the parser walks trees by recursion. */
enum { CHAIN_MAX = 12000, DEPTH_MAX = 200, NAME_MAX_BYTES = 63 };

/* Where a COPY statement is on its way to "FROM STDIN". */
enum copy_state { COPY_NONE, COPY_SEEN, COPY_FROM, COPY_STDIN };

struct walk {
    struct lexer *out;
    const char *in;
    size_t length;
    size_t at;
    size_t depth;                  /* of ( and [ */
    size_t squares;                /* of [ only */
    unsigned chain[DEPTH_MAX + 1]; /* tokens since the last comma, per depth */
    unsigned atomic;               /* open BEGIN ATOMIC and what must END inside it */
    bool was_begin;                /* the last word was BEGIN */
    bool has_token;                /* the piece has begun */
    bool is_deep;
    enum copy_state copy;
    size_t piece;  /* its first token */
    size_t behind; /* its last token's end */
};

static char byte_at(const struct walk *walk, size_t at)
{
    return at < walk->length ? walk->in[at] : '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

static bool is_word(char c)
{
    return is_word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static void add_note(struct lexer *out, enum lex_kind kind, size_t start, size_t end)
{
    if ((out->note_count & (out->note_count + 1)) == 0)
        out->notes = mem_grow(out->notes, (out->note_count + 1) * 2, sizeof *out->notes);
    out->notes[out->note_count++] = (struct lex_note){ .kind = kind, .start = start, .end = end };
}

/* Line ends stay, so that places stay. */
static void blank_out(struct lexer *out, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        if (out->text[i] != '\n')
            out->text[i] = ' ';
}

static size_t line_end(const struct walk *walk, size_t at)
{
    const char *found = at < walk->length ? memchr(walk->in + at, '\n', walk->length - at) : NULL;

    return found != NULL ? (size_t)(found - walk->in) : walk->length;
}

static void begin_token(struct walk *walk, size_t start)
{
    if (!walk->has_token)
        walk->piece = start;
    walk->has_token = true;
    if (++walk->chain[walk->depth] > CHAIN_MAX)
        walk->is_deep = true;
}

static void end_piece(struct walk *walk)
{
    struct lexer *out = walk->out;

    if (walk->has_token) {
        if ((out->piece_count & (out->piece_count + 1)) == 0)
            out->pieces = mem_grow(out->pieces, (out->piece_count + 1) * 2, sizeof *out->pieces);
        out->pieces[out->piece_count++] = (struct lex_piece){ .start = walk->piece,
                                                              .end = walk->behind,
                                                              .is_deep = walk->is_deep };
    }
    out->is_deep = out->is_deep || walk->is_deep;
    walk->has_token = walk->is_deep = walk->was_begin = false;
    walk->depth = walk->squares = 0;
    walk->chain[0] = 0;
    walk->atomic = 0;
    walk->copy = COPY_NONE;
}

/* Behind "COPY .. FROM stdin;": the rest of the line, then data up to a line of \. */
static void skip_copy_data(struct walk *walk)
{
    size_t at = line_end(walk, walk->at);
    size_t start = at < walk->length ? at + 1 : at;

    walk->at = start;
    while (walk->at < walk->length) {
        size_t end = line_end(walk, walk->at);
        size_t len = end - walk->at;
        bool is_end = (len == 2 || (len == 3 && walk->in[end - 1] == '\r')) &&
                      memcmp(walk->in + walk->at, "\\.", 2) == 0;

        walk->at = end < walk->length ? end + 1 : end;
        if (is_end)
            break;
    }
    blank_out(walk->out, start, walk->at);
    if (walk->at > start)
        add_note(walk->out, LEX_COPY_DATA, start, walk->at);
}

static void skip_line_comment(struct walk *walk)
{
    size_t end = line_end(walk, walk->at);

    add_note(walk->out, LEX_COMMENT, walk->at, end);
    walk->at = end;
}

static void skip_block_comment(struct walk *walk)
{
    size_t start = walk->at;
    size_t depth = 1;

    for (walk->at += 2; walk->at < walk->length && depth > 0; walk->at++) {
        if (walk->in[walk->at] == '/' && byte_at(walk, walk->at + 1) == '*') {
            depth++;
            walk->at++;
        } else if (walk->in[walk->at] == '*' && byte_at(walk, walk->at + 1) == '/') {
            depth--;
            walk->at++;
        }
    }
    add_note(walk->out, LEX_COMMENT, start, walk->at);
}

/* From the opening quote behind the closing one; a doubled quote stands for itself, a backslash too if it escapes. */
static void skip_quoted(struct walk *walk, char quote, bool has_escapes)
{
    for (walk->at++; walk->at < walk->length; walk->at++) {
        char c = walk->in[walk->at];

        if (c == '\\' && has_escapes) {
            walk->at++;
        } else if (c == quote) {
            if (byte_at(walk, walk->at + 1) != quote)
                break;
            walk->at++;
        }
    }
    walk->at = walk->at < walk->length ? walk->at + 1 : walk->length;
}

/* $tag$ .. $tag$; false: it is a parameter or a lone dollar. */
static bool skip_dollar(struct walk *walk)
{
    size_t end = walk->at + 1;
    size_t tag = 0;
    const char *close = NULL;

    if (byte_at(walk, end) >= '0' && byte_at(walk, end) <= '9')
        return false;
    while (is_word(byte_at(walk, end)) && walk->in[end] != '$')
        end++;
    if (byte_at(walk, end) != '$')
        return false;
    tag = end + 1 - walk->at;
    close = memmem(walk->in + end + 1, walk->length - end - 1, walk->in + walk->at, tag);
    walk->at = close != NULL ? (size_t)(close - walk->in) + tag : walk->length;
    return true;
}

/* \g and its family end a statement; everything else of psql stands by itself. */
static bool is_send_command(struct slice word)
{
    static const char *const names[] = { "g",     "gx",    "gset",         "gexec",
                                         "gdesc", "watch", "crosstabview", "bind" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_is_equal(word, slice_from(names[i])))
            return true;
    return false;
}

static void take_meta(struct walk *walk)
{
    size_t start = walk->at;
    size_t end = line_end(walk, start);
    size_t word = start + 1;
    bool ends_statement = false;

    while (word < end && is_word(walk->in[word]))
        word++;
    ends_statement =
        walk->has_token && is_send_command(slice_of(walk->in + start + 1, word - start - 1));
    if (end > start && walk->in[end - 1] == '\r')
        end--;
    add_note(walk->out, LEX_META, start, end);
    blank_out(walk->out, start, end);
    walk->at = end;
    if (ends_statement) {
        walk->out->text[start] = ';';
        end_piece(walk);
    }
}

/* :name, :'name' and :"name"; :: and := are operators, a colon inside [ ] is a slice. */
static bool take_variable(struct walk *walk)
{
    char next = byte_at(walk, walk->at + 1);
    size_t start = walk->at;

    if (walk->squares > 0 || !(is_word_start(next) || next == '\'' || next == '"'))
        return false;
    if (start > 0 && walk->in[start - 1] == ':')
        return false;
    begin_token(walk, start);
    walk->out->text[start] = ' ';
    walk->at++;
    if (next == '\'' || next == '"')
        skip_quoted(walk, next, false);
    else
        while (is_word(byte_at(walk, walk->at)))
            walk->at++;
    walk->behind = walk->at;
    add_note(walk->out, LEX_VARIABLE, start, walk->at);
    return true;
}

static bool word_is(struct slice word, const char *text)
{
    return word.len == strlen(text) && strncasecmp(word.ptr, text, word.len) == 0;
}

/* BEGIN ATOMIC .. END of an SQL function holds semicolons; CASE has an END of its own. */
static void follow_atomic(struct walk *walk, struct slice word)
{
    bool is_begin = word_is(word, "begin");

    if (word_is(word, "atomic") && walk->was_begin)
        walk->atomic++;
    else if (walk->atomic > 0 && word_is(word, "case"))
        walk->atomic++;
    else if (walk->atomic > 0 && word_is(word, "end"))
        walk->atomic--;
    walk->was_begin = is_begin;
}

static void follow_copy(struct walk *walk, struct slice word, bool is_first)
{
    if (is_first)
        walk->copy = word_is(word, "copy") ? COPY_SEEN : COPY_NONE;
    else if (walk->copy == COPY_SEEN && walk->depth == 0 && word_is(word, "from"))
        walk->copy = COPY_FROM;
    else if (walk->copy == COPY_FROM)
        walk->copy = word_is(word, "stdin") ? COPY_STDIN : COPY_SEEN;
}

static void take_word(struct walk *walk)
{
    size_t start = walk->at;
    bool is_first = !walk->has_token;
    struct slice word = { .ptr = walk->in + start };

    begin_token(walk, start);
    while (is_word(byte_at(walk, walk->at)))
        walk->at++;
    word.len = walk->at - start;
    if (byte_at(walk, walk->at) == '\'' && word.len == 1 && strchr("eEbBxXnN", word.ptr[0]) != NULL)
        skip_quoted(walk, '\'', word.ptr[0] == 'e' || word.ptr[0] == 'E');
    else if (byte_at(walk, walk->at) == '&' && word_is(word, "u") &&
             (byte_at(walk, walk->at + 1) == '\'' || byte_at(walk, walk->at + 1) == '"'))
        walk->at++; /* the quoted text follows as a token of its own */
    else {
        if (word.len > NAME_MAX_BYTES)
            add_note(walk->out, LEX_LONG_NAME, start, walk->at);
        follow_atomic(walk, word);
        follow_copy(walk, word, is_first);
    }
    walk->behind = walk->at;
}

static void take_open(struct walk *walk)
{
    begin_token(walk, walk->at);
    if (walk->in[walk->at] == '[')
        walk->squares++;
    if (walk->depth < DEPTH_MAX)
        walk->chain[++walk->depth] = 0;
    else
        walk->is_deep = true;
    walk->behind = ++walk->at;
}

static void take_close(struct walk *walk)
{
    begin_token(walk, walk->at);
    if (walk->in[walk->at] == ']' && walk->squares > 0)
        walk->squares--;
    if (walk->depth > 0)
        walk->depth--;
    walk->behind = ++walk->at;
}

static void take_semicolon(struct walk *walk)
{
    bool has_data = walk->copy == COPY_STDIN;

    walk->at++;
    if (walk->depth > 0 || walk->atomic > 0) {
        walk->behind = walk->at;
        walk->chain[walk->depth] = 0;
        return;
    }
    end_piece(walk);
    if (has_data)
        skip_copy_data(walk);
}

static void take_other(struct walk *walk)
{
    char c = walk->in[walk->at];
    size_t start = walk->at;

    begin_token(walk, start);
    if (c == '\'' || c == '"') {
        skip_quoted(walk, c, false);
        if (c == '"' && walk->at - start > NAME_MAX_BYTES + 2)
            add_note(walk->out, LEX_LONG_NAME, start, walk->at);
    } else if (c == '$' && skip_dollar(walk)) {
        /* behind the closing tag now */
    } else {
        walk->at++;
        if (c == ',')
            walk->chain[walk->depth] = 0;
    }
    walk->behind = walk->at;
}

static void take_one(struct walk *walk)
{
    char c = walk->in[walk->at];
    char next = byte_at(walk, walk->at + 1);

    if (is_blank(c))
        walk->at++;
    else if (c == '-' && next == '-')
        skip_line_comment(walk);
    else if (c == '/' && next == '*')
        skip_block_comment(walk);
    else if (c == '\\')
        take_meta(walk);
    else if (c == ';')
        take_semicolon(walk);
    else if (c == '(' || c == '[')
        take_open(walk);
    else if (c == ')' || c == ']')
        take_close(walk);
    else if (is_word_start(c))
        take_word(walk);
    else if (c != ':' || !take_variable(walk))
        take_other(walk);
}

void lexer_run(struct lexer *lexer, struct slice bytes)
{
    struct walk *walk = mem_zalloc(sizeof *walk);

    *lexer = (struct lexer){ .text = mem_text_of(bytes.ptr, bytes.len), .length = bytes.len };
    walk->out = lexer;
    walk->in = bytes.ptr;
    walk->length = bytes.len;
    while (walk->at < walk->length)
        take_one(walk);
    end_piece(walk);
    free(walk);
}

void lexer_fini(struct lexer *lexer)
{
    free(lexer->text);
    free(lexer->notes);
    free(lexer->pieces);
    *lexer = (struct lexer){ .text = NULL };
}
