/*
 * The thread that posts events: whatever blocks there (a disk, a name, a receiver), nobody else waits for it. The control
 * thread hands it letters through a bounded queue and reads pictures of the boxes. Owner: the outbox. Thread: control, but
 * for what runs inside.
 */
#ifndef CONTROL_POSTMAN_PRIV_H
#define CONTROL_POSTMAN_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/post_box_priv.h"

struct mailbox;
struct post_spec;
struct postman;

enum { POSTMAN_LETTERS_MAX = 4096, POSTMAN_BOXES_MAX = 64 };

/* Mail to control. TESTED: number is the test's, object a struct post_result that the receiver frees. RUN: object is a struct
 * post_run, likewise; postman_ran is to follow. */
enum { POSTMAN_TESTED = 1, POSTMAN_RUN };

struct postman *postman_new(const char *folder, struct mailbox *control);

/* What waits is on disk then. False: the thread does not come to an end (a disk that hangs); it is left alone, and the
 * mailbox has to stay. NULL: true. */
bool postman_free(struct postman *postman);

/* The receivers from now on, at most POSTMAN_BOXES_MAX; specs and the array are taken. */
void postman_set(struct postman *postman, struct post_spec **specs, size_t count);

/* An event for the box of that name. False: the thread is so far behind that it is dropped. Copied. */
bool postman_put(struct postman *postman, const char *name, const struct post_event *event);

/* Every event of changes up to that sequence was put: it is written down when they are on disk. */
void postman_told(struct postman *postman, uint64_t sequence);

/* The end of a program that POSTMAN_RUN asked for. */
void postman_ran(struct postman *postman, const char *name, const char *id,
                 const struct post_result *result);

/* POSTMAN_TESTED follows in any case, as long as the postman lives. */
void postman_test(struct postman *postman, const char *name, uint64_t number, const char *json);

/* The boxes as they were a moment ago; false behind the last. */
bool postman_look(struct postman *postman, size_t index, struct post_view *out);

#endif
