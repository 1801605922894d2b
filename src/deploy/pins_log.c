/* See pins_log_priv.h. */
#include "deploy/pins_log_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/num.h"
#include "route/tenant.h"

static const char head_begin[] = "switchyard-pins ";
static const char head_version[] = "1 ";
static const char name_begin[] = "pins-";
static const char name_end[] = ".log";

void pins_log_add(struct text *out, struct pins_stretch *stretch, enum tenant_op op,
                  struct slice tenant, const char *slot)
{
    size_t from = out->len;
    char mark[2] = { (char)op, '\0' };

    text_add(out, mark);
    text_add_slice(out, tenant);
    if (op == TENANT_OP_PIN) {
        text_add(out, " ");
        text_add(out, slot);
    }
    text_add(out, "\n");
    stretch->records++;
    stretch->bytes += out->len - from;
    stretch->sum = hash_bytes(stretch->sum, out->bytes + from, out->len - from);
}

void pins_log_head(const struct pins_stretch *first, char out[PINS_LOG_HEAD + 1])
{
    int len = snprintf(out, PINS_LOG_HEAD + 1, "%s%s%020" PRIu64 " %020" PRIu64 " %016" PRIx64 "\n",
                       head_begin, head_version, first->records, first->bytes, first->sum);

    CHECK(len == PINS_LOG_HEAD);
}

bool pins_log_name(const char *scope, uint64_t number, char *out, size_t size)
{
    int len = snprintf(out, size, "%s%s-%" PRIu64 "%s", name_begin, scope, number, name_end);

    return len > 0 && (size_t)len < size;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

uint64_t pins_log_number(const char *name)
{
    struct slice rest = slice_from(name);
    const char *dash = strrchr(name, '-');
    uint64_t number = 0;

    for (size_t i = 0; i < rest.len; i++)
        if (!is_name_byte(rest.ptr[i]))
            return 0;
    if (!slice_starts_with(rest, SLICE(name_begin)) ||
        !slice_ends_with_nocase(rest, SLICE(name_end)) || dash < name + sizeof name_begin - 1)
        return 0;
    rest = slice_of(dash + 1, rest.len - (size_t)(dash + 1 - name) - (sizeof name_end - 1));
    return num_parse_u64(rest, UINT64_MAX >> 1, &number) == 0 ? number : 0;
}

/* A number of fixed length and what follows it. */
static bool take_number(struct slice *rest, size_t digits, char end, uint64_t *out)
{
    struct slice number = slice_of(rest->ptr, digits);
    int err = digits == 16 ? num_parse_hex(number, UINT64_MAX, out)
                           : num_parse_u64(number, PINS_LOG_BYTES_MAX, out);

    if (err != 0 || rest->ptr[digits] != end)
        return false;
    *rest = slice_of(rest->ptr + digits + 1, rest->len - digits - 1);
    return true;
}

static int read_head(struct slice bytes, struct pins_stretch *first, const char **why)
{
    struct slice rest = bytes;
    char again[PINS_LOG_HEAD + 1];

    *why = "it does not begin like a file of pins";
    if (bytes.len < PINS_LOG_HEAD || !slice_starts_with(rest, SLICE(head_begin)))
        return ERR_CORRUPT;
    rest = slice_of(rest.ptr + sizeof head_begin - 1, PINS_LOG_HEAD - (sizeof head_begin - 1));
    if (!slice_starts_with(rest, SLICE(head_version))) {
        *why = "it was written by a newer version";
        return ERR_VERSION;
    }
    rest = slice_of(rest.ptr + sizeof head_version - 1, rest.len - (sizeof head_version - 1));
    if (!take_number(&rest, 20, ' ', &first->records) ||
        !take_number(&rest, 20, ' ', &first->bytes) || !take_number(&rest, 16, '\n', &first->sum))
        return ERR_CORRUPT;
    pins_log_head(first, again); /* there is one way to write it */
    return memcmp(again, bytes.ptr, PINS_LOG_HEAD) == 0 ? 0 : ERR_CORRUPT;
}

/* One line without its end. */
static int apply_line(struct slice line, struct tenant_table *table)
{
    struct slice rest = slice_of(line.ptr + 1, line.len - 1);
    struct slice tenant = rest;
    bool is_pin = line.ptr[0] == TENANT_OP_PIN;
    char slot[64] = "";

    if (is_pin &&
        (!slice_next(&rest, ' ', &tenant) || rest.len == 0 || !slice_copy(rest, slot, sizeof slot)))
        return ERR_CORRUPT;
    if (!tenant_is_valid(tenant))
        return ERR_CORRUPT;
    if (is_pin)
        return tenant_table_apply(table, TENANT_OP_PIN, tenant, slot);
    if (line.ptr[0] == TENANT_OP_HIDE)
        return tenant_table_apply(table, TENANT_OP_HIDE, tenant, NULL);
    if (line.ptr[0] != TENANT_OP_UNPIN)
        return ERR_CORRUPT;
    return tenant_table_apply(table, TENANT_OP_UNPIN, tenant, NULL);
}

/* The lines of one stretch, which must be what `wanted` says. */
static bool read_stretch(struct slice bytes, const struct pins_stretch *wanted,
                         struct tenant_table *table)
{
    uint64_t records = 0;
    uint64_t sum = 0;

    while (bytes.len > 0) {
        const char *end = memchr(bytes.ptr, '\n', bytes.len);
        size_t len = end != NULL ? (size_t)(end - bytes.ptr) : 0;

        if (len < 2 || apply_line(slice_of(bytes.ptr, len), table) != 0)
            return false;
        sum = hash_bytes(sum, bytes.ptr, len + 1);
        records++;
        bytes = slice_of(end + 1, bytes.len - len - 1);
    }
    return records == wanted->records && sum == wanted->sum;
}

int pins_log_read(struct slice bytes, const struct pins_stretch *added, struct tenant_table *table,
                  struct pins_stretch *first, const char **why)
{
    int err = read_head(bytes, first, why);
    struct slice rest = { NULL, 0 };

    if (err != 0)
        return err;
    rest = slice_of(bytes.ptr + PINS_LOG_HEAD, bytes.len - PINS_LOG_HEAD);
    *why = "it is shorter than the state says";
    if (first->bytes > rest.len || added->bytes > rest.len - first->bytes)
        return ERR_CORRUPT;
    *why = "a line or its checksum does not fit";
    if (!read_stretch(slice_of(rest.ptr, first->bytes), first, table))
        return ERR_CORRUPT;
    rest = slice_of(rest.ptr + first->bytes, added->bytes);
    return read_stretch(rest, added, table) ? 0 : ERR_CORRUPT;
}
