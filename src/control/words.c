/* Words of an admin line: see words_priv.h. */
#include "control/words_priv.h"

#include <string.h>

#include "base/err.h"

struct cursor {
    char *at;
    char *end;
    char *to; /* where the next plain character of a word goes: never beyond at */
};

/* Bytes of the UTF-8 sequence that starts with `first`, 0: none can. */
static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

/* The second byte rules out overlong forms, surrogates and what is beyond U+10FFFF. */
static bool is_second_fine(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0: return second >= 0xa0;
    case 0xed: return second <= 0x9f;
    case 0xf0: return second >= 0x90;
    case 0xf4: return second <= 0x8f;
    default: return true;
    }
}

bool words_is_utf8(const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text;

    for (size_t i = 0; i < len;) {
        size_t count = sequence_length(at[i]);

        if (count == 0 || count > len - i)
            return false;
        for (size_t k = 1; k < count; k++)
            if ((at[i + k] & 0xc0) != 0x80)
                return false;
        if (count > 1 && !is_second_fine(at[i], at[i + 1]))
            return false;
        i += count;
    }
    return true;
}

bool words_is_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return words_is_utf8(text, len);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes the inside of a quoted part; the opening quote is already behind the cursor. */
static int take_quoted(struct cursor *cursor, const char **problem)
{
    while (cursor->at < cursor->end && *cursor->at != '"') {
        if (*cursor->at == '\\' && ++cursor->at == cursor->end)
            break;
        *cursor->to++ = *cursor->at++;
    }
    if (cursor->at == cursor->end) {
        *problem = "a quote is not closed";
        return ERR_INVALID;
    }
    cursor->at++;
    return 0;
}

/* Takes one word up to a blank, ';' or the end. It is not yet terminated: what follows it is still needed. */
static int take_word(struct cursor *cursor, const char **problem)
{
    while (cursor->at < cursor->end && !is_blank(*cursor->at) && *cursor->at != ';') {
        char c = *cursor->at++;

        if (c == '"') {
            if (take_quoted(cursor, problem) < 0)
                return ERR_INVALID;
            continue;
        }
        if (c == '\\') {
            if (cursor->at == cursor->end) {
                *problem = "a backslash ends the line";
                return ERR_INVALID;
            }
            c = *cursor->at++;
        }
        *cursor->to++ = c;
    }
    return 0;
}

/* Closes the present command, if it has words. */
static int close_command(struct words *out, unsigned first, const char **problem)
{
    if (out->count == first)
        return 0;
    if (out->command_count == WORDS_COMMANDS_MAX) {
        *problem = "too many commands in one line";
        return ERR_RANGE;
    }
    out->commands[out->command_count++] =
        (struct words_command){ .first = first, .count = out->count - first };
    return 0;
}

/* One word into *out; *separator is the byte behind it, '\0' at the end of the line. */
static int add_word(struct cursor *cursor, struct words *out, char *separator, const char **problem)
{
    if (out->count == WORDS_MAX) {
        *problem = "too many words in one line";
        return ERR_RANGE;
    }
    cursor->to = cursor->at;
    out->words[out->count] = cursor->at;
    if (take_word(cursor, problem) < 0)
        return ERR_INVALID;
    out->count++;
    *separator = cursor->at < cursor->end ? *cursor->at : '\0';
    if (cursor->at < cursor->end)
        cursor->at++;
    *cursor->to = '\0';
    return 0;
}

int words_split(char *line, size_t len, struct words *out, const char **problem)
{
    struct cursor cursor = { .at = line, .end = line + len, .to = line };
    unsigned first = 0;

    out->count = out->command_count = 0;
    *problem = "";
    if (!words_is_clean(line, len)) {
        *problem = "the line holds control bytes or is not UTF-8";
        return ERR_INVALID;
    }
    while (cursor.at < cursor.end) {
        char separator = *cursor.at;
        int err = 0;

        if (!is_blank(separator) && separator != ';')
            err = add_word(&cursor, out, &separator, problem);
        else
            cursor.at++;
        if (err == 0 && separator == ';') {
            err = close_command(out, first, problem);
            first = out->count;
        }
        if (err < 0)
            return err;
    }
    return close_command(out, first, problem);
}

enum { NEAR_SIZE = 24 };

/* Levenshtein's distance of two short words; NEAR_SIZE when one is too long to compare. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[NEAR_SIZE + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);

    if (a_len >= NEAR_SIZE || b_len >= NEAR_SIZE)
        return NEAR_SIZE;
    for (unsigned j = 0; j <= b_len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned corner = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            unsigned change = corner + (a[i - 1] != b[j - 1]);
            unsigned shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            corner = row[j];
            row[j] = change < shift ? change : shift;
        }
    }
    return row[b_len];
}

const char *words_nearest(const char *word, const char *const *names, unsigned count)
{
    const char *best = NULL;
    unsigned best_distance = 3; /* two slips of the finger, not three */

    for (unsigned i = 0; i < count; i++) {
        unsigned d = distance(word, names[i]);

        if (strlen(word) >= 3 && strncmp(names[i], word, strlen(word)) == 0)
            d = 1;
        if (d < best_distance && d < strlen(names[i]) && d < strlen(word)) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}
