/* See disk_file_priv.h. */
#include "backup/disk_file_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

enum { PIECE = 1 << 16, WALK_FILES = 32 };

int disk_file_read(const char *path, struct text *out)
{
    char bytes[PIECE];
    ssize_t count = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    while ((count = read(fd, bytes, sizeof bytes)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            break;
        text_add_slice(out, slice_of(bytes, (size_t)count));
    }
    close(fd);
    if (count < 0)
        return ERR_IO;
    return text_is_cut(out) ? ERR_FULL : 0;
}

static int write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t count = write(fd, bytes.ptr, bytes.len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return ERR_IO;
        bytes = slice_of(bytes.ptr + count, bytes.len - (size_t)count);
    }
    return fsync(fd) == 0 ? 0 : ERR_IO;
}

int disk_file_replace(const char *folder, const char *fresh, const char *path, struct slice bytes)
{
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    int err = fd < 0 ? ERR_IO : write_all(fd, bytes);

    if (fd >= 0 && close(fd) != 0)
        err = ERR_IO;
    if (err == 0 && rename(fresh, path) != 0)
        err = ERR_IO;
    return err == 0 ? disk_file_sync(folder) : err;
}

int disk_file_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int err = fd < 0 || fsync(fd) != 0 ? ERR_IO : 0;

    if (fd >= 0)
        close(fd);
    return err;
}

static int digest_file(EVP_MD_CTX *digest, int fd, const atomic_bool *is_cancelled)
{
    char bytes[PIECE];
    ssize_t count = 0;

    while ((count = read(fd, bytes, sizeof bytes)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 || EVP_DigestUpdate(digest, bytes, (size_t)count) != 1)
            return ERR_IO;
        if (atomic_load_explicit(is_cancelled, memory_order_relaxed))
            return ERR_AGAIN;
    }
    return 0;
}

int disk_file_sum(const char *path, const atomic_bool *is_cancelled, char out[65])
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned count = 0;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int err = ERR_IO;

    if (fd >= 0 && digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1)
        err = digest_file(digest, fd, is_cancelled);
    if (err == 0 && EVP_DigestFinal_ex(digest, raw, &count) != 1)
        err = ERR_IO;
    for (unsigned i = 0; err == 0 && i < 32; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", raw[i]);
    EVP_MD_CTX_free(digest);
    if (fd >= 0)
        close(fd);
    return err;
}

/* nftw has no argument for its visitor. */
static _Thread_local uint64_t walked_bytes;

static int add_size(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)path;
    (void)place;
    if (kind == FTW_F)
        walked_bytes += (uint64_t)status->st_size;
    return 0;
}

uint64_t disk_file_size(const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0)
        return 0;
    if (!S_ISDIR(status.st_mode))
        return (uint64_t)status.st_size;
    walked_bytes = 0;
    (void)nftw(path, add_size, WALK_FILES, FTW_PHYS);
    return walked_bytes;
}

bool disk_file_is_there(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static int find_link(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)path;
    (void)status;
    (void)place;
    return kind == FTW_SL || kind == FTW_SLN;
}

bool disk_file_has_link(const char *path)
{
    return nftw(path, find_link, WALK_FILES, FTW_PHYS) != 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

int disk_file_remove(const char *path)
{
    if (!disk_file_is_there(path))
        return 0;
    return nftw(path, remove_one, WALK_FILES, FTW_PHYS | FTW_DEPTH) == 0 ? 0 : ERR_IO;
}

int disk_file_free_bytes(const char *folder, uint64_t *out)
{
    struct statvfs status;

    if (statvfs(folder, &status) != 0)
        return ERR_IO;
    *out = (uint64_t)status.f_bavail * status.f_frsize;
    return 0;
}

int disk_file_make_folder(const char *folder)
{
    char *path = mem_text(folder);
    int err = 0;

    for (char *at = path + 1; err == 0 && *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            err = ERR_IO;
        *at = '/';
    }
    if (err == 0 && mkdir(path, 0750) != 0 && errno != EEXIST)
        err = ERR_IO;
    free(path);
    return err;
}
