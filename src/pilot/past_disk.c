/* See past_disk_priv.h. Nothing of a file is believed before its hash fits, and what it then says is checked still. */
#include "pilot/past_disk_priv.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strict_json.h"
#include "base/text.h"

enum { TITLE_MAX = 80, HASH_SEED = 0x9a57 };

static const char mark[] = "switchyard-baselines ";
static const char version[] = "1 ";

static int fail(char words[PAST_WORDS], const char *what, const char *path)
{
    int number = errno;

    snprintf(words, PAST_WORDS, "cannot %s %.200s: %s", what, path, strerror(number));
    return err_from_errno(number);
}

static void add_text(struct text *out, const char *name, const char *value)
{
    text_add_format(out, "\"%s\":\"", name);
    text_add_json(out, slice_from(value));
    text_add(out, "\",");
}

void past_disk_add(const struct past_row *row, struct text *body)
{
    struct text memory;

    text_init(&memory, MEMORY_BYTES_MAX);
    memory_encode(&row->memory, &memory);
    text_add(body, "{");
    add_text(body, "service", row->service);
    add_text(body, "slot", row->slot);
    add_text(body, "version", row->version);
    text_add_format(body, "\"time_us\":%" PRIu64 ",\"bytes\":%zu}\n", row->wall_us, memory.len);
    text_add_slice(body, text_slice(&memory));
    text_fini(&memory);
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t count = write(fd, bytes.ptr, bytes.len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes = slice_of(bytes.ptr + count, bytes.len - (size_t)count);
    }
    return true;
}

/* Synced, so that the name never stands for less than all of it. */
static bool write_fresh(const char *fresh, struct slice body)
{
    char title[TITLE_MAX];
    int len = snprintf(title, sizeof title, "%s%s%zu %016" PRIx64 "\n", mark, version, body.len,
                       hash_bytes(HASH_SEED, body.ptr, body.len));
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_done = fd >= 0 && write_all(fd, slice_of(title, (size_t)len)) && write_all(fd, body) &&
                   fdatasync(fd) == 0;
    int number = errno;

    if (fd >= 0)
        close(fd);
    errno = number;
    return is_done;
}

int past_disk_write(const char *path, struct slice body, char words[PAST_WORDS])
{
    char *fresh = mem_format("%s.fresh", path);
    int err = 0;

    if (!write_fresh(fresh, body))
        err = fail(words, "write", fresh);
    else if (rename(fresh, path) != 0)
        err = fail(words, "rename", fresh);
    if (err != 0)
        (void)unlink(fresh);
    free(fresh);
    return err;
}

/* At most PAST_BYTES_MAX and a title; NULL: errno says why not. */
static char *read_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *bytes = NULL;
    ssize_t count = -1;

    if (fd < 0)
        return NULL;
    errno = EFBIG;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        (uint64_t)status.st_size <= PAST_BYTES_MAX + TITLE_MAX) {
        bytes = mem_alloc((size_t)status.st_size + 1);
        count = pread(fd, bytes, (size_t)status.st_size, 0);
    }
    close(fd);
    if (count >= 0) {
        *size = (size_t)count;
        return bytes;
    }
    free(bytes);
    return NULL;
}

/* What is behind the title; ERR_VERSION, ERR_CORRUPT. */
static int open_title(struct slice bytes, struct slice *body)
{
    struct slice part;
    uint64_t length = 0;
    uint64_t hash = 0;

    if (!slice_starts_with(bytes, SLICE("switchyard-baselines ")))
        return ERR_CORRUPT;
    bytes = slice_of(bytes.ptr + strlen(mark), bytes.len - strlen(mark));
    if (!slice_starts_with(bytes, slice_from(version)))
        return ERR_VERSION;
    bytes = slice_of(bytes.ptr + strlen(version), bytes.len - strlen(version));
    if (!slice_next(&bytes, ' ', &part) || num_parse_u64(part, PAST_BYTES_MAX, &length) != 0 ||
        !slice_next(&bytes, '\n', &part) || num_parse_hex(part, UINT64_MAX, &hash) != 0 ||
        bytes.len != length || hash_bytes(HASH_SEED, bytes.ptr, bytes.len) != hash)
        return ERR_CORRUPT;
    *body = bytes;
    return 0;
}

static int decode_head(const cJSON *item, struct past_row *row, uint64_t *bytes)
{
    int err = strict_json_text(item, "service", row->service, sizeof row->service);

    if (err == 0)
        err = strict_json_text(item, "slot", row->slot, sizeof row->slot);
    if (err == 0)
        err = strict_json_text(item, "version", row->version, sizeof row->version);
    if (err == 0)
        err = strict_json_u64(item, "time_us", STRICT_JSON_INTEGER_MAX, &row->wall_us);
    if (err == 0)
        err = strict_json_u64(item, "bytes", MEMORY_BYTES_MAX, bytes);
    return err;
}

/* The next row, off the front of *rest. */
static int take_row(struct slice *rest, struct past_row *row)
{
    struct slice line;
    cJSON *item = NULL;
    uint64_t bytes = 0;
    int err = 0;

    *row = (struct past_row){ .wall_us = 0 };
    if (!slice_next(rest, '\n', &line) ||
        strict_json_parse(line, &strict_json_small, &item, NULL) != 0)
        return ERR_CORRUPT;
    err = decode_head(item, row, &bytes);
    cJSON_Delete(item);
    if (err != 0 || bytes > rest->len ||
        memory_decode(slice_of(rest->ptr, (size_t)bytes), &row->memory) != 0)
        return ERR_CORRUPT;
    *rest = slice_of(rest->ptr + bytes, rest->len - (size_t)bytes);
    return 0;
}

static int take_rows(struct slice body, struct past_row **out, size_t *count)
{
    struct past_row *rows = NULL;
    size_t found = 0;
    int err = 0;

    while (body.len > 0 && err == 0) {
        if (found == PAST_ROWS_MAX) {
            err = ERR_CORRUPT;
            break;
        }
        rows = mem_grow(rows, found + 1, sizeof *rows);
        err = take_row(&body, &rows[found++]);
    }
    if (err != 0) {
        free(rows);
        return err;
    }
    *out = rows;
    *count = found;
    return 0;
}

int past_disk_read(const char *path, struct past_row **out, size_t *count, char words[PAST_WORDS])
{
    struct slice body;
    size_t size = 0;
    char *bytes = read_file(path, &size);
    int err = 0;

    *out = NULL;
    *count = 0;
    if (bytes == NULL && errno == ENOENT)
        return ERR_NOT_FOUND;
    if (bytes == NULL)
        return fail(words, "read", path);
    err = open_title(slice_of(bytes, size), &body);
    if (err == 0)
        err = take_rows(body, out, count);
    if (err != 0)
        snprintf(words, PAST_WORDS, "%.200s %s", path,
                 err == ERR_VERSION ? "is of another version of the program"
                                    : "is cut off or damaged");
    free(bytes);
    return err;
}
