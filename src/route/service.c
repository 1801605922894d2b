/* The identity of one routed application: see route/service.h. */
#include "route/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "route/rate.h"

enum { SERVICE_MAGIC = 0x73657276 };

struct service *service_new(const char *name)
{
    struct service *service = mem_zalloc(sizeof *service);
    size_t len = strnlen(name, sizeof service->name - 1);

    service->magic = SERVICE_MAGIC;
    memcpy(service->name, name, len);
    return service;
}

void service_free(struct service *service)
{
    if (service == NULL)
        return;
    CHECK(service->magic == SERVICE_MAGIC);
    CHECK(atomic_load(&service->counts.held) == 0);
    service->magic = 0;
    rate_free(service->rate);
    free(service);
}
