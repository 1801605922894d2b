/* See audit/audit_files.h. */
#include "audit/audit_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

enum { READ_BYTES = 256 * 1024, FILES_MAX = 100 * 1000, MARKS_MAX = 1000 * 1000 };

static int fail(char words[AUDIT_FILES_WORDS], const char *what, const char *path)
{
    int error_number = errno;

    snprintf(words, AUDIT_FILES_WORDS, "cannot %s %.200s: %s", what, path, strerror(error_number));
    return err_from_errno(error_number);
}

struct found {
    uint64_t first;
    char *path;
};

static int compare_found(const void *a, const void *b)
{
    const struct found *one = a;
    const struct found *other = b;

    return one->first < other->first ? -1 : one->first > other->first;
}

/* Whether an entry of the folder is base.N. */
static bool is_part(const char *name, const char *base, uint64_t *first)
{
    size_t len = strlen(base);

    return strncmp(name, base, len) == 0 && name[len] == '.' && name[len + 1] != '0' &&
           num_parse_u64(slice_from(name + len + 1), UINT64_MAX, first) == 0;
}

static size_t find_parts(DIR *folder, const char *path, const char *base, struct found **out)
{
    struct dirent *entry = NULL;
    size_t count = 0;
    uint64_t first = 0;

    while (count < FILES_MAX && (entry = readdir(folder)) != NULL) {
        if (!is_part(entry->d_name, base, &first))
            continue;
        *out = mem_grow(*out, count + 1, sizeof **out);
        (*out)[count++] = (struct found){ first, mem_format("%s.%" PRIu64, path, first) };
    }
    return count;
}

static void add_path(struct audit_files *files, char *path)
{
    files->paths = mem_grow(files->paths, files->count + 1, sizeof *files->paths);
    files->paths[files->count++] = path;
}

int audit_files_list(const char *path, struct audit_files *out, char words[AUDIT_FILES_WORDS])
{
    const char *slash = strrchr(path, '/');
    char *name = slash != NULL ? mem_text_of(path, (size_t)(slash - path) + 1) : mem_text(".");
    DIR *folder = opendir(name);
    struct found *found = NULL;
    size_t count = 0;

    *out = (struct audit_files){ 0 };
    words[0] = '\0';
    if (folder == NULL) {
        int err = fail(words, "read the folder", name);

        free(name);
        return err;
    }
    free(name);
    count = find_parts(folder, path, slash != NULL ? slash + 1 : path, &found);
    closedir(folder);
    if (count > 1)
        qsort(found, count, sizeof *found, compare_found);
    for (size_t i = 0; i < count; i++)
        add_path(out, found[i].path);
    free(found);
    if (access(path, F_OK) == 0)
        add_path(out, mem_text(path));
    return 0;
}

void audit_files_free(struct audit_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (struct audit_files){ 0 };
}

/* Whole lines of the buffer; how many bytes of it they take. *is_over: fn has enough. */
static size_t give_lines(struct slice bytes, audit_files_fn *fn, void *arg, bool *is_over)
{
    size_t done = 0;

    while (!*is_over && done < bytes.len) {
        const char *from = bytes.ptr + done;
        const char *end = memchr(from, '\n', bytes.len - done);

        if (end == NULL)
            break;
        done += (size_t)(end - from) + 1;
        *is_over = !fn(arg, slice_of(from, (size_t)(end - from)), false);
    }
    return done;
}

static int read_lines(int fd, uint64_t left, audit_files_fn *fn, void *arg)
{
    char *buffer = mem_alloc(READ_BYTES);
    size_t len = 0;
    bool is_over = false;
    ssize_t got = 1;

    while (!is_over && left > 0) {
        size_t most = READ_BYTES - len;
        size_t used = 0;

        got = read(fd, buffer + len, left < most ? (size_t)left : most);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        left -= (uint64_t)got;
        len += (size_t)got;
        used = give_lines(slice_of(buffer, len), fn, arg, &is_over);
        memmove(buffer, buffer + used, len - used);
        len -= used;
        if (len == READ_BYTES) { /* no line of ours */
            is_over = !fn(arg, slice_of(buffer, len), true);
            len = 0;
        }
    }
    if (got >= 0 && !is_over && len > 0)
        (void)fn(arg, slice_of(buffer, len), true);
    free(buffer);
    return got < 0 ? -1 : 0;
}

