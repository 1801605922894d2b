/*
 * Files and includes: opening, bounds, loops. The bytes of one file become tokens in scan_text.c.
 * See scan_priv.h.
 */
#include "config/scan_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/input_file_priv.h"
#include "config/report.h"
#include "config/scan_text_priv.h"

#define WHY_MAX 1024

void scan_init(struct scan *scan, struct report *report)
{
    memset(scan, 0, sizeof *scan);
    scan->report = report;
}

void scan_fini(struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++)
        free(scan->tokens[i].text);
    free(scan->tokens);
    for (size_t i = 0; i < scan->file_count; i++)
        free(scan->files[i]);
    free(scan->files);
    memset(scan, 0, sizeof *scan);
}

static size_t add_file(struct scan *scan, const char *name)
{
    scan->files = mem_grow(scan->files, scan->file_count + 1, sizeof *scan->files);
    scan->files[scan->file_count] = mem_text(name);
    return scan->file_count++;
}

/* Where to complain about a file: at its include, or at the file itself. */
static struct report_place blame_of(const struct scan *scan, const struct scan_place *from,
                                    const char *path)
{
    if (from == NULL)
        return (struct report_place){ .file = path };
    return (struct report_place){ scan->files[from->file], from->line, from->column };
}

static int open_file(struct scan *scan, const char *path, struct report_place at, struct stat *st)
{
    struct text why;
    int fd = -1;

    text_init(&why, WHY_MAX);
    fd = input_file_open(path, SCAN_BYTES_MAX - scan->read_bytes, st, &why);
    if (fd < 0)
        report_error_at(scan->report, at, "%s", why.bytes);
    text_fini(&why);
    return fd;
}

static bool is_open_already(const struct scan_place *from, const struct stat *st)
{
    for (; from != NULL; from = from->from)
        if (from->device == st->st_dev && from->inode == st->st_ino)
            return true;
    return false;
}

static void read_file(struct scan *scan, const char *path, const struct scan_place *from)
{
    struct report_place at = blame_of(scan, from, path);
    struct scan_place place = { .from = from, .line = 1 };
    struct stat st;
    size_t len = 0;
    char *bytes = NULL;
    int fd = open_file(scan, path, at, &st);

    if (fd < 0)
        return;
    if (is_open_already(from, &st)) {
        report_error_at(scan->report, at, "'%s' includes itself; remove this include", path);
        close(fd);
        return;
    }
    place.device = st.st_dev;
    place.inode = st.st_ino;
    place.depth = from != NULL ? from->depth + 1 : 0;
    bytes = input_file_read(fd, (size_t)st.st_size, &len);
    close(fd);
    scan->read_bytes += len;
    place.file = add_file(scan, path);
    scan_text_tokens(scan, slice_of(bytes, len), &place);
    free(bytes);
}

/* The folder of the file that includes, in front of a path that does not start at the root. */
static char *full_path(const struct scan *scan, const char *path, const struct scan_place *from)
{
    const char *base = scan->files[from->file];
    const char *slash = strrchr(base, '/');

    if (path[0] == '/' || slash == NULL)
        return mem_text(path);
    return mem_format("%.*s/%s", (int)(slash - base), base, path);
}

static void include_file(struct scan *scan, const char *path, const struct scan_place *from)
{
    size_t blocks = scan->open_blocks;
    size_t errors = scan->report->error_count;

    read_file(scan, path, from);
    if (scan->open_blocks != blocks && scan->report->error_count == errors)
        report_error_at(scan->report, blame_of(scan, from, path),
                        "'%s' opens and closes different numbers of blocks; an included file must "
                        "hold whole blocks",
                        path);
    scan->open_blocks = blocks;
}

struct names {
    char **items;
    size_t count;
};

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The names in a folder that fit a pattern, sorted by bytes; a leading dot fits only a written one. */
static void find_names(DIR *folder, const char *pattern, struct names *out)
{
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0)
            continue;
        out->items = mem_grow(out->items, out->count + 1, sizeof *out->items);
        out->items[out->count++] = mem_text(entry->d_name);
        if (out->count > SCAN_MATCHES_MAX)
            break;
    }
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare_names);
}

