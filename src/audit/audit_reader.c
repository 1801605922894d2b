/* See audit/audit_reader.h. A page is looked for in ever larger pieces of the end of a file, the newest file first. */
#include "audit/audit_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

enum { FIRST_PIECE = 256 * 1024, WALK_PIECE = 1024 * 1024 };

/* The newest records of a file that fit, in a ring. */
struct page {
    const struct audit_filter *filter;
    struct audit_record *ring;
    size_t limit;
    uint64_t found;
    bool skips_first; /* the first line is the end of one that began before */
};

static bool take_line(void *arg, struct slice line, bool is_torn)
{
    struct page *page = arg;
    struct audit_record record;
    struct audit_proof proof;

    if (page->skips_first) {
        page->skips_first = false;
        return true;
    }
    if (is_torn || audit_record_decode(line, &record, &proof) != 0)
        return true;
    if (audit_filter_fits(page->filter, &record))
        page->ring[page->found++ % page->limit] = record;
    return true;
}

/* So many more from the end of one file; the newest comes first. */
static int read_file_end(const char *path, const struct audit_filter *filter, size_t limit,
                         struct audit_record *out, size_t *count)
{
    struct page page = { .filter = filter, .ring = out, .limit = limit };
    uint64_t piece = FIRST_PIECE;
    struct stat status;
    char words[AUDIT_FILES_WORDS];
    int err = 0;

    *count = 0;
    if (stat(path, &status) != 0)
        return ERR_NOT_FOUND;
    for (;; piece *= 4) {
        uint64_t size = (uint64_t)status.st_size;
        struct audit_files_part part = { .path = path, .from = size > piece ? size - piece : 0 };

        page.found = 0;
        page.skips_first = part.from > 0;
        err = audit_files_each(&part, take_line, &page, words);
        if (err != 0 || page.found >= limit || part.from == 0)
            break;
    }
    *count = page.found < limit ? (size_t)page.found : limit;
    return err;
}

static int compare_newest(const void *a, const void *b)
{
    const struct audit_record *one = a;
    const struct audit_record *other = b;

    return one->seq > other->seq ? -1 : one->seq < other->seq;
}

int audit_reader_page(struct audit_trail *trail, const struct audit_filter *filter, size_t limit,
                      struct audit_page *out, char words[AUDIT_FILES_WORDS])
{
    size_t wanted = limit + 1; /* one more tells whether there is a next page */
    struct audit_record *records = mem_grow(NULL, wanted, sizeof *records);
    struct audit_files list;
    size_t have = 0;
    int err = 0;

    audit_trail_hold_names(trail);
    err = audit_files_list(audit_trail_path(trail), &list, words);
    for (size_t i = list.count; err == 0 && have < wanted && i > 0; i--) {
        size_t got = 0;

        err = read_file_end(list.paths[i - 1], filter, wanted - have, records + have, &got);
        have += got;
    }
    audit_trail_release_names(trail);
    if (err != 0 && words[0] == '\0')
        snprintf(words, AUDIT_FILES_WORDS, "the files of the trail cannot be read");
    audit_files_free(&list);
    if (have > 1)
        qsort(records, have, sizeof *records, compare_newest);
    *out = (struct audit_page){
        .records = records,
        .count = have < limit ? have : limit,
        .next = have > limit ? records[limit - 1].seq : 0,
    };
    if (err == 0)
        return 0;
    free(records);
    out->records = NULL;
    return err;
}

int audit_walk_begin(struct audit_walk *walk, struct audit_trail *trail,
                     char words[AUDIT_FILES_WORDS])
{
    struct stat status;
    int err = 0;

    *walk = (struct audit_walk){ .last_fd = -1 };
    audit_trail_hold_names(trail);
    err = audit_files_list(audit_trail_path(trail), &walk->list, words);
    if (err == 0 && walk->list.count > 0) {
        walk->last_fd = open(walk->list.paths[walk->list.count - 1], O_RDONLY | O_CLOEXEC);
        if (walk->last_fd >= 0 && fstat(walk->last_fd, &status) == 0)
            walk->limit = (uint64_t)status.st_size;
    }
    audit_trail_release_names(trail);
    return err;
}

static void give_line(struct audit_walk *walk, const struct audit_filter *filter, bool has_commas,
                      struct slice line, struct text *out)
{
    struct audit_record record;
    struct audit_proof proof;

    if (!audit_filter_is_empty(filter) &&
        (audit_record_decode(line, &record, &proof) != 0 || !audit_filter_fits(filter, &record)))
        return;
    if (has_commas && walk->count > 0)
        text_add(out, ",");
    text_add_slice(out, line);
    if (!has_commas)
        text_add(out, "\n");
    walk->count++;
}

/* Whole lines of the piece; how many bytes they take. */
static size_t give_lines(struct audit_walk *walk, const struct audit_filter *filter,
                         bool has_commas, struct slice bytes, struct text *out)
{
    size_t done = 0;

    while (done < bytes.len) {
        const char *from = bytes.ptr + done;
        const char *end = memchr(from, '\n', bytes.len - done);

        if (end == NULL)
            break;
        give_line(walk, filter, has_commas, slice_of(from, (size_t)(end - from)), out);
        done += (size_t)(end - from) + 1;
    }
    return done;
}

/* Bytes from the present place; 0: the file is over, -1: errno. */
static ssize_t read_piece(struct audit_walk *walk, char *bytes)
{
    bool is_last = walk->at + 1 == walk->list.count;
    uint64_t left = is_last ? walk->limit - walk->offset : WALK_PIECE;
    int fd = is_last ? walk->last_fd : open(walk->list.paths[walk->at], O_RDONLY | O_CLOEXEC);
    ssize_t got = -1;

    if (fd >= 0)
        got = pread(fd, bytes, left < WALK_PIECE ? (size_t)left : WALK_PIECE, (off_t)walk->offset);
    if (fd >= 0 && !is_last)
        close(fd);
    return got;
}

int audit_walk_next(struct audit_walk *walk, const struct audit_filter *filter, bool has_commas,
                    struct text *out, char words[AUDIT_FILES_WORDS])
{
    char *bytes = NULL;
    ssize_t got = 0;
    size_t used = 0;

    walk->is_end = walk->at >= walk->list.count;
    if (walk->is_end)
        return 0;
    bytes = mem_alloc(WALK_PIECE);
    got = read_piece(walk, bytes);
    if (got < 0)
        snprintf(words, AUDIT_FILES_WORDS, "cannot read %.200s: %s", walk->list.paths[walk->at],
                 strerror(errno));
    else
        used = give_lines(walk, filter, has_commas, slice_of(bytes, (size_t)got), out);
    free(bytes);
    walk->offset += used;
    if (used == 0) { /* over, or a line that is none of ours */
        walk->at++;
        walk->offset = 0;
    }
    walk->is_end = walk->at >= walk->list.count;
    return got < 0 ? ERR_IO : 0;
}

void audit_walk_end(struct audit_walk *walk)
{
    if (walk->last_fd >= 0)
        close(walk->last_fd);
    walk->last_fd = -1;
    audit_files_free(&walk->list);
}
