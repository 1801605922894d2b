/* The scanner of one file's bytes: see scan_text_priv.h. */
#include "config/scan_text_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/option_table_priv.h"
#include "config/report.h"

struct cursor {
    struct scan *scan;
    struct scan_place *place;
    const char *at;
    const char *end;
    const char *line_start;
    const char *mark; /* where the token began that is being read */
    bool is_broken;   /* what follows cannot be understood */
};

static bool has_more(const struct cursor *cursor)
{
    return cursor->at < cursor->end;
}

static bool is_ahead(const struct cursor *cursor, const char *words)
{
    size_t len = strlen(words);

    return (size_t)(cursor->end - cursor->at) >= len && memcmp(cursor->at, words, len) == 0;
}

static unsigned column_of(const struct cursor *cursor, const char *spot)
{
    return (unsigned)(spot - cursor->line_start) + 1;
}

#define COMPLAIN_AT(cursor, spot, ...)                                                             \
    report_error_at((cursor)->scan->report,                                                        \
                    (struct report_place){ (cursor)->scan->files[(cursor)->place->file],           \
                                           (cursor)->place->line, column_of((cursor), (spot)) },   \
                    __VA_ARGS__)
#define COMPLAIN(cursor, ...) COMPLAIN_AT(cursor, (cursor)->mark, __VA_ARGS__)

static struct token *add_token(struct cursor *cursor, enum token_kind kind)
{
    struct scan *scan = cursor->scan;
    struct token *token = NULL;

    if (scan->count == scan->capacity) {
        scan->capacity = scan->capacity > 0 ? 2 * scan->capacity : 256;
        scan->tokens = mem_grow(scan->tokens, scan->capacity, sizeof *scan->tokens);
    }
    token = &scan->tokens[scan->count++];
    *token = (struct token){ .kind = kind,
                             .line = cursor->place->line,
                             .column = column_of(cursor, cursor->mark),
                             .file = cursor->place->file };
    return token;
}

/* At a line feed. */
static void next_line(struct cursor *cursor)
{
    cursor->place->line++;
    cursor->line_start = cursor->at + 1;
}

static void skip_line(struct cursor *cursor)
{
    while (has_more(cursor) && *cursor->at != '\n')
        cursor->at++;
}

static void skip_comment(struct cursor *cursor)
{
    unsigned first = cursor->place->line;
    const char *first_start = cursor->line_start;

    for (cursor->at += 2; has_more(cursor); cursor->at++) {
        if (is_ahead(cursor, "*/")) {
            cursor->at += 2;
            return;
        }
        if (*cursor->at == '\n')
            next_line(cursor);
    }
    cursor->place->line = first;
    cursor->line_start = first_start;
    COMPLAIN(cursor, "this comment is not closed; end it with */");
    cursor->is_broken = true;
}

static bool is_variable_name(struct slice name)
{
    if (name.len == 0 || (name.ptr[0] >= '0' && name.ptr[0] <= '9'))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
              (c >= 'A' && c <= 'Z')))
            return false;
    }
    return true;
}

/* What stands behind "secret =" must not get into a message. */
static bool is_in_secret(const struct scan *scan)
{
    const struct token *last = scan->tokens + scan->count;

    return scan->count >= 2 && last[-1].kind == TOKEN_EQUALS && last[-2].kind == TOKEN_WORD &&
           option_table_is_secret(slice_from(last[-2].text));
}

/* What stands between the braces of ${…}; adds its value to out. */
static void add_variable(struct cursor *cursor, struct slice body, struct text *out)
{
    const char *mark = memmem(body.ptr, body.len, ":-", 2);
    struct slice name = mark != NULL ? slice_of(body.ptr, (size_t)(mark - body.ptr)) : body;
    const char *spot = body.ptr - 2; /* the dollar */
    const char *value = NULL;
    char *key = NULL;

    if (!is_variable_name(name)) {
        if (is_in_secret(cursor->scan))
            body = SLICE("…");
        COMPLAIN_AT(cursor, spot,
                    "'${%.*s}' is no variable; write ${NAME} or ${NAME:-default}, or \\${ for "
                    "the bare signs",
                    (int)(body.len < 64 ? body.len : 64), body.ptr);
        return;
    }
    key = mem_text_of(name.ptr, name.len);
    value = getenv(key);
    if (value != NULL)
        text_add(out, value);
    else if (mark != NULL)
        text_add_slice(out, slice_of(mark + 2, body.len - name.len - 2));
    else
        COMPLAIN_AT(cursor, spot,
                    "${%s} is not set; set it in the environment or write ${%s:-default}", key,
                    key);
    free(key);
}

