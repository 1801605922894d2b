/* Finding and reading files: see gather_priv.h. */
#include "lint/gather_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "lint/catalog_priv.h"
#include "lint/migration_name_priv.h"

enum { FILES_MAX = 100000, FOLDERS_MAX = 16 };

/* Paths of a folder, before they are put in order. */
struct heap {
    const char **paths;
    size_t count;
    struct arena *arena;
    bool is_recursive;
    int error_number;
};

static void note_sha256(struct lint_file *file)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned count = 0;
    static const char hex[] = "0123456789abcdef";

    if (EVP_Digest(file->bytes, file->length, digest, &count, EVP_sha256(), NULL) != 1)
        return;
    for (unsigned i = 0; i < count && 2 * i + 2 < sizeof file->sha256; i++) {
        file->sha256[2 * i] = hex[digest[i] >> 4];
        file->sha256[2 * i + 1] = hex[digest[i] & 15];
    }
}

static void read_all(struct lint_file *file, int fd, uint64_t max_bytes)
{
    size_t capacity = 0;

    for (;;) {
        ssize_t count = 0;

        if (capacity - file->length < 4096) {
            capacity = capacity == 0 ? 65536 : capacity * 2;
            file->bytes = mem_grow(file->bytes, capacity, 1);
        }
        count = read(fd, file->bytes + file->length, capacity - file->length - 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            file->trouble = LINT_UNREADABLE;
            file->error_number = errno;
        }
        if (count <= 0)
            break;
        file->length += (size_t)count;
        if (file->length > max_bytes) {
            file->trouble = LINT_TOO_LARGE;
            break;
        }
    }
    file->bytes[file->length] = '\0';
}

void gather_read(struct lint_file *file, uint64_t max_bytes)
{
    bool is_stdin = strcmp(file->path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        file->trouble = LINT_UNREADABLE;
        file->error_number = errno;
        return;
    }
    read_all(file, fd, max_bytes);
    if (!is_stdin)
        close(fd);
    if (file->trouble == LINT_READABLE)
        note_sha256(file);
}

static struct lint_file *new_file(struct arena *arena, const char *path)
{
    struct lint_file *file = catalog_alloc(arena, sizeof *file);
    struct migration_name name = migration_name_of(arena, path);

    file->path = catalog_text(arena, path);
    file->version = name.version_text;
    file->description = name.description;
    file->kind = name.kind;
    return file;
}

struct lint_file *gather_text(struct arena *arena, const char *path, struct slice text)
{
    struct lint_file *file = new_file(arena, path);

    file->bytes = mem_text_of(text.ptr, text.len);
    file->length = text.len;
    note_sha256(file);
    return file;
}

static bool is_sql(const char *name)
{
    return name[0] != '.' && slice_ends_with_nocase(slice_from(name), SLICE(".sql"));
}

static void add_path(struct heap *heap, const char *path)
{
    if (heap->count == FILES_MAX) {
        heap->error_number = EMFILE;
        return;
    }
    if ((heap->count & (heap->count + 1)) == 0)
        heap->paths = mem_grow(heap->paths, (heap->count + 1) * 2, sizeof *heap->paths);
    heap->paths[heap->count++] = catalog_text(heap->arena, path);
}

static void list_folder(struct heap *heap, const char *folder, unsigned depth);

static void list_entry(struct heap *heap, const char *folder, const char *name, unsigned depth)
{
    size_t len = strlen(folder);
    char *path = mem_format("%s%s%s", folder, len > 0 && folder[len - 1] == '/' ? "" : "/", name);
    struct stat status;

    if (stat(path, &status) != 0) {
        if (is_sql(name))
            add_path(heap, path); /* reading it will say why */
    } else if (S_ISDIR(status.st_mode) && name[0] != '.') {
        char *prisma = mem_format("%s/migration.sql", path);

        if (heap->is_recursive)
            list_folder(heap, path, depth + 1);
        else if (access(prisma, F_OK) == 0)
            add_path(heap, prisma);
        free(prisma);
    } else if (S_ISREG(status.st_mode) && is_sql(name)) {
        add_path(heap, path);
    }
    free(path);
}

static void list_folder(struct heap *heap, const char *folder, unsigned depth)
{
    DIR *dir = depth < FOLDERS_MAX ? opendir(folder) : NULL;
    const struct dirent *entry = NULL;

    if (dir == NULL) {
        heap->error_number = depth < FOLDERS_MAX ? errno : ELOOP;
        return;
    }
    while ((entry = readdir(dir)) != NULL && heap->error_number == 0)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            list_entry(heap, folder, entry->d_name, depth);
    closedir(dir);
}

static int order_of(enum lint_kind kind)
{
    switch (kind) {
    case LINT_BASELINE: return 0;
    case LINT_VERSIONED: return 1;
    case LINT_REPEATABLE: return 2;
    case LINT_OTHER: return 3;
    case LINT_UNDO: return 4;
    }
    return 5;
}

static int compare_files(const void *a, const void *b)
{
    const struct lint_file *left = *(const struct lint_file *const *)a;
    const struct lint_file *right = *(const struct lint_file *const *)b;
    struct version left_version = { .count = 0 };
    struct version right_version = { .count = 0 };
    int order = order_of(left->kind) - order_of(right->kind);

    (void)migration_name_parse_version(slice_from(left->version), &left_version);
    (void)migration_name_parse_version(slice_from(right->version), &right_version);
    if (order == 0)
        order = migration_name_compare_versions(&left_version, &right_version);
    if (order == 0 && left->kind == LINT_REPEATABLE)
        order = strcmp(left->description, right->description);
    return order != 0 ? order : strcmp(left->path, right->path);
}

/* Appends what the folder holds; the new end of the list. */
static struct lint_file **add_folder(const struct lint_options *options, struct arena *arena,
                                     const char *path, struct lint_file **end)
{
    struct heap heap = { .arena = arena, .is_recursive = options->is_recursive };
    struct lint_file **files = NULL;

    list_folder(&heap, path, 0);
    if (heap.error_number != 0) {
        *end = new_file(arena, path);
        (*end)->trouble = LINT_UNREADABLE;
        (*end)->error_number = heap.error_number;
        end = &(*end)->next;
    }
    files = mem_alloc((heap.count + 1) * sizeof *files);
    for (size_t i = 0; i < heap.count; i++)
        files[i] = new_file(arena, heap.paths[i]);
    qsort(files, heap.count, sizeof *files, compare_files);
    for (size_t i = 0; i < heap.count; i++) {
        *end = files[i];
        end = &files[i]->next;
    }
    free(files);
    free(heap.paths);
    return end;
}

struct lint_file *gather_files(const struct lint_options *options, struct arena *arena)
{
    struct lint_file *first = NULL;
    struct lint_file **end = &first;

    for (unsigned i = 0; i < options->path_count; i++) {
        struct stat status;

        if (stat(options->paths[i], &status) == 0 && S_ISDIR(status.st_mode)) {
            end = add_folder(options, arena, options->paths[i], end);
        } else {
            *end = new_file(arena, options->paths[i]);
            end = &(*end)->next;
        }
    }
    return first;
}
