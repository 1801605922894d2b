/* Access records to lines, on the log thread: see base/scribe.h. */
#ifndef PROXY_ACCESS_FORMAT_H
#define PROXY_ACCESS_FORMAT_H

#include <stddef.h>

struct text;

/* scribe_format_fn: one JSON object per line. */
void access_format_json(void *arg, const void *record, size_t size, struct text *out);

/* scribe_format_fn: the combined log format, with slot, target, epoch, fault and times behind it. */
void access_format_combined(void *arg, const void *record, size_t size, struct text *out);

#endif
