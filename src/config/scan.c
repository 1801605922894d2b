/*
 * Files and includes: opening, bounds, loops. The bytes of one file become tokens in scan_text.c.
 * See scan_priv.h.
 */
#include "config/scan_priv.h"

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
struct blame {
    const char *file;
    unsigned line;
};

static struct blame blame_of(const struct scan *scan, const struct scan_place *from,
                             const char *path)
{
    if (from == NULL)
        return (struct blame){ path, 0 };
    return (struct blame){ scan->files[from->file], from->line };
}

static int open_file(struct scan *scan, const char *path, struct blame at, struct stat *st)
{
    struct text why;
    int fd = -1;

    text_init(&why, WHY_MAX);
    fd = input_file_open(path, SCAN_BYTES_MAX - scan->read_bytes, st, &why);
    if (fd < 0)
        report_error(scan->report, at.file, at.line, "%s", why.bytes);
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
    struct blame at = blame_of(scan, from, path);
    struct scan_place place = { .from = from, .line = 1 };
    struct stat st;
    size_t len = 0;
    char *bytes = NULL;
    int fd = open_file(scan, path, at, &st);

    if (fd < 0)
        return;
    if (is_open_already(from, &st)) {
        report_error(scan->report, at.file, at.line, "'%s' includes itself; remove this include",
                     path);
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

void scan_include(struct scan *scan, const char *path, const struct scan_place *from)
{
    const char *base = scan->files[from->file];
    const char *slash = strrchr(base, '/');
    size_t blocks = scan->open_blocks;
    size_t errors = scan->report->error_count;
    char *full = NULL;

    if (from->depth >= SCAN_DEPTH_MAX) {
        report_error(scan->report, base, from->line, "includes are nested more than %d deep",
                     SCAN_DEPTH_MAX);
        return;
    }
    if (path[0] == '/' || slash == NULL)
        full = mem_text(path);
    else
        full = mem_format("%.*s/%s", (int)(slash - base), base, path);
    read_file(scan, full, from);
    if (scan->open_blocks != blocks && scan->report->error_count == errors)
        report_error(scan->report, base, from->line,
                     "'%s' opens and closes different numbers of blocks; an included file must "
                     "hold whole blocks",
                     path);
    scan->open_blocks = blocks;
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
