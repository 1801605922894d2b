/*
 * The answer of a service in maintenance: an operator's own HTML page, copied out of the picture once per worker
 * and shared by the exchanges that send it, or the message for a page of ours. Thread: the worker's.
 */
#ifndef PROXY_MAINTENANCE_H
#define PROXY_MAINTENANCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/slice.h"

struct maintenance_page;
struct service;

/* Of an answer of ours. */
struct own_answer {
    struct maintenance_page *page; /* its body; NULL: ours */
    struct slice page_rest;        /* of it, not yet given to the flow */
    uint32_t retry_after_s;        /* 0: as usual */
};

LIST_HEAD(maintenance_page_list, maintenance_page);

/* Copies for the present picture; each lives until nobody sends it any more. */
struct maintenance_pages {
    struct maintenance_page_list kept;
};

enum { MAINTENANCE_MESSAGE = 256 };

void maintenance_pages_init(struct maintenance_pages *pages);

/* Forgets the copies: the picture has changed, or the worker ends. */
void maintenance_pages_drop(struct maintenance_pages *pages);

/* The service's own page, NULL without one. Give it back with maintenance_page_return. */
struct maintenance_page *maintenance_page_lease(struct maintenance_pages *pages,
                                                const struct service *service);
void maintenance_page_return(struct maintenance_page *page); /* NULL is allowed */
struct slice maintenance_page_body(const struct maintenance_page *page);

/* The service's message for a page of ours, copied to out (MAINTENANCE_MESSAGE); empty without one. */
struct slice maintenance_message(const struct service *service, char *out);

#endif
