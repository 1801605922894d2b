/*
 * What a route changes in the heads of an exchange, beyond the rules of its slot: texts of the snapshot, which may be
 * gone when the heads are written. They are noted inside the read-side section, on the stack, and kept in the
 * exchange's arena right behind it.
 */
#ifndef PROXY_EXCHANGE_CHANGES_H
#define PROXY_EXCHANGE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "http/write_head.h"

struct exchange;
struct route_answer;

enum { CHANGE_COOKIE = 256, CHANGE_LINE = 512 };

/* A value on the stack of do_route. */
struct change_notes {
    bool is_any;
    uint16_t strip_bytes;
    size_t cookie_len;
    size_t chain_len;
    size_t identity_len;
    char cookie[CHANGE_COOKIE]; /* name of the preview cookie, when the request has one */
    char chain[CHANGE_LINE];    /* lines with their CRLF */
    char identity[CHANGE_LINE];
};

/* What is kept of them; slices into text, which has `room` bytes in the arena. Part of an exchange. */
struct exchange_changes {
    struct write_changes request; /* without rules */
    struct slice identity_line;   /* Set-Cookie of a new identity; may be empty */
    char *text;
    size_t room; /* 0 when the exchange begins */
};

/* Inside the section: what the answer means for the heads. Fields that steer us are marked to stay here. */
void change_notes_take(struct change_notes *notes, struct exchange *exchange,
                       const struct route_answer *answer);

/* Behind the section; false: the arena is full. */
bool change_notes_keep(const struct change_notes *notes, struct exchange *exchange);

/* The changes of the request, with the slot's rules, at out; NULL when there are none. */
const struct write_changes *exchange_request_changes(const struct exchange *exchange,
                                                     struct write_changes *out);

/* The same for the response: its rules (NULL: none) and a line of ours (may be empty). */
const struct header_rules *exchange_response_rules(const struct exchange *exchange);
struct slice exchange_response_line(const struct exchange *exchange);

/* Whether the request came over TLS, as far as we or a trusted peer know. */
bool exchange_is_https(const struct exchange *exchange);

#endif
