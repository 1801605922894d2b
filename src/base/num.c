/* Strict numbers: see base/num.h. */
#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

int num_parse_u64(struct slice text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text.len == 0)
        return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++)
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.ptr[i] - '0'), &value))
            return ERR_RANGE;
    if (value > max)
        return ERR_RANGE;
    *out = value;
    return ERR_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int num_parse_hex(struct slice text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text.len == 0)
        return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++)
        if (hex_digit(text.ptr[i]) < 0)
            return ERR_INVALID;
    if (text.len > 16)
        return ERR_RANGE;
    for (size_t i = 0; i < text.len; i++)
        value = value << 4 | (uint64_t)hex_digit(text.ptr[i]);
    if (value > max)
        return ERR_RANGE;
    *out = value;
    return ERR_OK;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit duration_units[] = {
    { "d", 86400000000u }, { "h", 3600000000u }, { "m", 60000000u },
    { "s", 1000000u },     { "ms", 1000u },      { "us", 1u },
};

static const struct unit size_units[] = {
    { "g", 1073741824u },
    { "m", 1048576u },
    { "k", 1024u },
    { "", 1u },
};

static int parse_with_unit(struct slice text, const struct unit *units, size_t count, uint64_t *out)
{
    size_t digits = 0;
    uint64_t value = 0;
    int err = ERR_OK;

    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    err = num_parse_u64(slice_of(text.ptr, digits), UINT64_MAX, &value);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < count; i++) {
        if (!slice_is_equal_nocase(slice_of(text.ptr + digits, text.len - digits),
                                   slice_from(units[i].name)))
            continue;
        if (__builtin_mul_overflow(value, units[i].factor, &value) || value > INT64_MAX)
            return ERR_RANGE;
        *out = value;
        return ERR_OK;
    }
    return ERR_INVALID;
}

int num_parse_duration(struct slice text, uint64_t *us)
{
    if (slice_is_equal(text, SLICE("0"))) {
        *us = 0;
        return ERR_OK;
    }
    return parse_with_unit(text, duration_units, sizeof duration_units / sizeof duration_units[0],
                           us);
}

int num_parse_size(struct slice text, uint64_t *bytes)
{
    return parse_with_unit(text, size_units, sizeof size_units / sizeof size_units[0], bytes);
}

size_t num_format_u64(uint64_t value, char *out)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

void num_format_duration(uint64_t us, char *out)
{
    if (us == 0) {
        snprintf(out, 32, "0s");
        return;
    }
    for (size_t i = 0; i < sizeof duration_units / sizeof duration_units[0]; i++) {
        if (us % duration_units[i].factor != 0)
            continue;
        snprintf(out, 32, "%" PRIu64 "%s", us / duration_units[i].factor, duration_units[i].name);
        return;
    }
}
