/* What commands and metrics ask of the outbox. Thread: control. */
#ifndef CONTROL_OUTBOX_PRIV_H
#define CONTROL_OUTBOX_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/outbox.h"
#include "control/post_box_priv.h"

/* Each of the blocks in their order; false behind the last. */
bool outbox_look(const struct outbox *outbox, size_t index, struct post_view *out);
bool outbox_look_hook(const struct outbox *outbox, size_t index, struct post_view *out);

/* Where the events of changes begin: behind the newest one, or, when the daemon was ended before all of them were in the
 * queues, behind the last one that was. Once, before the first event. */
uint64_t outbox_begin(struct outbox *outbox, uint64_t newest);

/* Events that could not be handed over to the thread that posts. */
uint64_t outbox_lost(const struct outbox *outbox);

/* Sends a test event to the receiver of that name, whatever waits for it, once. done comes once, later, from the loop, or
 * when the outbox is freed. False: there is no such receiver. *timeout_us: how long it may take. */
typedef void outbox_test_fn(void *arg, const char *name, const struct post_result *result);
bool outbox_test(struct outbox *outbox, const char *name, uint64_t *timeout_us,
                 outbox_test_fn *done, void *arg);

#endif