int audit_files_each(const struct audit_files_part *part, audit_files_fn *fn, void *arg,
                     char words[AUDIT_FILES_WORDS])
{
    int fd = open(part->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    int err = 0;

    words[0] = '\0';
    if (fd < 0)
        return fail(words, "open", part->path);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        snprintf(words, AUDIT_FILES_WORDS, "%.200s is not a regular file", part->path);
        close(fd);
        return ERR_INVALID;
    }
    if (lseek(fd, (off_t)part->from, SEEK_SET) < 0 ||
        read_lines(fd, part->limit > 0 ? part->limit - part->from : UINT64_MAX, fn, arg) != 0)
        err = fail(words, "read", part->path);
    close(fd);
    return err;
}

static int check_key(struct audit_key *key, const struct stat *status, const char *path,
                     char words[AUDIT_FILES_WORDS])
{
    if (!S_ISREG(status->st_mode) || (status->st_mode & 077) != 0) {
        snprintf(words, AUDIT_FILES_WORDS,
                 "the key file %.200s may be read by others than its owner; chmod 600 it", path);
        return ERR_DENIED;
    }
    while (key->len > 0 && (key->bytes[key->len - 1] == '\n' || key->bytes[key->len - 1] == '\r'))
        key->len--;
    if (key->len >= AUDIT_RECORD_KEY_MIN && key->len < AUDIT_RECORD_KEY_MAX)
        return 0;
    snprintf(words, AUDIT_FILES_WORDS,
             "the key file %.200s holds %zu bytes; %d to %d are needed, such as those of: openssl "
             "rand -hex 32",
             path, key->len, AUDIT_RECORD_KEY_MIN, AUDIT_RECORD_KEY_MAX - 1);
    return ERR_RANGE;
}

int audit_files_key(const char *path, struct audit_key *out, char words[AUDIT_FILES_WORDS])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    ssize_t got = 0;
    int err = 0;

    *out = (struct audit_key){ 0 };
    words[0] = '\0';
    if (fd < 0)
        return fail(words, "open the key file", path);
    if (fstat(fd, &status) != 0 || (got = read(fd, out->bytes, sizeof out->bytes)) < 0) {
        err = fail(words, "read the key file", path);
    } else {
        out->len = (size_t)got;
        err = check_key(out, &status, path, words);
    }
    close(fd);
    if (err != 0)
        audit_files_forget_key(out);
    else
        audit_record_key_id(out);
    return err;
}

void audit_files_forget_key(struct audit_key *key)
{
    OPENSSL_cleanse(key, sizeof *key);
}

struct marks {
    struct audit_mark *list;
    size_t count;
    uint64_t line;
    bool is_bad;
};

/* "SEQ HASH TIME": what audit_anchor.c writes; a torn line is one that a crash left. */
static bool take_mark(void *arg, struct slice line, bool is_torn)
{
    struct marks *marks = arg;
    struct audit_mark mark;
    struct slice seq = { 0 };
    struct slice hash = { 0 };

    marks->line++;
    if (is_torn)
        return false;
    marks->is_bad = !slice_next(&line, ' ', &seq) || !slice_next(&line, ' ', &hash) ||
                    num_parse_u64(seq, UINT64_MAX, &mark.seq) != 0 ||
                    audit_record_unhex(hash, mark.hash) != 0 || marks->count >= MARKS_MAX;
    if (marks->is_bad)
        return false;
    marks->list = mem_grow(marks->list, marks->count + 1, sizeof *marks->list);
    marks->list[marks->count++] = mark;
    return true;
}

