/* See backup/tickets.h. */
#include "backup/tickets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/actor.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/seal.h"
#include "base/slice.h"

enum { SECRET_BYTES = 32, NOTES_MAX = 256 };

static const uint64_t life_us = TICKET_MINUTES * 60 * 1000000ull;

/* What is known of a token. */
struct note {
    char token[TICKET_SIZE];
    char user[96]; /* who agreed; "" : nobody */
    uint64_t approved_us;
    uint64_t touched_us; /* the oldest one makes room */
    bool is_used;
};

struct tickets {
    char secret[SECRET_BYTES];
    struct note notes[NOTES_MAX];
};

struct tickets *tickets_new(void)
{
    struct tickets *tickets = mem_zalloc(sizeof *tickets);

    CHECK(getrandom(tickets->secret, sizeof tickets->secret, 0) == (ssize_t)sizeof tickets->secret);
    return tickets;
}

void tickets_free(struct tickets *tickets)
{
    if (tickets != NULL)
        explicit_bzero(tickets->secret, sizeof tickets->secret);
    free(tickets);
}

static void seal(const struct tickets *tickets, const char *work, uint64_t us,
                 char out[SEAL_TAG + 1])
{
    char *text = mem_format("%" PRIx64 " %s", us, work);

    seal_make(slice_of(tickets->secret, sizeof tickets->secret), slice_from(text), out);
    free(text);
}

void tickets_make(const struct tickets *tickets, const char *work, uint64_t now_us,
                  char out[TICKET_SIZE])
{
    char tag[SEAL_TAG + 1];

    seal(tickets, work, now_us, tag);
    snprintf(out, TICKET_SIZE, "%" PRIx64 "-%s", now_us, tag);
}

static const char hex_digits[] = "0123456789abcdef";

bool tickets_is_token(const char *text)
{
    size_t digits = strspn(text, hex_digits);

    if (text[digits] == '\0')
        return digits == TICKET_PLAN_DIGITS;
    return digits > 0 && digits <= 16 && text[digits] == '-' &&
           strspn(text + digits + 1, hex_digits) == SEAL_TAG && text[digits + 1 + SEAL_TAG] == '\0';
}

static struct note *find_note(const struct tickets *tickets, const char *token)
{
    for (unsigned i = 0; i < NOTES_MAX; i++)
        if (tickets->notes[i].token[0] != '\0' && strcmp(tickets->notes[i].token, token) == 0)
            return (struct note *)(uintptr_t)&tickets->notes[i];
    return NULL;
}

/* The one of that token, else the one that was touched longest ago. NULL: that one is used and could be used again. */
static struct note *need_note(struct tickets *tickets, const char *token, uint64_t now_us)
{
    struct note *note = find_note(tickets, token);

    if (note != NULL) {
        if (note->is_used && now_us - note->touched_us > life_us)
            note->is_used =
                false; /* one of ours is too old by itself, others look at their database */
        return note;
    }
    note = &tickets->notes[0];
    for (unsigned i = 1; i < NOTES_MAX; i++)
        if (tickets->notes[i].touched_us < note->touched_us)
            note = &tickets->notes[i];
    if (note->is_used && now_us - note->touched_us <= life_us)
        return NULL;
    *note = (struct note){ .touched_us = now_us };
    (void)slice_copy(slice_from(token), note->token, sizeof note->token);
    return note;
}

int tickets_take(struct tickets *tickets, const char *work, const char *token, uint64_t now_us)
{
    size_t digits = strcspn(token, "-");
    char tag[SEAL_TAG + 1];
    uint64_t us = 0;

    if (token[digits] != '-' || strlen(token) >= TICKET_SIZE ||
        num_parse_hex(slice_of(token, digits), UINT64_MAX, &us) != 0)
        return ERR_INVALID;
    seal(tickets, work, us, tag);
    if (!seal_is_same(slice_from(tag), slice_from(token + digits + 1)))
        return ERR_INVALID;
    if (us > now_us || now_us - us > life_us)
        return ERR_TIMEOUT;
    return tickets_use(tickets, token, now_us);
}

int tickets_approve(struct tickets *tickets, const char *token, const char *user, uint64_t now_us)
{
    struct note *note = need_note(tickets, token, now_us);

    if (note == NULL)
        return ERR_FULL;
    if (note->is_used)
        return ERR_EXISTS;
    note->touched_us = note->approved_us = now_us;
    (void)slice_copy(slice_from(user), note->user, sizeof note->user);
    return 0;
}

bool tickets_is_approved(const struct tickets *tickets, const char *token, const char *user,
                         uint64_t now_us, const char **by)
{
    const struct note *note = find_note(tickets, token);

    if (note == NULL || note->user[0] == '\0' || actor_is_same_person(note->user, user) ||
        now_us - note->approved_us > life_us)
        return false;
    if (by != NULL)
        *by = note->user;
    return true;
}

int tickets_use(struct tickets *tickets, const char *token, uint64_t now_us)
{
    struct note *note = need_note(tickets, token, now_us);

    if (note == NULL)
        return ERR_FULL;
    if (note->is_used)
        return ERR_EXISTS;
    note->is_used = true;
    note->touched_us = now_us;
    return 0;
}

void tickets_release(struct tickets *tickets, const char *token)
{
    struct note *note = find_note(tickets, token);

    if (note != NULL)
        note->is_used = false;
}
