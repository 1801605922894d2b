/* See exchange_selfprobe.h. */
#include "proxy/exchange_selfprobe.h"

#include <stdio.h>
#include <string.h>

#include "base/seal.h"
#include "proxy/exchange.h"
#include "proxy/worker_priv.h"
#include "route/match.h"
#include "route/slot.h"

enum { SIGN_BYTES = 256 };

void exchange_selfprobe_know(struct exchange *exchange)
{
    struct slice nonce = slice_from(exchange->worker->nonce);
    const struct field *field = NULL;
    unsigned index = 0;

    if ((exchange->head.seen & 1ull << FIELD_X_SWITCHYARD_PROBE) == 0 || nonce.len == 0)
        return;
    field = head_find(&exchange->head, FIELD_X_SWITCHYARD_PROBE, &index);
    exchange->route.is_selfprobe =
        field != NULL && seal_is_same(head_field_value(&exchange->head, field), nonce);
    exchange->route.is_rated = exchange->route.is_selfprobe; /* no limit of clients is for us */
}

void selfprobe_note_take(struct selfprobe_note *note, const struct exchange *exchange,
                         const struct route_answer *answer)
{
    if (exchange->route.is_selfprobe)
        (void)slice_copy(slice_from(answer->place->version), note->version, sizeof note->version);
}

bool selfprobe_note_keep(const struct selfprobe_note *note, struct exchange *exchange)
{
    size_t len = 0;
    char *kept = NULL;

    if (!exchange->route.is_selfprobe)
        return true;
    len = strlen(note->version);
    kept = arena_alloc(&exchange->arena, len + 1);
    if (kept == NULL)
        return false;
    memcpy(kept, note->version, len + 1);
    exchange->route.version = slice_of(kept, len);
    return true;
}

bool exchange_selfprobe_sign(struct exchange *exchange, struct head *head, struct slice *line)
{
    size_t size = line->len + SIGN_BYTES;
    char *text = arena_alloc(&exchange->arena, size);
    int len = 0;

    if (text == NULL)
        return false;
    head_hide(head, SLICE("X-Switchyard-Slot"));
    head_hide(head, SLICE("X-Switchyard-Version"));
    len = snprintf(text, size, "%.*sX-Switchyard-Slot: %s\r\nX-Switchyard-Version: %.*s\r\n",
                   SLICE_ARG(*line), exchange->slot->name, SLICE_ARG(exchange->route.version));
    if (len < 0 || (size_t)len >= size)
        return false;
    *line = slice_of(text, (size_t)len);
    return true;
}
