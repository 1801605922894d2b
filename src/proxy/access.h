/*
 * One line per exchange: the worker puts a record of numbers and short texts into its ring, the log thread
 * makes the line of it.
 */
#ifndef PROXY_ACCESS_H
#define PROXY_ACCESS_H

#include <stdint.h>

#include "base/slice.h"

struct exchange;
struct tunnel;

enum { ACCESS_TEXTS = 11, ACCESS_TEXT_MAX = 2048 };

enum access_text {
    ACCESS_CLIENT,
    ACCESS_METHOD,
    ACCESS_TARGET,
    ACCESS_HOST,
    ACCESS_USER_AGENT,
    ACCESS_REFERER,
    ACCESS_REQUEST_ID,
    ACCESS_SERVICE,
    ACCESS_SLOT,
    ACCESS_UPSTREAM,
    ACCESS_LISTENER,
};

/* Fixed part; the texts follow one after the other without terminators. Times in microseconds. */
struct access_record {
    uint64_t wall_us; /* the end */
    uint64_t epoch;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t total_us;
    uint64_t head_us; /* first byte to whole head; 0: one read */
    uint64_t connect_us;
    uint64_t response_us; /* request sent to response head */
    uint64_t waited_us;   /* held or queued */
    uint16_t fault;
    uint16_t status;
    uint8_t minor;
    uint8_t tries;
    uint8_t worker;
    uint8_t rule; /* enum rule; RULE_COUNT: no service was found */
    uint16_t sizes[ACCESS_TEXTS];
    char texts[];
};

/* The access record and the counters of the finished exchange. */
void access_record(const struct exchange *exchange, uint64_t end_us);

/* The record of an exchange that becomes a tunnel, on the heap; what only its end knows is filled in then. */
struct access_record *access_keep(const struct exchange *exchange);

/* The access record and the counters of the ended tunnel. */
void access_record_tunnel(const struct tunnel *tunnel, uint64_t end_us);
struct slice access_text(const struct access_record *record, enum access_text which);

#endif
