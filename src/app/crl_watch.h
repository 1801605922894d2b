/*
 * What the log says of lists of revoked certificates: what was read, and which have ended, when that happens and once a
 * day from then on. Thread: control.
 */
#ifndef APP_CRL_WATCH_H
#define APP_CRL_WATCH_H

#include <stdint.h>

struct tls_crls;

/* Of one listener or slot; zeroed at first. */
struct crl_watch {
    int64_t next_s; /* when something is to be said; 0: never */
};

/* New ones are in force. of: "listener=https", as the log shows it. */
void crl_watch_begin(struct crl_watch *watch, const char *of, const struct tls_crls *crls);

/* The first that has ended, in words for people; "": none has. */
void crl_watch_words(const char *of, const struct tls_crls *crls, char *words, unsigned words_size);

/* To be called now and then. */
void crl_watch_tick(struct crl_watch *watch, const char *of, const struct tls_crls *crls);

#endif
