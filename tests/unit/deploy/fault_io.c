/* See fault_io.h. */
#include "fault_io.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct fault_io_plan fault_io_plan;

void fault_io_set(enum fault_io_mode mode, unsigned at, int error_number)
{
    fault_io_plan = (struct fault_io_plan){ .mode = mode, .at = at, .error_number = error_number };
}

/* Counts the call; true when it shall fail (errno is set). */
static bool is_failing(void)
{
    struct fault_io_plan *plan = &fault_io_plan;
    bool is_hit = ++plan->calls == plan->at;

    if (plan->mode == FAULT_IO_BROKEN)
        is_hit = plan->calls >= plan->at;
    if (plan->mode == FAULT_IO_SHORT && plan->calls == plan->at + 1 && plan->hits > 0)
        is_hit = true;
    if (!is_hit || plan->mode == FAULT_IO_NONE)
        return false;
    plan->hits++;
    if (plan->mode == FAULT_IO_EXIT)
        _exit(137);
    errno = plan->error_number;
    return plan->mode != FAULT_IO_TORN;
}

/* For writes: how many of the bytes this call takes; 0: it fails. */
static size_t part_of(size_t count)
{
    struct fault_io_plan *plan = &fault_io_plan;
    unsigned before = plan->hits;
    bool failing = is_failing();

    if (plan->hits == before)
        return count;
    if ((plan->mode == FAULT_IO_SHORT && plan->calls == plan->at) || plan->mode == FAULT_IO_TORN)
        return count > 1 ? count / 2 : count;
    return failing ? 0 : count;
}

static int open_file(const char *path, int flags, mode_t mode)
{
    return is_failing() ? -1 : state_io_system.open(path, flags, mode);
}

static ssize_t write_bytes(int fd, const void *bytes, size_t count)
{
    size_t part = part_of(count);
    ssize_t done = part > 0 ? write(fd, bytes, part) : -1;

    if (part > 0 && part < count && fault_io_plan.mode == FAULT_IO_TORN)
        _exit(137);
    return done;
}

static ssize_t write_at(int fd, const void *bytes, size_t count, off_t at)
{
    size_t part = part_of(count);
    ssize_t done = part > 0 ? pwrite(fd, bytes, part, at) : -1;

    if (part > 0 && part < count && fault_io_plan.mode == FAULT_IO_TORN)
        _exit(137);
    return done;
}

static int sync_file(int fd)
{
    return is_failing() ? -1 : fsync(fd);
}

static int sync_bytes(int fd)
{
    return is_failing() ? -1 : fdatasync(fd);
}

/* A close that fails has closed all the same. */
static int close_file(int fd)
{
    int err = close(fd);

    return is_failing() ? -1 : err;
}

static int link_file(const char *from, const char *to)
{
    return is_failing() ? -1 : link(from, to);
}

static int rename_file(const char *from, const char *to)
{
    return is_failing() ? -1 : rename(from, to);
}

static int unlink_file(const char *path)
{
    return is_failing() ? -1 : unlink(path);
}

const struct state_io fault_io = {
    .open = open_file,
    .write = write_bytes,
    .pwrite = write_at,
    .fsync = sync_file,
    .fdatasync = sync_bytes,
    .close = close_file,
    .link = link_file,
    .rename = rename_file,
    .unlink = unlink_file,
};
