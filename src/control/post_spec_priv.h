/*
 * One receiver as the postman needs it: what the block webhook says, with its files read, or how the program of a block hook
 * is asked for. Made on the control thread while a configuration is checked, then owned by the postman. Immutable.
 */
#ifndef CONTROL_POST_SPEC_PRIV_H
#define CONTROL_POST_SPEC_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/secret_file.h"

struct config_hook;
struct config_webhook;
struct post_template;

enum { POST_SPEC_SECRET_LEAST = 16 };

struct post_spec {
    char name[64];
    bool is_hook;      /* a program: nothing of an address */
    uint64_t every_us; /* of a program: not more often than this */
    char place[160];   /* "https://hooks.example.com": all of the address that is ever shown */
    struct secret url;
    struct secret key;           /* bytes NULL: requests are not signed */
    struct secret authorization; /* the whole field; bytes NULL: none */
    struct post_template *template;
    char **headers;
    size_t header_count;
    char *ca; /* PEM; NULL: the system's */
    size_t ca_len;
    uint64_t timeout_us;
    uint64_t attempts;
    uint64_t give_up_us;
    uint64_t repeat_us;
    uint64_t queue;
    uint64_t queue_bytes;
};

/* ERR_*: words name the file and the remedy, and nothing of what is secret. */
MUST_CHECK int post_spec_new(const struct config_webhook *webhook, char *words, unsigned size,
                             struct post_spec **out);
struct post_spec *post_spec_of_hook(const struct config_hook *hook);
void post_spec_free(struct post_spec *spec); /* NULL: nothing */

#endif
