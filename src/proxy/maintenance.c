/* Pages of services in maintenance: see maintenance.h. */
#include "proxy/maintenance.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rcu.h"
#include "route/snapshot.h"

/* COPY_TRIES: pictures that may come between asking for the size and copying. */
enum { COPY_TRIES = 4 };

struct maintenance_page {
    LIST_ENTRY(maintenance_page) entry;
    unsigned users; /* the list is one */
    const struct service *service;
    uint64_t epoch;
    size_t size;
    char bytes[];
};

void maintenance_pages_init(struct maintenance_pages *pages)
{
    LIST_INIT(&pages->kept);
}

void maintenance_page_return(struct maintenance_page *page)
{
    if (page != NULL && --page->users == 0)
        free(page);
}

void maintenance_pages_drop(struct maintenance_pages *pages)
{
    while (!LIST_EMPTY(&pages->kept)) {
        struct maintenance_page *page = LIST_FIRST(&pages->kept);

        LIST_REMOVE(page, entry);
        maintenance_page_return(page);
    }
}

struct slice maintenance_page_body(const struct maintenance_page *page)
{
    return slice_of(page->bytes, page->size);
}

/* In a read-side section. */
static const struct traffic *find_traffic(const struct service *service)
{
    const struct snapshot *snapshot = snapshot_current();
    unsigned count = snapshot_service_count(snapshot);

    for (unsigned i = 0; i < count; i++) {
        const struct snapshot_service *at = snapshot_service_at(snapshot, i);

        if (at->service == service)
            return at->traffic.mode == TRAFFIC_MAINT ? &at->traffic : NULL;
    }
    return NULL;
}

/* The size of the page in the present picture, and its bytes where there is room; 0: it has none. */
static size_t read_page(const struct service *service, uint64_t *epoch, char *out, size_t room)
{
    const struct traffic *traffic = NULL;
    size_t size = 0;

    rcu_read_begin();
    traffic = find_traffic(service);
    if (traffic != NULL && traffic->page != NULL)
        size = strlen(traffic->page);
    if (size > 0 && size <= room)
        memcpy(out, traffic->page, size);
    *epoch = snapshot_epoch(snapshot_current());
    rcu_read_end();
    return size;
}

static struct maintenance_page *find_page(const struct maintenance_pages *pages,
                                          const struct service *service, uint64_t epoch)
{
    struct maintenance_page *page = NULL;

    LIST_FOREACH(page, &pages->kept, entry)
    if (page->service == service && page->epoch == epoch)
        return page;
    return NULL;
}

/* Those of earlier pictures: nobody asks for them any more. */
static void drop_older(struct maintenance_pages *pages, uint64_t epoch)
{
    struct maintenance_page *next = NULL;

    for (struct maintenance_page *page = LIST_FIRST(&pages->kept); page != NULL; page = next) {
        next = LIST_NEXT(page, entry);
        if (page->epoch >= epoch)
            continue;
        LIST_REMOVE(page, entry);
        maintenance_page_return(page);
    }
}

struct maintenance_page *maintenance_page_lease(struct maintenance_pages *pages,
                                                const struct service *service)
{
    struct maintenance_page *page = NULL;
    uint64_t epoch = 0;
    size_t size = read_page(service, &epoch, NULL, 0);

    if (size == 0)
        return NULL;
    page = find_page(pages, service, epoch);
    for (unsigned i = 0; page == NULL && i < COPY_TRIES && size > 0; i++) {
        size_t room = size;
        struct maintenance_page *copy = mem_alloc(sizeof *copy + room);

        size = read_page(service, &copy->epoch, copy->bytes, room);
        if (size == 0 || size > room) {
            free(copy);
            continue;
        }
        copy->service = service;
        copy->size = size;
        copy->users = 1;
        drop_older(pages, copy->epoch);
        LIST_INSERT_HEAD(&pages->kept, copy, entry);
        page = copy;
    }
    if (page != NULL)
        page->users++;
    return page;
}

struct slice maintenance_message(const struct service *service, char *out)
{
    const struct traffic *traffic = NULL;
    size_t size = 0;

    rcu_read_begin();
    traffic = find_traffic(service);
    if (traffic != NULL && traffic->message != NULL) {
        size = strnlen(traffic->message, MAINTENANCE_MESSAGE);
        memcpy(out, traffic->message, size);
    }
    rcu_read_end();
    return slice_of(out, size);
}
