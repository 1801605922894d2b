/*
 * The api and its parts: the listener and the limits are in api.c, what a request is answered with in api_serve.c.
 * Thread: control.
 */
#ifndef CONTROL_API_PRIV_H
#define CONTROL_API_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "base/fault.h"
#include "control/admin.h"
#include "control/api.h"
#include "control/api_call_priv.h"
#include "control/api_client_priv.h"
#include "control/api_stream_priv.h"
#include "control/peer_rule_priv.h"

struct listener;
struct tally;
struct timer;

/* Handshakes with clients. */
struct api_tls_counts {
    uint64_t done;
    uint64_t failed[FAULT_TLS_PLAIN - FAULT_TLS_HANDSHAKE + 1];
    uint64_t told_us; /* when one that failed was written to the log */
    uint64_t unsaid;  /* that have failed since then */
};

struct api {
    struct control_room room;
    struct api_client_owner owner;
    struct address address;
    struct listener *listener;
    struct tally *tally;
    struct timer *fold;
    struct api_calls *calls;
    struct api_streams *streams;
    struct api_client_list clients;
    unsigned client_count;
    unsigned refused_count; /* newcomers, since that was told */
    uint64_t told_full_us;
    struct peer_rules rules; /* on a unix socket */
    struct api_tls_counts tls;
    bool is_closing;
};

/* For api_client_owner. */
void api_serve_head(void *arg, struct api_exchange *exchange);
void api_serve_request(void *arg, struct api_exchange *exchange);

/* For api_streams. */
const char *api_serve_review(void *arg, const struct api_exchange *exchange,
                             struct slice authorization, char words[API_STREAM_WORDS]);

/* CHECKs that no GET of the table leads to a command that changes anything, and that every command is there. */
void api_serve_check_table(void);

#endif
