/* See base/assertion.h. Called when a configuration is checked, and for each answer that is judged. */
#include "base/assertion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

enum { NUMBER_BYTES_MAX = 40, INDEX_DIGITS_MAX = 4 };

static int refuse(const char **why, const char *words)
{
    *why = words;
    return ERR_INVALID;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* What a name in a path may have: visible ASCII that means nothing else here. */
static bool is_name_byte(char c)
{
    return c > ' ' && c < 0x7f && strchr(".[]=!<>?\"'$\\", c) == NULL;
}

static size_t count_digits(struct slice text)
{
    size_t count = 0;

    while (count < text.len && is_digit(text.ptr[count]))
        count++;
    return count;
}

static struct slice behind(struct slice text, size_t count)
{
    return slice_of(text.ptr + count, text.len - count);
}

/* "[12]" in front; 0: it is none. */
static size_t find_index_end(struct slice text)
{
    size_t digits = 0;

    if (text.len < 3 || text.ptr[0] != '[')
        return 0;
    digits = count_digits(behind(text, 1));
    if (digits == 0 || digits > INDEX_DIGITS_MAX || digits + 2 > text.len ||
        text.ptr[digits + 1] != ']')
        return 0;
    return digits + 2;
}

static size_t find_name_end(struct slice text)
{
    size_t len = 0;

    while (len < text.len && is_name_byte(text.ptr[len]))
        len++;
    return len;
}

/* One step and the dot behind it. */
static const char *check_step(struct slice *rest, bool is_first)
{
    size_t len = find_index_end(*rest);

    if (len == 0 && !is_first && rest->ptr[0] == '.') {
        *rest = behind(*rest, 1);
        len = find_name_end(*rest);
        if (len == 0)
            return "a name is missing behind a dot";
    } else if (len == 0 && is_first) {
        len = find_name_end(*rest);
    }
    if (len == 0)
        return rest->ptr[0] == '[' ? "an index is [0] to [9999]" : "this is no path";
    *rest = behind(*rest, len);
    return NULL;
}

int assertion_check_path(struct slice path, const char **why)
{
    unsigned steps = 0;

    if (path.len == 0)
        return refuse(why, "the path is missing");
    if (path.len > ASSERTION_BYTES_MAX) {
        *why = "it is longer than 256 bytes";
        return ERR_RANGE;
    }
    while (path.len > 0) {
        const char *words = check_step(&path, steps == 0);

        if (words != NULL)
            return refuse(why, words);
        if (++steps > ASSERTION_STEPS_MAX) {
            *why = "the path has more than 16 steps";
            return ERR_RANGE;
        }
    }
    return 0;
}

bool assertion_next_step(struct slice *path, struct assertion_step *step)
{
    size_t len = 0;

    if (path->len > 0 && path->ptr[0] == '.')
        *path = behind(*path, 1);
    if (path->len == 0)
        return false;
    *step = (struct assertion_step){ .index = 0 };
    len = find_index_end(*path);
    if (len > 0) {
        for (size_t i = 1; i < len - 1; i++)
            step->index = step->index * 10 + (size_t)(path->ptr[i] - '0');
    } else {
        len = find_name_end(*path);
        if (len == 0)
            return false;
        step->name = slice_of(path->ptr, len);
    }
    *path = behind(*path, len);
    return true;
}

/* The operator at `text`, its bytes in *len; false: none is there. */
static bool read_op(struct slice text, enum assertion_op *op, size_t *len)
{
    static const struct {
        const char *text;
        enum assertion_op op;
    } ops[] = {
        { "!=", ASSERTION_UNEQUAL }, { ">=", ASSERTION_AT_LEAST }, { "<=", ASSERTION_AT_MOST },
        { "=", ASSERTION_EQUAL },    { ">", ASSERTION_ABOVE },     { "<", ASSERTION_BELOW },
        { "?", ASSERTION_EXISTS },
    };

    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (!slice_starts_with(text, slice_from(ops[i].text)))
            continue;
        *op = ops[i].op;
        *len = strlen(ops[i].text);
        return true;
    }
    return false;
}

/* The name behind a '$'. */
static struct slice variable_at(struct slice text)
{
    size_t len = 1;

    while (len < text.len && is_letter(text.ptr[len]))
        len++;
    return slice_of(text.ptr, len);
}

