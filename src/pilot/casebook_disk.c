/* See casebook_disk_priv.h. Whatever a file says of itself is compared with its size before anything is read by it. */
#include "pilot/casebook_disk_priv.h"

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
#include "base/text.h"

enum { TITLE_MAX = 160, HASH_SEED = 0x5eed };

static const char mark[] = "switchyard-decision 1 ";
static const char suffix[] = ".decision";
static const char fresh_suffix[] = ".decision.fresh";

/* The first line. */
struct title {
    uint64_t head_bytes;
    uint64_t record_bytes;
    uint64_t head_hash;
    uint64_t record_hash;
};

static int fail(char words[CASEBOOK_WORDS], const char *what, const char *path)
{
    int number = errno;

    snprintf(words, CASEBOOK_WORDS, "cannot %s %.200s: %s", what, path, strerror(number));
    return err_from_errno(number);
}

static int spoil(char words[CASEBOOK_WORDS], const char *path)
{
    snprintf(words, CASEBOOK_WORDS,
             "%.200s is torn or no decision of this version; it may be removed", path);
    return ERR_CORRUPT;
}

void casebook_disk_path(const char *folder, uint64_t id, char *out, size_t size)
{
    snprintf(out, size, "%.200s/%06" PRIu64 "%s", folder, id, suffix);
}

uint64_t casebook_disk_id(const char *name, bool *is_fresh)
{
    size_t len = strspn(name, "0123456789");
    uint64_t id = 0;

    *is_fresh = strcmp(name + len, fresh_suffix) == 0;
    if ((!*is_fresh && strcmp(name + len, suffix) != 0) ||
        num_parse_u64(slice_of(name, len), (1ull << 53) - 1, &id) != 0)
        return 0;
    return id;
}

static int write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t count = write(fd, bytes.ptr, bytes.len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return -1;
        bytes = slice_of(bytes.ptr + count, bytes.len - (size_t)count);
    }
    return 0;
}

static int read_all(int fd, char *out, size_t size, off_t at)
{
    size_t have = 0;

    while (have < size) {
        ssize_t count = pread(fd, out + have, size - have, at + (off_t)have);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return -1;
        have += (size_t)count;
    }
    return 0;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_done = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return is_done ? 0 : -1;
}

/* Title and head, terminated by line feeds. */
static void encode(const struct decision *decision, struct slice record, struct text *out)
{
    struct text head;

    text_init(&head, DECISION_HEAD_MAX);
    decision_encode(decision, &head);
    text_add(&head, "\n");
    text_add_format(out, "%s%zu %zu %016" PRIx64 " %016" PRIx64 "\n", mark, head.len, record.len,
                    hash_bytes(HASH_SEED, head.bytes, head.len),
                    hash_bytes(HASH_SEED, record.ptr, record.len));
    text_add_slice(out, text_slice(&head));
    text_fini(&head);
}

static int write_fresh(const char *fresh, struct slice head, struct slice record)
{
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_done =
        fd >= 0 && write_all(fd, head) == 0 && write_all(fd, record) == 0 && fsync(fd) == 0;
    int number = errno;

    if (fd >= 0)
        close(fd);
    errno = number;
    return is_done ? 0 : -1;
}

int casebook_disk_write(const char *folder, const struct decision *decision, struct slice record,
                        uint64_t *size, char words[CASEBOOK_WORDS])
{
    char path[256];
    char fresh[264];
    struct text head;
    int err = 0;

    casebook_disk_path(folder, decision->id, path, sizeof path);
    snprintf(fresh, sizeof fresh, "%s.fresh", path);
    text_init(&head, DECISION_HEAD_MAX + TITLE_MAX);
    encode(decision, record, &head);
    if (text_is_cut(&head) || write_fresh(fresh, text_slice(&head), record) != 0)
        err = fail(words, "write", fresh);
    else if (rename(fresh, path) != 0)
        err = fail(words, "rename", fresh);
    else if (sync_folder(folder) != 0)
        err = fail(words, "sync", folder);
    *size = head.len + record.len;
    text_fini(&head);
    if (err != 0)
        (void)unlink(fresh);
    return err;
}

