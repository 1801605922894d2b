/* Folders, files, waiting and /proc for end-to-end tests: see support/scene.h. */
#include "support/scene.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

void scene_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("scene: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    fflush(stderr);
    abort();
}

void scene_folder(char *out)
{
    const char *base = getenv("TMPDIR");

    snprintf(out, SCENE_PATH, "%s/sy-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(out) == NULL)
        scene_fail("no folder %s: %s", out, strerror(errno));
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *at)
{
    (void)about;
    (void)kind;
    (void)at;
    return remove(path);
}

void scene_remove(const char *folder)
{
    if (nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        fprintf(stderr, "scene: could not remove %s: %s\n", folder, strerror(errno));
}

char *scene_read(const char *path, size_t *size)
{
    struct text text;
    char part[16384];
    ssize_t count = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    text_init(&text, (size_t)1 << 30);
    while ((count = read(fd, part, sizeof part)) > 0)
        text_add_slice(&text, slice_of(part, (size_t)count));
    close(fd);
    if (size != NULL)
        *size = text.len;
    return text.bytes != NULL ? text_take(&text) : mem_text("");
}

void scene_write(const char *path, const void *bytes, size_t size)
{
    const char *at = bytes;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        scene_fail("cannot write %s: %s", path, strerror(errno));
    while (size > 0) {
        ssize_t count = write(fd, at, size);

        if (count < 0)
            scene_fail("cannot write %s: %s", path, strerror(errno));
        at += count;
        size -= (size_t)count;
    }
    close(fd);
}

bool scene_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

char *scene_cut(char **rest, char separator)
{
    char *part = *rest;
    char *end = NULL;

    while (part != NULL && *part == separator)
        part++;
    if (part == NULL || *part == '\0')
        return NULL;
    end = strchr(part, separator);
    if (end != NULL)
        *end++ = '\0';
    *rest = end;
    return part;
}

bool scene_await(scene_check_fn *check, void *arg, unsigned ms)
{
    uint64_t end = clock_monotonic_us() + (uint64_t)ms * 1000;

    for (;;) {
        if (check(arg))
            return true;
        if (clock_monotonic_us() >= end)
            return false;
        scene_pause_us(3000);
    }
}

void scene_pause_us(uint64_t us)
{
    struct timespec left = { .tv_sec = (time_t)(us / 1000000),
                             .tv_nsec = (long)(us % 1000000) * 1000 };

    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

/* Calls add for every descriptor that is no pipe; the count, -1 when the process is gone. */
static int walk_descriptors(pid_t pid, void (*add)(struct text *out, const char *where),
                            struct text *out)
{
    char path[SCENE_PATH];
    char where[512];
    int count = 0;
    DIR *dir = NULL;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    if (dir == NULL)
        return -1;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        ssize_t len = 0;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/fd/%.16s", (int)pid, entry->d_name);
        len = readlink(path, where, sizeof where - 1);
        if (len < 0)
            continue;
        where[len] = '\0';
        if (strncmp(where, "pipe:", 5) == 0)
            continue;
        count++;
        if (add != NULL)
            add(out, where);
    }
    closedir(dir);
    return count;
}

int scene_descriptors(pid_t pid)
{
    return walk_descriptors(pid, NULL, NULL);
}

static void add_descriptor(struct text *out, const char *where)
{
    text_add_format(out, " %s", where);
}

void scene_list_descriptors(pid_t pid, struct text *out)
{
    walk_descriptors(pid, add_descriptor, out);
}

/* The number after `key` in /proc/PID/status, or -1. */
static long read_status(pid_t pid, const char *key)
{
    char path[SCENE_PATH];
    char *bytes = NULL;
    const char *at = NULL;
    long value = -1;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    bytes = scene_read(path, NULL);
    if (bytes != NULL)
        at = strstr(bytes, key);
    if (at != NULL)
        value = strtol(at + strlen(key), NULL, 10);
    free(bytes);
    return value;
}

long scene_rss_kib(pid_t pid)
{
    return read_status(pid, "VmRSS:");
}

int scene_threads(pid_t pid)
{
    return (int)read_status(pid, "Threads:");
}

uint64_t scene_cpu_us(pid_t pid)
{
    char path[SCENE_PATH];
    char *bytes = NULL;
    char *at = NULL;
    unsigned long ticks[2] = { 0, 0 };

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    bytes = scene_read(path, NULL);
    at = bytes != NULL ? strrchr(bytes, ')') : NULL;
    for (int field = 2; at != NULL && field < 15; field++) {
        at = strchr(at + 1, ' ');
        if (at != NULL && field >= 13)
            ticks[field - 13] = strtoul(at + 1, NULL, 10);
    }
    free(bytes);
    return (uint64_t)(ticks[0] + ticks[1]) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

unsigned long scene_scale(unsigned long brief, unsigned long full)
{
    const char *wish = getenv("SWITCHYARD_TEST_FULL");

    return wish != NULL && strcmp(wish, "1") == 0 ? full : brief;
}

void scene_skip(const char *name, const char *why)
{
    fprintf(stderr, "SKIPPED %s: %s\n", name, why);
}

bool scene_is_sanitized(void)
{
#ifdef __SANITIZE_ADDRESS__
    return true;
#else
    return false;
#endif
}
