/* See metrics_database_priv.h. */
#include "control/metrics_database_priv.h"

#include <math.h>

#include "control/admin.h"
#include "control/exposition_priv.h"
#include "store/store.h"

enum { LABELS_MAX = 512 };

enum value { VALUE_UP, VALUE_CONNECTS, VALUE_FAILURES, VALUE_AGE, VALUE_CONNECT, VALUE_QUERY };

static void write_value(struct exposition *x, enum value value, const struct store_view *view,
                        const char *labels)
{
    switch (value) {
    case VALUE_UP: exposition_u64(x, labels, view->condition == STORE_UP); return;
    case VALUE_CONNECTS: exposition_u64(x, labels, view->connects); return;
    case VALUE_FAILURES: exposition_u64(x, labels, view->failures); return;
    case VALUE_AGE:
        if (view->look_age_us == UINT64_MAX)
            exposition_real(x, labels, (double)INFINITY);
        else
            exposition_seconds(x, labels, view->look_age_us);
        return;
    case VALUE_CONNECT: exposition_seconds(x, labels, view->connect_us); return;
    case VALUE_QUERY: exposition_seconds(x, labels, view->query_us); return;
    }
}

static const struct {
    const char *name;
    enum exposition_type type;
    const char *help;
} families[] = {
    [VALUE_UP] = { "switchyard_db_up", EXPOSITION_GAUGE,
                   "Whether the newest look at the database succeeded; unknown is 0, too." },
    [VALUE_CONNECTS] = { "switchyard_db_connects_total", EXPOSITION_COUNTER,
                         "Attempts to connect to the database." },
    [VALUE_FAILURES] = { "switchyard_db_failures_total", EXPOSITION_COUNTER,
                         "Attempts, sessions and looks that failed." },
    [VALUE_AGE] = { "switchyard_db_look_age_seconds", EXPOSITION_GAUGE,
                    "Age of what is known of the database; +Inf: nothing is." },
    [VALUE_CONNECT] = { "switchyard_db_connect_seconds", EXPOSITION_GAUGE,
                        "How long the last connection took, names and login included." },
    [VALUE_QUERY] = { "switchyard_db_query_seconds", EXPOSITION_GAUGE,
                      "How long the first question of the newest look took." },
};

void metrics_database_write(const struct control_room *room, struct text *out)
{
    struct exposition x = { .out = out };
    struct store_view view;
    size_t count = room->store != NULL ? store_count(room->store) : 0;
    struct text labels;

    text_init(&labels, LABELS_MAX);
    for (unsigned i = 0; count > 0 && i < sizeof families / sizeof families[0]; i++) {
        exposition_open(&x, families[i].name, families[i].type, families[i].help);
        for (size_t j = 0; j < count; j++) {
            store_view_at(room->store, j, &view);
            text_clear(&labels);
            exposition_label(&labels, "database", view.name);
            write_value(&x, (enum value)i, &view, labels.bytes);
        }
    }
    text_fini(&labels);
}