static int check_value(struct assertion *out, const char **why)
{
    double number = 0;

    if (out->value.len == 0)
        return refuse(why, "the value is missing");
    for (size_t i = 0; i < out->value.len; i++) {
        struct slice variable = { NULL, 0 };

        if ((unsigned char)out->value.ptr[i] < ' ' || out->value.ptr[i] == 0x7f)
            return refuse(why, "the value has a control byte");
        if (out->value.ptr[i] != '$')
            continue;
        variable = variable_at(behind(out->value, i));
        if (slice_is_equal(variable, SLICE("$slot")))
            out->has_slot = true;
        else if (slice_is_equal(variable, SLICE("$version")))
            out->has_version = true;
        else
            return refuse(why, "behind '$' stand slot or version");
    }
    if (out->op != ASSERTION_EQUAL && out->op != ASSERTION_UNEQUAL &&
        assertion_number(out->value, &number) != 0)
        return refuse(why, "only numbers are compared with <, <=, > and >=");
    return 0;
}

int assertion_parse(struct slice text, struct assertion *out, const char **why)
{
    struct assertion made = { .op = ASSERTION_EXISTS };
    size_t at = 0;
    size_t op_len = 0;
    int err = 0;

    if (text.len > ASSERTION_BYTES_MAX) {
        *why = "it is longer than 256 bytes";
        return ERR_RANGE;
    }
    while (at < text.len && !read_op(behind(text, at), &made.op, &op_len))
        at++;
    if (at == text.len)
        return refuse(why, "an operator is missing");
    made.path = slice_trim(slice_of(text.ptr, at));
    made.value = slice_trim(behind(text, at + op_len));
    if (made.value.len > 0 && made.value.ptr[0] == '=')
        return refuse(why, "equal is written with one '='");
    err = assertion_check_path(made.path, why);
    if (err != 0)
        return err;
    if (made.op == ASSERTION_EXISTS && made.value.len > 0)
        return refuse(why, "nothing stands behind '?'");
    err = made.op == ASSERTION_EXISTS ? 0 : check_value(&made, why);
    if (err == 0)
        *out = made;
    return err;
}

void assertion_expand(struct slice value, const char *slot, const char *version, struct text *out)
{
    while (value.len > 0) {
        struct slice piece = slice_of(value.ptr, 1);

        if (value.ptr[0] == '$') {
            piece = variable_at(value);
            text_add(out, slice_is_equal(piece, SLICE("$slot")) ? slot : version);
        } else {
            text_add_slice(out, piece);
        }
        value = behind(value, piece.len);
    }
}

const char *assertion_op_words(enum assertion_op op)
{
    switch (op) {
    case ASSERTION_EXISTS:
    case ASSERTION_EQUAL: return "";
    case ASSERTION_UNEQUAL: return "other than ";
    case ASSERTION_AT_LEAST: return "at least ";
    case ASSERTION_AT_MOST: return "at most ";
    case ASSERTION_ABOVE: return "more than ";
    case ASSERTION_BELOW: return "less than ";
    }
    return "";
}

/* The grammar of RFC 8259 6. */
static bool is_number(struct slice text)
{
    size_t digits = 0;

    if (text.len > 0 && text.ptr[0] == '-')
        text = behind(text, 1);
    digits = count_digits(text);
    if (digits == 0 || (digits > 1 && text.ptr[0] == '0'))
        return false;
    text = behind(text, digits);
    if (text.len > 0 && text.ptr[0] == '.') {
        digits = count_digits(behind(text, 1));
        if (digits == 0)
            return false;
        text = behind(text, digits + 1);
    }
    if (text.len == 0 || (text.ptr[0] | 0x20) != 'e')
        return text.len == 0;
    text = behind(text, 1);
    if (text.len > 0 && (text.ptr[0] == '+' || text.ptr[0] == '-'))
        text = behind(text, 1);
    return text.len > 0 && count_digits(text) == text.len;
}

int assertion_number(struct slice text, double *out)
{
    char digits[NUMBER_BYTES_MAX];
    double number = 0;

    if (!is_number(text) || !slice_copy(text, digits, sizeof digits))
        return ERR_INVALID;
    number = strtod(digits, NULL);
    if (!isfinite(number))
        return ERR_INVALID;
    *out = number;
    return 0;
}
