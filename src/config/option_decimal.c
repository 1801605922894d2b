/* See option_decimal_priv.h. */
#include "config/option_decimal_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

/* How a kind is written: around the digits, and of how many millionths one unit of them is. */
struct form {
    enum option_kind kind;
    const char *before;
    const char *behind;
    uint64_t unit;
    const char *words;
};

static const struct form forms[] = {
    { KIND_SHARE, "", "%", OPTION_DECIMAL_ONE / 100, "share; write \"5%\" or \"0.25%\"" },
    { KIND_POINTS, "", "pp", OPTION_DECIMAL_ONE / 100,
      "difference in points; write \"1pp\" or \"0.5pp\"" },
    { KIND_RATIO, "x", "", OPTION_DECIMAL_ONE, "ratio; write \"x1.5\"" },
    { KIND_NUMBER, "", "", OPTION_DECIMAL_ONE, "number; write digits, as in 0.001" },
};

static const struct form *find_form(enum option_kind kind)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].kind == kind)
            return &forms[i];
    return NULL;
}

bool option_decimal_is(enum option_kind kind)
{
    return find_form(kind) != NULL;
}

/* Without what stands around the digits; false: that is not there. */
static bool strip(const struct form *form, struct slice *text)
{
    size_t before = strlen(form->before);
    size_t behind = strlen(form->behind);

    if (text->len <= before + behind || memcmp(text->ptr, form->before, before) != 0 ||
        memcmp(text->ptr + text->len - behind, form->behind, behind) != 0)
        return false;
    *text = slice_of(text->ptr + before, text->len - before - behind);
    return true;
}

/* Digits behind the point, as a part of the unit. */
static int add_fraction(struct slice digits, uint64_t unit, uint64_t *out)
{
    uint64_t value = 0;

    if (num_parse_u64(digits, UINT64_MAX, &value) == ERR_INVALID)
        return ERR_INVALID;
    for (size_t i = 0; i < digits.len; i++) {
        if (unit < 10 && digits.ptr[i] != '0')
            return ERR_RANGE;
        unit /= 10;
        *out += (uint64_t)(digits.ptr[i] - '0') * unit;
    }
    return ERR_OK;
}

int option_decimal_parse(enum option_kind kind, struct slice text, uint64_t *millionths)
{
    const struct form *form = find_form(kind);
    struct slice rest = text;
    struct slice whole = { NULL, 0 };
    uint64_t value = 0;
    int err = ERR_OK;

    if (slice_is_equal(text, SLICE("off"))) {
        *millionths = 0;
        return ERR_OK;
    }
    if (!strip(form, &rest) || !slice_next(&rest, '.', &whole))
        return ERR_INVALID;
    err = num_parse_u64(whole, UINT64_MAX / OPTION_DECIMAL_ONE - 1, &value);
    value *= form->unit;
    if (err == ERR_OK && rest.ptr != NULL)
        err = add_fraction(rest, form->unit, &value);
    if (err == ERR_OK)
        *millionths = value;
    return err;
}

void option_decimal_format(enum option_kind kind, uint64_t millionths, struct text *out)
{
    const struct form *form = find_form(kind);
    const char *quote = kind == KIND_NUMBER ? "" : "\"";
    uint64_t rest = millionths % form->unit;

    text_add_format(out, "%s%s%" PRIu64, quote, form->before, millionths / form->unit);
    if (rest > 0) { /* unit + rest: the zeros in front of the digits stay */
        char digits[24];
        int len = snprintf(digits, sizeof digits, "%" PRIu64, form->unit + rest);

        while (digits[len - 1] == '0')
            len--;
        text_add_format(out, ".%.*s", len - 1, digits + 1);
    }
    text_add_format(out, "%s%s", form->behind, quote);
}

void option_decimal_explain(enum option_kind kind, struct slice text, struct text *why)
{
    text_add_format(why, "'%.*s' is no %s", SLICE_ARG(text), find_form(kind)->words);
}
