/*
 * The daemon's own log: one event, one line: time, level, event name, key=value. Never blocks on the
 * caller's thread when a sink is set that does not. Text from outside goes through log_text. The sink
 * is one of the two mutable globals. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Gets a whole line with its line feed; must not block. NULL: write(2) to standard error. */
typedef void log_sink_fn(void *arg, const char *line, size_t len);

void log_set_sink(log_sink_fn *sink, void *arg);
void log_set_level(enum log_level level);
bool log_parse_level(struct slice name, enum log_level *out);

/* log_event(LOG_LEVEL_INFO, "switch", "service=%s from=%s to=%s", …) */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Escapes and cuts text of a peer for a log line into out (capacity bytes); returns out. */
const char *log_text(struct slice s, char *out, size_t capacity);

#define LOG_ERROR(event, ...) log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define LOG_WARN(event, ...)  log_event(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define LOG_INFO(event, ...)  log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define LOG_DEBUG(event, ...) log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

#endif
