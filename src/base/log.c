/* The daemon's log lines: see base/log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_BYTES = 2048 };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

static struct {
    _Atomic(log_sink_fn *) sink;
    _Atomic(void *) arg;
    atomic_int level;
} logger = { .level = LOG_LEVEL_INFO };

void log_set_sink(log_sink_fn *sink, void *arg)
{
    atomic_store(&logger.sink, NULL);
    atomic_store(&logger.arg, arg);
    atomic_store(&logger.sink, sink);
}

void log_set_level(enum log_level level)
{
    atomic_store(&logger.level, (int)level);
}

bool log_parse_level(struct slice name, enum log_level *out)
{
    for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
        if (slice_is_equal(name, slice_from(level_names[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static void send_line(const char *line, size_t len)
{
    log_sink_fn *sink = atomic_load(&logger.sink);

    if (sink != NULL)
        sink(atomic_load(&logger.arg), line, len);
    else if (write(STDERR_FILENO, line, len) < 0)
        return; /* nobody is left to tell */
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    char line[LINE_BYTES];
    char stamp[CLOCK_STAMP_SIZE];
    va_list args;
    int head = 0;
    int body = 0;
    size_t len = 0;

    if ((int)level > atomic_load_explicit(&logger.level, memory_order_relaxed))
        return;
    clock_stamp(clock_wall_us(), stamp);
    head = snprintf(line, sizeof line, "%s %s %s ", stamp, level_names[level], event);
    if (head < 0 || (size_t)head >= sizeof line)
        return;
    va_start(args, format);
    body = vsnprintf(line + head, sizeof line - (size_t)head, format, args);
    va_end(args);
    len = (size_t)head + (body > 0 ? (size_t)body : 0);
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    line[len++] = '\n';
    send_line(line, len);
}

const char *log_text(struct slice s, char *out, size_t capacity)
{
    size_t at = 0;

    for (size_t i = 0; i < s.len && at + 5 < capacity; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
            out[at++] = (char)c;
        else
            at += (size_t)snprintf(out + at, capacity - at, "\\x%02x", c);
    }
    out[at] = '\0';
    return out;
}
