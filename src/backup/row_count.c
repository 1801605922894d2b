/* See row_count_priv.h. */
#include "backup/row_count_priv.h"

#include <string.h>

#include "base/hash.h"
#include "base/slice.h"

/* FNV-1a: byte by byte, so that it does not matter where the pieces are cut. */
static const uint64_t hash_start = 0xcbf29ce484222325u;
static const uint64_t hash_prime = 0x100000001b3u;

static const char copy_begin[] = "COPY ";
static const char copy_end[] = " FROM stdin;";

void row_count_init(struct row_count *count, struct snapshot_record *record)
{
    *count = (struct row_count){ .record = record,
                                 .is_inside = record == NULL,
                                 .is_plain = record == NULL,
                                 .hash = hash_start };
}

static void end_table(struct row_count *count)
{
    snapshot_record_add_table(count->record, slice_from(count->source), count->rows, count->mark);
    count->is_inside = false;
}

/* A line outside rows: does it begin some? */
static void begin_table(struct row_count *count)
{
    struct slice line = slice_of(count->head, count->len);
    size_t begin_len = sizeof copy_begin - 1;
    size_t end_len = sizeof copy_end - 1;

    if (count->len >= sizeof count->head || line.len <= begin_len + end_len ||
        memcmp(line.ptr, copy_begin, begin_len) != 0 ||
        memcmp(line.ptr + line.len - end_len, copy_end, end_len) != 0)
        return;
    (void)slice_copy(slice_of(line.ptr + begin_len, line.len - begin_len - end_len), count->source,
                     sizeof count->source);
    count->is_inside = true;
    count->rows = count->mark = 0;
}

static void end_line(struct row_count *count)
{
    if (!count->is_inside) {
        begin_table(count);
    } else if (!count->is_plain && count->len == 2 && memcmp(count->head, "\\.", 2) == 0) {
        end_table(count);
    } else {
        count->rows++;
        count->mark += hash_mix(count->hash);
    }
    count->len = 0;
    count->hash = hash_start;
}

void row_count_add(struct row_count *count, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            end_line(count);
            continue;
        }
        if (count->len < sizeof count->head)
            count->head[count->len] = bytes[i];
        count->len++;
        count->hash = (count->hash ^ (unsigned char)bytes[i]) * hash_prime;
    }
}
