/* See route/slot_rules.h. */
#include "route/slot_rules.h"

void slot_rules_put(struct slot *slot, const struct slot_rules *service,
                    const struct slot_rules *own)
{
    slot_set_rules(slot, header_rules_new(&service->request, &own->request),
                   header_rules_new(&service->response, &own->response));
}