static void scan_variable(struct cursor *cursor, struct text *out)
{
    const char *start = cursor->at + 2;
    const char *close = start;

    while (close < cursor->end && *close != '}' && *close != '\n')
        close++;
    if (close == cursor->end || *close != '}') {
        COMPLAIN_AT(cursor, cursor->at,
                    "'${' is not closed; write ${NAME}, or \\${ for the bare signs");
        cursor->is_broken = true;
        return;
    }
    add_variable(cursor, slice_of(start, (size_t)(close - start)), out);
    cursor->at = close + 1;
}

static void finish_word(struct cursor *cursor, struct text *text, bool is_quoted)
{
    struct slice s = text_slice(text);
    bool is_clean = true;
    struct token *token = NULL;

    for (size_t i = 0; i < s.len; i++)
        is_clean = is_clean && (unsigned char)s.ptr[i] >= 0x20 && s.ptr[i] != 0x7f;
    if (!is_clean)
        COMPLAIN(cursor, "a control byte in a value; values are one line of plain text");
    if (text_is_cut(text))
        COMPLAIN(cursor, "a value of more than %u bytes", SCAN_WORD_MAX);
    token = add_token(cursor, TOKEN_WORD);
    token->is_quoted = is_quoted;
    token->text = mem_text_of(s.len > 0 ? s.ptr : "", s.len);
    text_fini(text);
}

static void scan_escape(struct cursor *cursor, struct text *text)
{
    char next = cursor->at + 1 < cursor->end ? cursor->at[1] : '\0';

    if (next == '"' || next == '\\' || next == '$') {
        text_add_slice(text, slice_of(cursor->at + 1, 1));
    } else {
        COMPLAIN_AT(cursor, cursor->at, "unknown escape; a string knows \\\", \\\\ and \\$ only");
        if (next == '\n')
            return (void)cursor->at++;
    }
    cursor->at += next == '\0' ? 1 : 2;
}

static void scan_quoted(struct cursor *cursor)
{
    char quote = *cursor->at++;
    struct text text;

    text_init(&text, SCAN_WORD_MAX);
    while (has_more(cursor) && *cursor->at != quote && *cursor->at != '\n' && !cursor->is_broken) {
        if (quote == '"' && is_ahead(cursor, "${"))
            scan_variable(cursor, &text);
        else if (quote == '"' && *cursor->at == '\\')
            scan_escape(cursor, &text);
        else
            text_add_slice(&text, slice_of(cursor->at++, 1));
    }
    if (cursor->is_broken || !has_more(cursor) || *cursor->at != quote) {
        if (!cursor->is_broken)
            COMPLAIN(cursor, "this string is not closed; end it with %c on the same line", quote);
        cursor->is_broken = true;
        text_fini(&text);
        return;
    }
    cursor->at++;
    finish_word(cursor, &text, true);
}

static bool is_word_byte(const struct cursor *cursor)
{
    unsigned char c = (unsigned char)*cursor->at;

    if (is_ahead(cursor, "//") || is_ahead(cursor, "/*"))
        return false;
    return c > 0x20 && c != 0x7f && strchr("#\"'={}()+,", c) == NULL;
}

static void scan_word(struct cursor *cursor)
{
    struct text text;

    text_init(&text, SCAN_WORD_MAX);
    while (has_more(cursor) && !cursor->is_broken) {
        if (is_ahead(cursor, "${"))
            scan_variable(cursor, &text);
        else if (is_word_byte(cursor))
            text_add_slice(&text, slice_of(cursor->at++, 1));
        else
            break;
    }
    finish_word(cursor, &text, false);
}

