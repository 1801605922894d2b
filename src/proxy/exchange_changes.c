/* The changes of an exchange's heads: see exchange_changes.h. On the worker's thread. */
#include "proxy/exchange_changes.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/seal.h"
#include "http/header_rules.h"
#include "net/tls_stream.h"
#include "proxy/exchange.h"
#include "proxy/session.h"
#include "route/admit.h"
#include "route/match.h"
#include "route/slot.h"

#define SECURE "; Secure"

bool exchange_is_https(const struct exchange *exchange)
{
    const struct session *session = exchange->session;

    return admit_is_https(&exchange->head, session->is_trusted, tls_stream_is_on(&session->stream));
}

/* What asks for a preview is for us alone, whether it was granted or not: it may hold the secret. */
static void note_preview(struct change_notes *notes, struct head *head,
                         const struct preview *preview)
{
    if (preview->header != NULL)
        head_hide(head, slice_from(preview->header));
    if (preview->cookie == NULL || head_cookie(head, slice_from(preview->cookie)).ptr == NULL)
        return;
    if (slice_copy(slice_from(preview->cookie), notes->cookie, sizeof notes->cookie))
        notes->cookie_len = strlen(notes->cookie);
}

static size_t printed(int len, size_t size)
{
    return len > 0 && (size_t)len < size ? (size_t)len : 0;
}

/* A client's own word never goes on in this name, whether it was believed or not. */
static void note_chain(struct change_notes *notes, struct head *head, const struct chain *chain,
                       const struct slot *slot)
{
    char value[sizeof slot->name + 1 + SEAL_TAG];

    if (chain->header == NULL)
        return;
    head_hide(head, slice_from(chain->header));
    if (steering_chain_value(chain, slot->name, value, sizeof value) > 0)
        notes->chain_len =
            printed(snprintf(notes->chain, sizeof notes->chain, "%s: %s\r\n", chain->header, value),
                    sizeof notes->chain);
}

/* A user who was given an id keeps it for a year; the tag says that it is from us. */
static void note_identity(struct change_notes *notes, const struct exchange *exchange,
                          const struct split *split, const char *identity)
{
    char tag[SEAL_TAG + 1];

    if (split->own_cookie == NULL || split->own_secret == NULL)
        return;
    seal_make(slice_from(split->own_secret), slice_from(identity), tag);
    notes->identity_len = printed(
        snprintf(notes->identity, sizeof notes->identity,
                 "Set-Cookie: %s=%s.%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000%s\r\n",
                 split->own_cookie, identity, tag, exchange_is_https(exchange) ? SECURE : ""),
        sizeof notes->identity);
}

void change_notes_take(struct change_notes *notes, struct exchange *exchange,
                       const struct route_answer *answer)
{
    const struct steering *steering = answer->service->steering;

    notes->is_any = steering != NULL || answer->strip_bytes > 0;
    if (!notes->is_any)
        return;
    notes->strip_bytes = answer->strip_bytes;
    notes->cookie_len = notes->chain_len = notes->identity_len = 0;
    if (steering == NULL)
        return;
    note_preview(notes, &exchange->head, &steering->preview);
    note_chain(notes, &exchange->head, &steering->chain, answer->slot);
    if (answer->is_new_identity)
        note_identity(notes, exchange, &steering->split, answer->identity);
}

/* Room for all texts of a route; a later one of the same exchange has it again. */
static bool reserve(struct exchange *exchange, size_t size)
{
    char *room = NULL;

    if (size <= exchange->changes.room)
        return true;
    room = arena_alloc(&exchange->arena, size);
    if (room == NULL)
        return false;
    exchange->changes.text = room;
    exchange->changes.room = size;
    return true;
}

static struct slice keep_text(char **at, const char *text, size_t len)
{
    struct slice kept = slice_of(*at, len);

    if (len == 0)
        return slice_of(NULL, 0);
    memcpy(*at, text, len);
    *at += len;
    return kept;
}

bool change_notes_keep(const struct change_notes *notes, struct exchange *exchange)
{
    struct exchange_changes *changes = &exchange->changes;
    char *at = NULL;

    exchange->is_changed = notes->is_any;
    if (!notes->is_any)
        return true;
    if (!reserve(exchange, notes->cookie_len + notes->chain_len + notes->identity_len))
        return false;
    at = changes->text;
    changes->request.rules = NULL;
    changes->request.strip_bytes = notes->strip_bytes;
    changes->request.hidden_cookie = keep_text(&at, notes->cookie, notes->cookie_len);
    changes->request.line = keep_text(&at, notes->chain, notes->chain_len);
    changes->identity_line = keep_text(&at, notes->identity, notes->identity_len);
    return true;
}

/* Rules live as long as their slot, which the exchange has pinned. */
const struct write_changes *exchange_request_changes(const struct exchange *exchange,
                                                     struct write_changes *out)
{
    const struct header_rules *rules =
        atomic_load_explicit(&exchange->slot->request_rules, memory_order_acquire);

    if (!exchange->is_changed && rules == NULL)
        return NULL;
    *out = (struct write_changes){ .rules = NULL };
    if (exchange->is_changed)
        *out = exchange->changes.request;
    out->rules = rules;
    return out;
}

const struct header_rules *exchange_response_rules(const struct exchange *exchange)
{
    return atomic_load_explicit(&exchange->slot->response_rules, memory_order_acquire);
}

struct slice exchange_response_line(const struct exchange *exchange)
{
    return exchange->is_changed ? exchange->changes.identity_line : slice_of(NULL, 0);
}
