/* Entries of a ledger from tunnels and exchanges: see ledger_fill.h. */
#include "proxy/ledger_fill.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/mem.h"
#include "proxy/access.h"
#include "proxy/exchange.h"
#include "proxy/session.h"
#include "proxy/tunnel.h"
#include "proxy/worker_priv.h"
#include "route/target.h"
#include "route/tunnel_drain.h"

enum { FIRST_ENTRIES = 16 };

/* Room for one more, zeroed; NULL beyond the bound, which is counted. */
static struct ledger_entry *add_entry(struct ledger *ledger)
{
    struct ledger_entry *entry = NULL;

    if (ledger->count >= LEDGER_MAX) {
        ledger->left_out++;
        return NULL;
    }
    if (ledger->count == 0 ||
        (ledger->count >= FIRST_ENTRIES && (ledger->count & (ledger->count - 1)) == 0)) {
        size_t capacity = ledger->count == 0 ? FIRST_ENTRIES : ledger->count * 2;

        ledger->entries = mem_grow(ledger->entries, capacity, sizeof *ledger->entries);
    }
    entry = &ledger->entries[ledger->count++];
    memset(entry, 0, sizeof *entry);
    return entry;
}

static void set_text(char *out, size_t size, struct slice text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;

    for (size_t i = 0; i < len; i++)
        out[i] = text.ptr[i] > ' ' && text.ptr[i] < 0x7f ? text.ptr[i] : '?';
    out[len] = '\0';
}

static void set_route(struct ledger_entry *entry, struct slice method, struct slice target)
{
    size_t at = 0;

    set_text(entry->route, sizeof entry->route / 2, method);
    at = strlen(entry->route);
    entry->route[at++] = ' ';
    set_text(entry->route + at, sizeof entry->route - at, target);
}

static void set_peer(struct ledger_entry *entry, const struct session *session)
{
    struct address peer;
    char text[ADDRESS_TEXT_SIZE];

    session_peer(session, &peer);
    address_format(&peer, text);
    set_text(entry->peer, sizeof entry->peer, slice_from(text));
}

static uint64_t since(uint64_t now_us, uint64_t us)
{
    return now_us > us ? now_us - us : 0;
}

static void add_tunnel(struct ledger *ledger, const struct tunnel *tunnel, uint64_t now_us)
{
    struct ledger_entry *entry = add_entry(ledger);

    if (entry == NULL)
        return;
    entry->kind = tunnel->is_websocket ? LEDGER_WEBSOCKET : LEDGER_TUNNEL;
    entry->slot = tunnel->slot;
    entry->age_us = since(now_us, tunnel->begin_us);
    entry->idle_us = since(now_us, tunnel->last_us);
    entry->bytes_in = tunnel->up.bytes;
    entry->bytes_out = tunnel->down.bytes;
    entry->epoch = tunnel->epoch;
    set_peer(entry, tunnel->session);
    set_text(entry->target, sizeof entry->target, slice_from(tunnel->target->name));
    set_route(entry, access_text(tunnel->record, ACCESS_METHOD),
              access_text(tunnel->record, ACCESS_TARGET));
}

/* What the exchange waits for has no target yet; held, no slot either: it goes where the picture then says. */
static void set_waiting(struct ledger_entry *entry, const struct exchange *exchange,
                        uint64_t now_us)
{
    entry->kind = exchange->seat.line->slot != NULL ? LEDGER_QUEUED : LEDGER_HELD;
    entry->slot = exchange->seat.line->slot;
    entry->idle_us = since(now_us, exchange->seat.begin_us);
}

/* idle: how long an answer has been awaited; 0 once it has begun. */
static void add_exchange(struct ledger *ledger, const struct exchange *exchange, uint64_t now_us)
{
    struct ledger_entry *entry = add_entry(ledger);

    if (entry == NULL)
        return;
    entry->kind = LEDGER_REQUEST;
    entry->slot = exchange->slot;
    entry->age_us = since(now_us, exchange->begin_us);
    if (exchange->sent_us != 0 && exchange->first_us == 0)
        entry->idle_us = since(now_us, exchange->sent_us);
    if (exchange->seat.line != NULL)
        set_waiting(entry, exchange, now_us);
    entry->bytes_in = exchange->head.size + exchange->request.moved;
    entry->bytes_out = exchange->bytes_out + exchange->response.written;
    entry->epoch = exchange->epoch;
    set_peer(entry, exchange->session);
    if (exchange->target != NULL)
        set_text(entry->target, sizeof entry->target, slice_from(exchange->target->name));
    set_route(entry, exchange->head.method_text, exchange->head.target);
}

static bool is_asked(const struct ledger *ledger, const struct exchange *exchange)
{
    const struct slot *slot = NULL;

    if (exchange == NULL || (exchange->slot == NULL && exchange->seat.line == NULL))
        return false;
    slot = exchange->seat.line != NULL ? exchange->seat.line->slot : exchange->slot;
    return ledger->slot == NULL || ledger->slot == slot;
}

void ledger_fill(struct worker *worker, struct ledger *ledger)
{
    uint64_t now_us = clock_monotonic_us();
    const struct tunnel *tunnel = NULL;
    const struct session *session = NULL;

    TAILQ_FOREACH(tunnel, &worker->tunnels, entry)
    if (ledger->slot == NULL || tunnel->slot == ledger->slot)
        add_tunnel(ledger, tunnel, now_us);
    LIST_FOREACH(session, &worker->sessions, entry)
    if (is_asked(ledger, session->exchange))
        add_exchange(ledger, session->exchange, now_us);
}

void ledger_join(struct ledger *whole, struct ledger *part)
{
    size_t room = LEDGER_MAX - whole->count;
    size_t count = part->count < room ? part->count : room;

    if (count > 0) {
        whole->entries = mem_grow(whole->entries, whole->count + count, sizeof *whole->entries);
        memcpy(whole->entries + whole->count, part->entries, count * sizeof *part->entries);
    }
    whole->count += count;
    whole->left_out += part->left_out + (part->count - count);
    free(part->entries);
    part->entries = NULL;
    part->count = 0;
}