/* The last three tokens are `include ( word`, and a statement may begin there. */
static bool is_include(const struct scan *scan)
{
    const struct token *last = NULL;

    if (scan->count < 3)
        return false;
    last = scan->tokens + scan->count;
    if (last[-1].kind != TOKEN_WORD || last[-2].kind != TOKEN_OPEN_PAREN ||
        last[-3].kind != TOKEN_WORD || last[-3].is_quoted || strcmp(last[-3].text, "include") != 0)
        return false;
    return scan->count == 3 || (last[-4].kind != TOKEN_EQUALS && last[-4].kind != TOKEN_APPEND &&
                                last[-4].kind != TOKEN_COMMA);
}

static void scan_close_paren(struct cursor *cursor)
{
    struct scan *scan = cursor->scan;
    const struct token *include = NULL;
    char *path = NULL;

    if (!is_include(scan)) {
        add_token(cursor, TOKEN_CLOSE_PAREN);
        return;
    }
    include = &scan->tokens[scan->count - 3];
    path = scan->tokens[scan->count - 1].text;
    cursor->place->column =
        include->line == cursor->place->line ? include->column : column_of(cursor, cursor->mark);
    free(include->text);
    scan->count -= 3;
    scan_include(scan, path, cursor->place);
    free(path);
}

static bool scan_sign(struct cursor *cursor)
{
    if (is_ahead(cursor, "+=")) {
        add_token(cursor, TOKEN_APPEND);
        cursor->at += 2;
        return true;
    }
    switch (*cursor->at) {
    case '{':
        add_token(cursor, TOKEN_OPEN);
        cursor->scan->open_blocks++;
        break;
    case '}':
        add_token(cursor, TOKEN_CLOSE);
        cursor->scan->open_blocks--;
        break;
    case '=': add_token(cursor, TOKEN_EQUALS); break;
    case ',': add_token(cursor, TOKEN_COMMA); break;
    case '(': add_token(cursor, TOKEN_OPEN_PAREN); break;
    case ')': scan_close_paren(cursor); break;
    default: return false;
    }
    cursor->at++;
    return true;
}

static void scan_next(struct cursor *cursor)
{
    char c = *cursor->at;

    cursor->mark = cursor->at;
    if (c == '\n') {
        next_line(cursor);
        cursor->at++;
    } else if (c == ' ' || c == '\t' || c == '\r') {
        cursor->at++;
    } else if (c == '#' || is_ahead(cursor, "//")) {
        skip_line(cursor);
    } else if (is_ahead(cursor, "/*")) {
        skip_comment(cursor);
    } else if (c == '"' || c == '\'') {
        scan_quoted(cursor);
    } else if (scan_sign(cursor)) {
        return;
    } else if (is_word_byte(cursor)) {
        scan_word(cursor);
    } else {
        COMPLAIN(cursor, "unexpected byte 0x%02x", (unsigned char)c);
        cursor->is_broken = true;
    }
}

void scan_text_tokens(struct scan *scan, struct slice text, struct scan_place *place)
{
    struct cursor cursor = { .scan = scan, .place = place };
    const char *zero = NULL;

    if (text.len == 0)
        return;
    zero = memchr(text.ptr, '\0', text.len);
    if (slice_starts_with(text, SLICE("\xef\xbb\xbf")))
        text = slice_of(text.ptr + 3, text.len - 3);
    cursor.at = text.ptr;
    cursor.line_start = text.ptr;
    cursor.end = text.ptr + text.len;
    if (zero != NULL) {
        for (; cursor.at < zero; cursor.at++)
            if (*cursor.at == '\n')
                next_line(&cursor);
        COMPLAIN_AT(&cursor, zero, "a NUL byte; this is not a text file");
        return;
    }
    while (has_more(&cursor) && !cursor.is_broken)
        scan_next(&cursor);
}
