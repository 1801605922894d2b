/* Tokens of a session: see ticket_priv.h. */
#include "mcp/ticket_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

static const uint64_t life_us = 600ull * 1000000;

struct ticket {
    char token[TICKET_SIZE]; /* "" : free */
    char *purpose;
    uint64_t made_us;
};

struct tickets {
    pthread_mutex_t lock;
    struct ticket list[TICKETS_MAX];
};

struct tickets *tickets_new(void)
{
    struct tickets *tickets = mem_zalloc(sizeof *tickets);

    pthread_mutex_init(&tickets->lock, NULL);
    return tickets;
}

static void forget(struct ticket *ticket)
{
    free(ticket->purpose);
    *ticket = (struct ticket){ .token = "" };
}

void tickets_free(struct tickets *tickets)
{
    if (tickets == NULL)
        return;
    for (unsigned i = 0; i < TICKETS_MAX; i++)
        forget(&tickets->list[i]);
    pthread_mutex_destroy(&tickets->lock);
    free(tickets);
}

void tickets_keep(struct tickets *tickets, const char *token, const char *purpose)
{
    struct ticket *place = &tickets->list[0];

    pthread_mutex_lock(&tickets->lock);
    for (unsigned i = 0; i < TICKETS_MAX && place->token[0] != '\0'; i++)
        if (tickets->list[i].made_us < place->made_us)
            place = &tickets->list[i];
    forget(place);
    snprintf(place->token, sizeof place->token, "%s", token);
    place->purpose = mem_text(purpose);
    place->made_us = clock_monotonic_us();
    pthread_mutex_unlock(&tickets->lock);
}

int tickets_make(struct tickets *tickets, const char *purpose, char out[TICKET_SIZE])
{
    unsigned char bytes[16];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return ERR_IO;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    tickets_keep(tickets, out, purpose);
    return 0;
}

int tickets_use(struct tickets *tickets, const char *token, const char *purpose)
{
    uint64_t now_us = clock_monotonic_us();
    int err = ERR_NOT_FOUND;

    pthread_mutex_lock(&tickets->lock);
    for (unsigned i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &tickets->list[i];

        if (ticket->token[0] == '\0' || strcmp(ticket->token, token) != 0)
            continue;
        err = strcmp(ticket->purpose, purpose) == 0 ? ERR_OK : ERR_CONFLICT;
        if (now_us - ticket->made_us > life_us)
            err = ERR_NOT_FOUND;
        if (err != ERR_CONFLICT)
            forget(ticket);
        break;
    }
    pthread_mutex_unlock(&tickets->lock);
    return err;
}