static int read_marks(const char *path, struct marks *marks, char words[AUDIT_FILES_WORDS])
{
    struct audit_files_part part = { .path = path };
    int err = 0;

    marks->line = 0;
    err = access(path, F_OK) == 0 ? audit_files_each(&part, take_mark, marks, words) : 0;
    if (err == 0 && marks->is_bad) {
        snprintf(words, AUDIT_FILES_WORDS, "%.200s: line %" PRIu64 " is no anchor", path,
                 marks->line);
        return ERR_CORRUPT;
    }
    return err;
}

static int compare_marks(const void *a, const void *b)
{
    const struct audit_mark *one = a;
    const struct audit_mark *other = b;

    return one->seq < other->seq ? -1 : one->seq > other->seq;
}

int audit_files_marks(const char *path, struct audit_mark **out, size_t *count,
                      char words[AUDIT_FILES_WORDS])
{
    struct marks marks = { 0 };
    char *old = mem_format("%s.1", path);
    int err = 0;

    words[0] = '\0';
    err = read_marks(old, &marks, words);
    if (err == 0)
        err = read_marks(path, &marks, words);
    free(old);
    if (err != 0) {
        free(marks.list);
        return err;
    }
    /* after a trail was cut and went on, marks of the same record differ: one of them will not fit */
    if (marks.count > 1)
        qsort(marks.list, marks.count, sizeof *marks.list, compare_marks);
    *out = marks.list;
    *count = marks.count;
    return 0;
}

static bool give_line(void *arg, struct slice line, bool is_torn)
{
    audit_verify_line(arg, line, is_torn);
    return true;
}

/* The names of the files in order; list owns those that were found. */
static int find_names(const struct audit_files_check *check, struct audit_files *list,
                      char words[AUDIT_FILES_WORDS])
{
    int err = 0;

    *list = (struct audit_files){ 0 };
    if (check->path != NULL)
        err = audit_files_list(check->path, list, words);
    for (size_t i = 0; i < check->name_count; i++)
        add_path(list, mem_text(check->names[i]));
    return err;
}

static int verify_files(const struct audit_files *list, uint64_t limit, struct audit_verify *verify,
                        char words[AUDIT_FILES_WORDS])
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < list->count; i++) {
        struct audit_files_part part = { .path = list->paths[i] };

        if (i + 1 == list->count)
            part.limit = limit;
        audit_verify_file(verify, list->paths[i]);
        err = audit_files_each(&part, give_line, verify, words);
    }
    return err;
}

/* The writer's own word is one mark more. */
static void add_head(const struct audit_files_check *check, struct audit_mark **marks,
                     size_t *count, uint64_t *limit)
{
    struct audit_mark head = { 0 };

    if (check->now == NULL)
        return;
    check->now(check->arg, &head, limit);
    if (head.seq == 0)
        return;
    *marks = mem_grow(*marks, *count + 1, sizeof **marks);
    (*marks)[(*count)++] = head;
    qsort(*marks, *count, sizeof **marks, compare_marks);
}

int audit_files_verify(const struct audit_files_check *check, struct audit_files_report *out,
                       char words[AUDIT_FILES_WORDS])
{
    struct audit_files list;
    struct audit_mark *marks = NULL;
    struct audit_verify *verify = mem_zalloc(sizeof *verify);
    size_t mark_count = 0;
    uint64_t limit = 0;
    int err = find_names(check, &list, words);

    if (err == 0 && check->anchor != NULL)
        err = audit_files_marks(check->anchor, &marks, &mark_count, words);
    if (err == 0) {
        add_head(check, &marks, &mark_count, &limit);
        audit_verify_begin(verify, check->key, marks, mark_count);
        verify->first = check->first;
        err = verify_files(&list, limit, verify, words);
    }
    if (err == 0) {
        *out = (struct audit_files_report){
            .finding = *audit_verify_end(verify),
            .records = verify->records,
            .sealed = verify->sealed,
            .files = list.count,
            .marks = mark_count,
            .last_seq = verify->next_seq - 1,
        };
        audit_record_hex(verify->head, out->last_hash);
    }
    audit_files_free(&list);
    free(marks);
    free(verify);
    return err;
}
