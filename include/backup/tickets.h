/*
 * Confirmations of steps that cannot be taken back. A token is made for an exact piece of work (a text), is good for ten
 * minutes and for one use; somebody else may approve it. Tokens of other programs (switchctl db apply) are taken as they
 * are: only their approval and their use is remembered. In memory: after a restart everything is asked again. Owner: the
 * backup. Thread: control.
 */
#ifndef BACKUP_TICKETS_H
#define BACKUP_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

struct tickets;

enum { TICKET_SIZE = 80, TICKET_MINUTES = 10, TICKET_PLAN_DIGITS = 40 };

struct tickets *tickets_new(void);
void tickets_free(struct tickets *tickets);

/* A token for that work, at that time (wall clock). */
void tickets_make(const struct tickets *tickets, const char *work, uint64_t now_us,
                  char out[TICKET_SIZE]);

/* 0: it is of ours, for that work, and now used. ERR_INVALID: for something else; ERR_TIMEOUT: too old; ERR_EXISTS: it
 * was used; ERR_FULL: too many were in the last ten minutes. */
MUST_CHECK int tickets_take(struct tickets *tickets, const char *work, const char *token,
                            uint64_t now_us);

/* Whether a text has the form of a token: of ours, or of switchctl db apply. */
bool tickets_is_token(const char *text);

/* Somebody agrees to a token, whoever made it; user is what the kernel says. ERR_EXISTS: it was used. */
MUST_CHECK int tickets_approve(struct tickets *tickets, const char *token, const char *user,
                               uint64_t now_us);

/* Whether somebody other than that user agreed within the time; *by (may be NULL) is who. */
bool tickets_is_approved(const struct tickets *tickets, const char *token, const char *user,
                         uint64_t now_us, const char **by);

/* A token of another program is used now. ERR_EXISTS: it was, in the last ten minutes. ERR_FULL as above. */
MUST_CHECK int tickets_use(struct tickets *tickets, const char *token, uint64_t now_us);

/* What it was used for did not happen. */
void tickets_release(struct tickets *tickets, const char *token);

#endif
