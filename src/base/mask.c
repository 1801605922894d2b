/* See base/mask.h. */
#include "base/mask.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *const secret_names[] = {
    "password",      "passwd", "passphrase", "pwd",     "secret", "token",      "cookie",
    "authorization", "apikey", "api-key",    "api_key", "bearer", "credential", "private",
};

/* Options whose value is never shown. */
static const char *const secret_options[] = { "--header", "--token", "--secret", "--password" };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool has_word(struct slice s, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= s.len; i++)
        if (strncasecmp(s.ptr + i, word, len) == 0)
            return true;
    return false;
}

static bool is_secret_name(struct slice name)
{
    for (size_t i = 0; i < sizeof secret_names / sizeof secret_names[0]; i++)
        if (has_word(name, secret_names[i]))
            return true;
    return false;
}

static bool is_secret_option(struct slice name)
{
    for (size_t i = 0; i < sizeof secret_options / sizeof secret_options[0]; i++)
        if (slice_is_equal(name, slice_from(secret_options[i])))
            return true;
    return false;
}

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.' || c == '=';
}

/* A JSON Web Token begins with {" in base64. */
static size_t token_length(struct slice s)
{
    size_t len = 0;

    if (!slice_starts_with(s, SLICE("eyJ")))
        return 0;
    while (len < s.len && is_token_char(s.ptr[len]))
        len++;
    return len >= 20 ? len : 0;
}

/* Of "://user:password@" the length of the password that stands behind the colon at `at`; 0: none does. */
static size_t password_length(struct slice s, size_t at)
{
    size_t len = 0;

    while (at + 1 + len < s.len && !is_blank(s.ptr[at + 1 + len]) && s.ptr[at + 1 + len] != '/' &&
           s.ptr[at + 1 + len] != '@')
        len++;
    return at + 1 + len < s.len && s.ptr[at + 1 + len] == '@' ? len : 0;
}

/* Behind "://", up to the end of the word. */
static bool is_inside_url(struct slice s, size_t at)
{
    for (size_t i = at; i > 2 && !is_blank(s.ptr[i - 1]); i--)
        if (memcmp(s.ptr + i - 3, "://", 3) == 0)
            return true;
    return false;
}

/* The name that ends before `at`: a word, perhaps in quotes. */
static struct slice name_before(struct slice s, size_t at)
{
    size_t from = at;

    while (from > 0 && !is_blank(s.ptr[from - 1]) && strchr("&?;,{(=:", s.ptr[from - 1]) == NULL)
        from--;
    return slice_of(s.ptr + from, at - from);
}

/* How far the value of a secret reaches: of NAME=VALUE to a blank or '&', of NAME: VALUE to the end. */
static size_t value_end(struct slice s, size_t at)
{
    size_t end = at + 1;

    if (s.ptr[at] == ':' && end < s.len && s.ptr[end] == ' ')
        return s.len;
    while (end < s.len && !is_blank(s.ptr[end]) && s.ptr[end] != '&')
        end++;
    return end;
}

/* Bytes at `at` that are a secret; *kept of them stand before it and are shown. 0: none. */
static size_t secret_at(struct slice s, size_t at, size_t *kept)
{
    char c = s.ptr[at];

    *kept = 0;
    if (c == 'e' && (at == 0 || !is_token_char(s.ptr[at - 1]) || s.ptr[at - 1] == '='))
        return token_length(slice_of(s.ptr + at, s.len - at));
    *kept = 1;
    if ((c == '=' || c == ':') && is_secret_name(name_before(s, at)))
        return value_end(s, at) - at;
    if (c == ':' && is_inside_url(s, at) && password_length(s, at) > 0)
        return password_length(s, at) + 1;
    if (c == ' ' && at >= 6 && strncasecmp(s.ptr + at - 6, "bearer", 6) == 0 && at + 1 < s.len)
        return value_end(s, at) - at;
    return 0;
}

void mask_text(struct slice text, struct text *out)
{
    size_t shown = 0;
    size_t at = 0;

    while (at < text.len) {
        size_t kept = 0;
        size_t len = secret_at(text, at, &kept);

        if (len <= kept) {
            at++;
            continue;
        }
        text_add_slice(out, slice_of(text.ptr + shown, at + kept - shown));
        text_add(out, MASK_SECRET);
        at += len;
        shown = at;
    }
    text_add_slice(out, slice_of(text.ptr + shown, text.len - shown));
}

/* "--header" hides the next word, "--header=X" hides itself. True: the next one is to be hidden. */
static bool add_option(struct slice word, struct text *out)
{
    const char *equals = memchr(word.ptr, '=', word.len);
    size_t len = equals != NULL ? (size_t)(equals - word.ptr) : word.len;
    struct slice name = slice_of(word.ptr, len);

    if (!is_secret_option(name) && !is_secret_name(name)) {
        mask_text(word, out);
        return false;
    }
    text_add_slice(out, name);
    if (equals != NULL)
        text_add(out, "=" MASK_SECRET);
    return equals == NULL;
}

/* Tokens that are words of their command: which one, the words of the command counted and options not. */
static const struct {
    const char *first;
    const char *second; /* NULL: any */
    unsigned place;
} secret_places[] = {
    { "apply", NULL, 1 },
    { "db", "approve", 2 },
    { "db", "begin", 3 },
    { "db", "finish", 3 },
};

/* 0: no word of this command is secret. */
static unsigned find_place(char *const *words, unsigned count)
{
    for (size_t i = 0; i < sizeof secret_places / sizeof secret_places[0]; i++) {
        const char *second = secret_places[i].second;

        if (count > 1 && strcmp(words[0], secret_places[i].first) == 0 &&
            (second == NULL || strcmp(words[1], second) == 0))
            return secret_places[i].place;
    }
    return 0;
}

/* Whether the next word belongs to this option. */
static bool takes_next(struct slice option)
{
    static const char *const alone[] = { "--", "--no-text", "--force", "--wait" };

    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
        if (slice_is_equal(option, slice_from(alone[i])))
            return false;
    return memchr(option.ptr, '=', option.len) == NULL;
}

void mask_words(char *const *words, unsigned count, struct text *out)
{
    unsigned secret_place = find_place(words, count);
    unsigned place = 0; /* of the next word that is no option and of none */
    bool is_hidden = false;
    bool is_value = false;

    for (unsigned i = 0; i < count; i++) {
        struct slice word = slice_from(words[i]);
        bool is_option = slice_starts_with(word, SLICE("--"));

        if (i > 0)
            text_add(out, " ");
        if (is_hidden || (!is_option && !is_value && place > 0 && place == secret_place)) {
            text_add(out, MASK_SECRET);
            is_hidden = false;
        } else if (is_option) {
            is_hidden = add_option(word, out);
        } else {
            mask_text(word, out);
        }
        place += !is_option && !is_value;
        is_value = is_option && takes_next(word);
    }
}
