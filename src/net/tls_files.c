/* Files and folders of certificates: see tls_files_priv.h. */
#include "net/tls_files_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

enum { FILES_MAX = 20000 };

static void add(struct tls_files *files, char *path)
{
    files->items = mem_grow(files->items, files->count + 1, sizeof *files->items);
    files->items[files->count++] = path;
}

static int compare(const void *a, const void *b)
{
    const char *const *first = a;
    const char *const *second = b;

    return strcmp(*first, *second);
}

static bool is_certificate(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && name[0] != '.' && strcmp(name + len - 4, ".pem") == 0;
}

static int list_folder(const char *folder, struct text *words, struct tls_files *out)
{
    size_t before = out->count;
    DIR *dir = opendir(folder);
    const struct dirent *entry = NULL;

    if (dir == NULL) {
        text_add_format(words, "the folder %s cannot be read: %s", folder, strerror(errno));
        return err_from_errno(errno);
    }
    while ((entry = readdir(dir)) != NULL && out->count < FILES_MAX)
        if (is_certificate(entry->d_name))
            add(out, mem_format("%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/",
                                entry->d_name));
    closedir(dir);
    if (out->count == before) {
        text_add_format(words, "the folder %s has no file whose name ends with .pem; put one there",
                        folder);
        return ERR_NOT_FOUND;
    }
    qsort(out->items + before, out->count - before, sizeof *out->items, compare);
    return ERR_OK;
}

int tls_files_list(char *const *paths, size_t count, struct text *words, struct tls_files *out)
{
    int err = ERR_OK;

    *out = (struct tls_files){ NULL, 0 };
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        struct stat st;

        if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
            err = list_folder(paths[i], words, out);
        else
            add(out, mem_text(paths[i])); /* what is wrong with it is found by who reads it */
    }
    if (err != ERR_OK)
        tls_files_free(out);
    return err;
}

void tls_files_free(struct tls_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->items[i]);
    free(files->items);
    *files = (struct tls_files){ NULL, 0 };
}

uint64_t tls_files_add_stamp(uint64_t stamp, const char *path)
{
    struct stat st;
    struct {
        uint64_t device;
        uint64_t inode;
        int64_t size;
        int64_t seconds;
        int64_t nanoseconds;
        uint64_t mode;
    } seen;

    memset(&seen, 0, sizeof seen);
    if (stat(path, &st) == 0) {
        seen.device = st.st_dev;
        seen.inode = st.st_ino;
        seen.size = st.st_size;
        seen.seconds = st.st_mtim.tv_sec;
        seen.nanoseconds = st.st_mtim.tv_nsec;
        seen.mode = st.st_mode;
    }
    stamp = hash_bytes(stamp, path, strlen(path));
    return hash_bytes(stamp, &seen, sizeof seen);
}

uint64_t tls_files_stamp(char *const *paths, size_t count, const char *extra)
{
    struct tls_files files;
    struct text words;
    uint64_t stamp = 1;

    text_init(&words, 1024);
    if (tls_files_list(paths, count, &words, &files) != ERR_OK)
        stamp = 2;
    text_fini(&words);
    for (size_t i = 0; i < files.count; i++) {
        char *ocsp = mem_format("%s.ocsp", files.items[i]);

        stamp = tls_files_add_stamp(stamp, files.items[i]);
        stamp = tls_files_add_stamp(stamp, ocsp);
        free(ocsp);
    }
    tls_files_free(&files);
    return extra != NULL ? tls_files_add_stamp(stamp, extra) : stamp;
}

void tls_files_wipe(struct tls_bytes *bytes)
{
    if (bytes->ptr != NULL)
        OPENSSL_cleanse(bytes->ptr, bytes->size);
    free(bytes->ptr);
    bytes->ptr = NULL;
}

static int fail_errno(const char *file, struct text *words)
{
    int err = err_from_errno(errno);

    text_add_format(words, "%s cannot be read: %s", file, strerror(errno));
    return err;
}

/* Whether a key may lie in a file of that owner and mode: nobody but the owner may write, others may not read. */
static int check_mode(const char *file, int fd, struct text *words)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail_errno(file, words);
    if (!S_ISREG(st.st_mode)) {
        text_add_format(words, "%s is no regular file", file);
        return ERR_INVALID;
    }
    if ((st.st_mode & 027) != 0) {
        text_add_format(words,
                        "%s holds a private key and has mode %04o, so that others may %s it; "
                        "chmod 600 it",
                        file, (unsigned)st.st_mode & 07777u,
                        (st.st_mode & 022) != 0 ? "change" : "read");
        return ERR_DENIED;
    }
    return ERR_OK;
}

static int read_whole(int fd, const char *file, size_t most, struct text *words,
                      struct tls_bytes *out)
{
    struct stat st;
    ssize_t got = 0;

    if (fstat(fd, &st) != 0)
        return fail_errno(file, words);
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > most) {
        text_add_format(words, "%s is no regular file of at most %zu MiB", file, most >> 20);
        return ERR_RANGE;
    }
    out->size = (size_t)st.st_size + 1;
    out->ptr = mem_zalloc(out->size);
    got = read(fd, out->ptr, out->size - 1);
    if (got < 0) {
        int err = fail_errno(file, words);

        tls_files_wipe(out);
        return err;
    }
    out->size = (size_t)got + 1;
    return ERR_OK;
}

static int read_file(const char *file, bool is_secret, size_t most, struct text *words,
                     struct tls_bytes *out)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int err = ERR_OK;

    if (fd < 0)
        return fail_errno(file, words);
    if (is_secret)
        err = check_mode(file, fd, words);
    if (err == ERR_OK)
        err = read_whole(fd, file, most, words, out);
    close(fd);
    return err;
}

int tls_files_read(const char *file, size_t most, struct text *words, struct tls_bytes *out)
{
    return read_file(file, false, most, words, out);
}

int tls_files_read_secret(const char *file, size_t most, struct text *words, struct tls_bytes *out)
{
    return read_file(file, true, most, words, out);
}