static bool take_number(struct slice *rest, char end, bool is_hex, uint64_t *out)
{
    struct slice part;

    if (!slice_next(rest, end, &part))
        return false;
    return (is_hex ? num_parse_hex(part, UINT64_MAX, out) : num_parse_u64(part, 1ull << 40, out)) ==
           0;
}

/* From the first bytes of a file; the length of the line with its line feed, 0: it is none. */
static size_t parse_title(struct slice bytes, struct title *out)
{
    const char *end = memchr(bytes.ptr, '\n', bytes.len < TITLE_MAX ? bytes.len : TITLE_MAX);
    struct slice rest;

    if (end == NULL || !slice_starts_with(bytes, slice_from(mark)))
        return 0;
    rest = slice_of(bytes.ptr + strlen(mark), (size_t)(end - bytes.ptr) - strlen(mark));
    if (!take_number(&rest, ' ', false, &out->head_bytes) ||
        !take_number(&rest, ' ', false, &out->record_bytes) ||
        !take_number(&rest, ' ', true, &out->head_hash) ||
        !take_number(&rest, '\n', true, &out->record_hash) || rest.len > 0)
        return 0;
    return (size_t)(end - bytes.ptr) + 1;
}

/* The file is open and has a right title: where the head is, and that all of the file is there. */
static int read_title(int fd, struct title *out, size_t *title_bytes, uint64_t *size)
{
    char start[TITLE_MAX] = "";
    struct stat status;
    ssize_t count = pread(fd, start, sizeof start, 0);

    if (count < 0 || fstat(fd, &status) != 0)
        return ERR_IO;
    *title_bytes = parse_title(slice_of(start, (size_t)count), out);
    *size = (uint64_t)status.st_size;
    if (*title_bytes == 0 || out->head_bytes > DECISION_HEAD_MAX ||
        *size != *title_bytes + out->head_bytes + out->record_bytes)
        return ERR_CORRUPT;
    return 0;
}

static int read_head(int fd, const struct title *title, size_t at, struct decision *out)
{
    char *bytes = mem_alloc((size_t)title->head_bytes + 1);
    int err = read_all(fd, bytes, (size_t)title->head_bytes, (off_t)at) == 0 ? 0 : ERR_IO;

    if (err == 0 && hash_bytes(HASH_SEED, bytes, (size_t)title->head_bytes) != title->head_hash)
        err = ERR_CORRUPT;
    if (err == 0)
        err = decision_decode(slice_of(bytes, (size_t)title->head_bytes), out);
    if (err == 0 && out->record_bytes != title->record_bytes)
        err = ERR_CORRUPT;
    free(bytes);
    return err;
}

static int close_and_say(int fd, int err, const char *path, char words[CASEBOOK_WORDS])
{
    if (err == ERR_IO)
        err = fail(words, "read", path);
    else if (err != 0)
        err = spoil(words, path);
    close(fd);
    return err;
}

int casebook_disk_read(const char *path, struct decision *out, uint64_t *size,
                       char words[CASEBOOK_WORDS])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct title title;
    size_t at = 0;
    int err = 0;

    if (fd < 0)
        return fail(words, "open", path);
    err = read_title(fd, &title, &at, size);
    if (err == 0)
        err = read_head(fd, &title, at, out);
    return close_and_say(fd, err, path, words);
}

int casebook_disk_read_record(const char *path, char **out, uint64_t *bytes,
                              char words[CASEBOOK_WORDS])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct title title = { .head_bytes = 0 };
    size_t at = 0;
    uint64_t size = 0;
    char *record = NULL;
    int err = 0;

    if (fd < 0)
        return fail(words, "open", path);
    err = read_title(fd, &title, &at, &size);
    if (err == 0) {
        record = mem_alloc((size_t)title.record_bytes + 1);
        if (read_all(fd, record, (size_t)title.record_bytes, (off_t)(at + title.head_bytes)) != 0)
            err = ERR_IO;
        else if (hash_bytes(HASH_SEED, record, (size_t)title.record_bytes) != title.record_hash)
            err = ERR_CORRUPT;
    }
    err = close_and_say(fd, err, path, words);
    if (err != 0) {
        free(record);
        return err;
    }
    *out = record;
    *bytes = title.record_bytes;
    return 0;
}
