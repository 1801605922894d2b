/* See laggards_priv.h. */
#include "control/laggards_priv.h"

#include <limits.h>

#include "base/text.h"
#include "control/json_priv.h"
#include "control/scope_priv.h"
#include "deploy/behind.h"

static void add(const char *service, const struct deploy_behind_view *view, struct text *out,
                cJSON *list)
{
    cJSON *object = json_object();

    if (view->is_due)
        text_add_format(out, "BEHIND %s: %s still holds %s, %s is live with %s\n", service,
                        view->slot, view->version, view->live, view->live_version);
    json_add_text(object, "service", service);
    json_add_text(object, "slot", view->slot);
    json_add_text(object, "version", view->version);
    json_add_text(object, "live", view->live);
    json_add_text(object, "live_version", view->live_version);
    json_add_seconds(object, "age_seconds", view->age_us);
    json_add_bool(object, "due", view->is_due);
    json_add(list, NULL, object);
}

void laggards_add(const struct control_room *room, const struct args_path *path, struct text *out,
                  cJSON *result)
{
    cJSON *list = json_array();
    unsigned last = UINT_MAX;
    struct scope scope;

    scope_init(&scope, room->deploy, path);
    while (scope_next(&scope)) {
        struct deploy_behind_view view;

        if (scope.service_index == last)
            continue;
        last = scope.service_index;
        deploy_view_behind(room->deploy, last, &view);
        if (view.is_behind)
            add(scope.service->service->name, &view, out, list);
    }
    json_add(result, "behind", list);
}