static bool is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

static void include_names(struct scan *scan, const char *folder, const struct names *names,
                          const struct scan_place *from)
{
    for (size_t i = 0; i < names->count; i++) {
        char *full = mem_format("%s%s", folder, names->items[i]);

        include_file(scan, full, from);
        free(full);
    }
}

/* Every file that fits, none is fine; but the folder must be there. */
static void include_matches(struct scan *scan, const char *path, const struct scan_place *from)
{
    struct report_place at = blame_of(scan, from, path);
    const char *slash = strrchr(path, '/');
    const char *pattern = slash != NULL ? slash + 1 : path;
    char *written = mem_text_of(path, (size_t)(pattern - path));
    char *full = full_path(scan, written, from);
    DIR *folder = opendir(full[0] != '\0' ? full : ".");
    struct names names = { .count = 0 };

    if (folder != NULL) {
        find_names(folder, pattern, &names);
        closedir(folder);
    }
    if (is_pattern(written))
        report_error_at(scan->report, at,
                        "'%s' has a wildcard in a folder; only the name of the file may have one",
                        path);
    else if (folder == NULL)
        report_error_at(scan->report, at, "cannot read the folder of '%s': %s", path,
                        strerror(errno));
    else if (names.count > SCAN_MATCHES_MAX)
        report_error_at(scan->report, at, "more than %d files fit '%s'; use fewer files",
                        SCAN_MATCHES_MAX, path);
    else
        include_names(scan, full, &names, from);
    for (size_t i = 0; i < names.count; i++)
        free(names.items[i]);
    free(names.items);
    free(written);
    free(full);
}

void scan_include(struct scan *scan, const char *path, const struct scan_place *from)
{
    char *full = NULL;

    if (from->depth >= SCAN_DEPTH_MAX) {
        report_error_at(scan->report, blame_of(scan, from, path),
                        "includes are nested more than %d deep", SCAN_DEPTH_MAX);
        return;
    }
    if (is_pattern(path)) {
        include_matches(scan, path, from);
        return;
    }
    full = full_path(scan, path, from);
    include_file(scan, full, from);
    free(full);
}

void scan_read_file(struct scan *scan, const char *path)
{
    read_file(scan, path, NULL);
}

void scan_read_text(struct scan *scan, struct slice text, const char *name)
{
    struct scan_place place = { .line = 1 };

    if (text.len > SCAN_BYTES_MAX) {
        report_error(scan->report, name, 0, "too large; a configuration has at most 4 MiB");
        return;
    }
    scan->read_bytes = text.len;
    place.file = add_file(scan, name);
    scan_text_tokens(scan, text, &place);
}

struct report_place scan_place_of(const struct scan *scan, size_t token)
{
    struct report_place place = { .file = scan_file_of(scan, token) };

    if (scan->count > 0) {
        const struct token *at = &scan->tokens[token < scan->count ? token : scan->count - 1];

        place.line = at->line;
        place.column = at->column;
    }
    return place;
}

const char *scan_file_of(const struct scan *scan, size_t token)
{
    if (token >= scan->count)
        token = scan->count - 1;
    if (scan->count == 0)
        return scan->file_count > 0 ? scan->files[0] : "";
    return scan->files[scan->tokens[token].file];
}

unsigned scan_line_of(const struct scan *scan, size_t token)
{
    if (scan->count == 0)
        return 0;
    return scan->tokens[token < scan->count ? token : scan->count - 1].line;
}

const char *scan_words(const struct token *token)
{
    static const char *const signs[] = {
        [TOKEN_WORD] = "",        [TOKEN_EQUALS] = "=",      [TOKEN_APPEND] = "+=",
        [TOKEN_OPEN] = "{",       [TOKEN_CLOSE] = "}",       [TOKEN_COMMA] = ",",
        [TOKEN_OPEN_PAREN] = "(", [TOKEN_CLOSE_PAREN] = ")",
    };

    return token->kind == TOKEN_WORD ? token->text : signs[token->kind];
}
