/*
 * Events that wait for one receiver, in memory and in a file beside (FOLDER/NAME.jsonl): a line for each event, and a line
 * for each that is done. It is bounded; the oldest go first. What the file cannot take (a full disk) is kept in memory
 * only, and counted; damaged lines are named in the log and left out. Writes block: thread of the postman.
 */
#ifndef CONTROL_POST_QUEUE_PRIV_H
#define CONTROL_POST_QUEUE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/slice.h"

struct post_queue;

/* Owner: the queue; valid until it is removed. */
struct post_item {
    TAILQ_ENTRY(post_item) link;
    char id[40];
    uint64_t at_us; /* wall time at which it was put here */
    uint64_t count; /* of equal events that it stands for */
    unsigned attempts;
    char *json;
    size_t size;
};

struct post_queue_view {
    uint64_t count;
    uint64_t bytes;
    uint64_t oldest_us; /* wall time; 0: it is empty */
    uint64_t dropped;   /* because the queue was full */
    uint64_t unsaved;   /* writes that failed */
    uint64_t damaged;   /* lines that were left out at the start */
};

/* Reads what is there; a folder that cannot be made is said in the log, and the queue is in memory only. */
struct post_queue *post_queue_open(const char *folder, const char *name);

/* The file stays. NULL: nothing. */
void post_queue_close(struct post_queue *queue);

/* For what is there and what comes. */
void post_queue_limit(struct post_queue *queue, uint64_t count, uint64_t bytes);

/* At the end; an id that is there already is left alone. post_queue_sync makes several durable at once. */
void post_queue_add(struct post_queue *queue, const char *id, uint64_t at_us, uint64_t count,
                    struct slice json);
void post_queue_sync(struct post_queue *queue);

struct post_item *post_queue_head(const struct post_queue *queue); /* NULL: empty */

/* It is done, or given up; an id that is not there any more: nothing. */
void post_queue_remove(struct post_queue *queue, const char *id);

struct post_queue_view post_queue_view(const struct post_queue *queue);

#endif
