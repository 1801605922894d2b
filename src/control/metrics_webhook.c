/* See metrics_webhook_priv.h. One series for each block and what can become of an event; nothing of a receiver's address. */
#include "control/metrics_webhook_priv.h"

#include "base/clock.h"
#include "control/admin.h"
#include "control/exposition_priv.h"
#include "control/outbox_priv.h"

enum { LABELS_MAX = 512 };

enum value {
    VALUE_EVENTS,
    VALUE_FAILURES,
    VALUE_QUEUE,
    VALUE_BYTES,
    VALUE_OLDEST,
    VALUE_UNSAVED,
    VALUE_DAMAGED
};

static const struct {
    const char *name;
    enum exposition_type type;
    const char *help;
} families[] = {
    [VALUE_EVENTS] = { "switchyard_webhook_events_total", EXPOSITION_COUNTER,
                       "Events by what became of them: delivered, refused by the receiver, "
                       "expired, "
                       "dropped from a full queue, or repeated (told as a number)." },
    [VALUE_FAILURES] = { "switchyard_webhook_failures_total", EXPOSITION_COUNTER,
                         "Attempts to deliver that failed." },
    [VALUE_QUEUE] = { "switchyard_webhook_queue_length", EXPOSITION_GAUGE, "Events that wait." },
    [VALUE_BYTES] = { "switchyard_webhook_queue_bytes", EXPOSITION_GAUGE,
                      "Bytes of events that wait." },
    [VALUE_OLDEST] = { "switchyard_webhook_oldest_seconds", EXPOSITION_GAUGE,
                       "Age of the oldest event that waits; 0: none does." },
    [VALUE_UNSAVED] = { "switchyard_webhook_unsaved_total", EXPOSITION_COUNTER,
                        "Writes of the queue to disk that failed." },
    [VALUE_DAMAGED] = { "switchyard_webhook_damaged_total", EXPOSITION_COUNTER,
                        "Lines of the queue on disk that could not be read." },
};

static void write_events(struct exposition *x, const struct post_view *view, const char *labels)
{
    exposition_u64_with(x, labels, "result=\"delivered\"", view->delivered);
    exposition_u64_with(x, labels, "result=\"refused\"", view->refused);
    exposition_u64_with(x, labels, "result=\"expired\"", view->expired);
    exposition_u64_with(x, labels, "result=\"dropped\"", view->queue.dropped);
    exposition_u64_with(x, labels, "result=\"repeated\"", view->repeats);
}

static uint64_t age_of(uint64_t wall_us)
{
    uint64_t now = clock_wall_us();

    return wall_us != 0 && now > wall_us ? now - wall_us : 0;
}

static void write_value(struct exposition *x, enum value value, const struct post_view *view,
                        const char *labels)
{
    switch (value) {
    case VALUE_EVENTS: write_events(x, view, labels); return;
    case VALUE_FAILURES: exposition_u64(x, labels, view->failures); return;
    case VALUE_QUEUE: exposition_u64(x, labels, view->queue.count); return;
    case VALUE_BYTES: exposition_u64(x, labels, view->queue.bytes); return;
    case VALUE_OLDEST: exposition_seconds(x, labels, age_of(view->queue.oldest_us)); return;
    case VALUE_UNSAVED: exposition_u64(x, labels, view->queue.unsaved); return;
    case VALUE_DAMAGED: exposition_u64(x, labels, view->queue.damaged); return;
    }
}

static void write_family(const struct outbox *outbox, enum value value, struct text *out)
{
    struct exposition x = { .out = out };
    struct post_view view;
    struct text labels;

    text_init(&labels, LABELS_MAX);
    exposition_open(&x, families[value].name, families[value].type, families[value].help);
    for (size_t i = 0; outbox_look(outbox, i, &view); i++) {
        text_clear(&labels);
        exposition_label(&labels, "webhook", view.name);
        write_value(&x, value, &view, labels.bytes);
    }
    text_fini(&labels);
}

static void write_hooks(const struct outbox *outbox, struct text *out)
{
    struct exposition x = { .out = out };
    struct post_view view;
    struct text labels;

    text_init(&labels, LABELS_MAX);
    exposition_open(
        &x, "switchyard_hook_runs_total", EXPOSITION_COUNTER,
        "Events for programs by what became of them: ok, failed (a run of the program, which "
        "is tried again), expired (given up), dropped from a full queue, or repeated "
        "(told as a number).");
    for (size_t i = 0; outbox_look_hook(outbox, i, &view); i++) {
        text_clear(&labels);
        exposition_label(&labels, "hook", view.name);
        exposition_u64_with(&x, labels.bytes, "result=\"ok\"", view.delivered);
        exposition_u64_with(&x, labels.bytes, "result=\"failed\"", view.failures);
        exposition_u64_with(&x, labels.bytes, "result=\"expired\"", view.expired);
        exposition_u64_with(&x, labels.bytes, "result=\"dropped\"", view.queue.dropped);
        exposition_u64_with(&x, labels.bytes, "result=\"repeated\"", view.repeats);
    }
    exposition_open(&x, "switchyard_hook_queue_length", EXPOSITION_GAUGE,
                    "Events that wait for a program.");
    for (size_t i = 0; outbox_look_hook(outbox, i, &view); i++) {
        text_clear(&labels);
        exposition_label(&labels, "hook", view.name);
        exposition_u64(&x, labels.bytes, view.queue.count);
    }
    exposition_open(&x, "switchyard_hook_oldest_seconds", EXPOSITION_GAUGE,
                    "Age of the oldest event that waits for the program; 0: none does.");
    for (size_t i = 0; outbox_look_hook(outbox, i, &view); i++) {
        text_clear(&labels);
        exposition_label(&labels, "hook", view.name);
        exposition_seconds(&x, labels.bytes, age_of(view.queue.oldest_us));
    }
    text_fini(&labels);
}

void metrics_webhook_write(const struct control_room *room, struct text *out)
{
    struct exposition x = { .out = out };
    struct post_view view;
    struct post_view hook;

    if (room->outbox == NULL)
        return;
    if (outbox_look(room->outbox, 0, &view)) {
        for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++)
            write_family(room->outbox, (enum value)i, out);
        exposition_open(&x, "switchyard_webhook_lost_total", EXPOSITION_COUNTER,
                        "Events that the thread of the webhooks could not take.");
        exposition_u64(&x, "", outbox_lost(room->outbox));
    }
    if (outbox_look_hook(room->outbox, 0, &hook))
        write_hooks(room->outbox, out);
}
