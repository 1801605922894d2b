/* See control/identity.h and identity_priv.h. */
#include "control/identity_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config_api.h"
#include "control/attempts_priv.h"
#include "control/token_claims_priv.h"
#include "control/token_key_priv.h"
#include "control/token_priv.h"

#define MINUTE_US 60000000ull

/* Lines of the log about refused attempts, from all addresses together. */
enum { LINES_PER_MINUTE = 60 };

/* What one configuration says. */
struct ring_of_keys {
    struct token_key **keys;
    size_t key_count;
    struct token_rules rules;
    enum config_anonymous anonymous;
    size_t max_token;
};

struct identity {
    struct ring_of_keys *present;
    struct ring_of_keys *next; /* NULL: none is prepared */
    struct attempts *attempts;
    uint64_t minute_began_us;
    unsigned lines;
    uint64_t unsaid; /* refused attempts without a line since the last one */
};

static void free_ring(struct ring_of_keys *ring)
{
    if (ring == NULL)
        return;
    for (size_t i = 0; i < ring->key_count; i++)
        token_key_free(ring->keys[i]);
    free(ring->keys);
    token_rules_fini(&ring->rules);
    free(ring);
}

static int make_ring(const struct config_api *config, char *words, unsigned size,
                     struct ring_of_keys **out)
{
    struct ring_of_keys *ring = mem_zalloc(sizeof *ring);
    int err = 0;

    ring->keys = mem_zalloc((config->key_count + 1) * sizeof *ring->keys);
    ring->anonymous = config->anonymous;
    ring->max_token = config->max_token;
    token_rules_init(&ring->rules, config);
    for (size_t i = 0; err == 0 && i < config->key_count; i++) {
        err = token_key_new(&config->keys[i], words, size, &ring->keys[i]);
        ring->key_count += err == 0;
    }
    if (err < 0)
        free_ring(ring);
    else
        *out = ring;
    return err;
}

int identity_new(const struct config_api *config, char *words, unsigned words_size,
                 struct identity **out)
{
    struct ring_of_keys *ring = NULL;
    int err = make_ring(config, words, words_size, &ring);

    if (err < 0)
        return err;
    *out = mem_zalloc(sizeof **out);
    (*out)->present = ring;
    (*out)->attempts = attempts_new();
    return 0;
}

void identity_free(struct identity *identity)
{
    if (identity == NULL)
        return;
    free_ring(identity->present);
    free_ring(identity->next);
    attempts_free(identity->attempts);
    free(identity);
}

int identity_prepare(struct identity *identity, const struct config_api *config, char *words,
                     unsigned words_size)
{
    identity_cancel(identity);
    return make_ring(config, words, words_size, &identity->next);
}

void identity_commit(struct identity *identity)
{
    if (identity->next == NULL)
        return;
    free_ring(identity->present);
    identity->present = identity->next;
    identity->next = NULL;
}

void identity_cancel(struct identity *identity)
{
    free_ring(identity->next);
    identity->next = NULL;
}

/* The key that a token names; without a name the only one there is. */
static const struct token_key *find_key(const struct ring_of_keys *ring, const struct token *token)
{
    if (!token->has_kid)
        return ring->key_count == 1 ? ring->keys[0] : NULL;
    for (size_t i = 0; i < ring->key_count; i++)
        if (strcmp(token_key_kid(ring->keys[i]), token->kid) == 0)
            return ring->keys[i];
    return NULL;
}

/* Everything about a token that was taken apart, its signature before its claims; NULL, or why it is refused. */
static const char *judge(const struct ring_of_keys *ring, struct token *token, uint64_t now_s,
                         struct peer *out)
{
    const struct token_key *key = find_key(ring, token);
    const char *why = NULL;
    struct token_meaning meaning = { .now_s = now_s };

    if (key == NULL)
        return token->has_kid ? "no key is configured under its kid"
                              : "it has no kid, and there is not exactly one key";
    if (!token_key_fits(key, token))
        return "its alg is not the one of the key";
    if (!token_key_signed(key, token))
        return "its signature is not good";
    meaning.issuer = token_key_issuer(key);
    meaning.audience = token_key_audience(key);
    if (token_read_claims(token, &why) < 0 ||
        token_claims_check(token->claims, &ring->rules, &meaning, &why) < 0 ||
        token_claims_peer(token->claims, &ring->rules, token_key_kid(key), out, &why) < 0)
        return why;
    return NULL;
}

/* What stands behind "Bearer"; false: it is something else. */
static bool find_bearer(struct slice authorization, struct slice *out)
{
    static const struct slice scheme = { "Bearer ", 7 };

    if (authorization.len <= scheme.len ||
        !slice_is_equal_nocase(slice_of(authorization.ptr, scheme.len), scheme))
        return false;
    *out = slice_trim(slice_of(authorization.ptr + scheme.len, authorization.len - scheme.len));
    return out->len > 0;
}

static const char *judge_field(const struct identity *identity,
                               const struct identity_request *request, struct peer *out)
{
    const struct ring_of_keys *ring = identity->present;
    const char *why = NULL;
    struct slice text;
    struct token token;

    if (!find_bearer(request->authorization, &text))
        return "Authorization is not \"Bearer TOKEN\"";
    if (ring->key_count == 0)
        return "no key is configured that could check it";
    if (token_parse(text, ring->max_token, &token, &why) < 0)
        return why;
    why = judge(ring, &token, request->now_wall_us / 1000000, out);
    token_fini(&token);
    return why;
}

/* One line for each of the first from an address, and not more than so many a minute; never the token. */
static void log_refusal(struct identity *identity, const struct identity_request *request,
                        unsigned count, const char *why)
{
    char address[ADDRESS_TEXT_SIZE];

    if (request->now_us >= identity->minute_began_us + MINUTE_US) {
        identity->minute_began_us = request->now_us;
        identity->lines = 0;
    }
    if (count > ATTEMPTS_PER_MINUTE + 1 || identity->lines >= LINES_PER_MINUTE) {
        identity->unsaid++;
        return;
    }
    identity->lines++;
    address_format_host(&request->client, address);
    log_event(LOG_LEVEL_WARN, "token-refused",
              "client=%s attempts=%u why=\"%s\" unsaid=%" PRIu64 "%s", address, count, why,
              identity->unsaid, count > ATTEMPTS_PER_MINUTE ? " limited=true" : "");
    identity->unsaid = 0;
}

static void refuse(struct identity *identity, const struct identity_request *request,
                   const char *why, struct identity_result *out)
{
    unsigned count = attempts_add(identity->attempts, &request->client, request->now_us);

    *out = (struct identity_result){ .answer = IDENTITY_REFUSED };
    out->peer.uid = (uid_t)-1;
    out->peer.gid = (gid_t)-1;
    snprintf(out->peer.actor, sizeof out->peer.actor, "refused");
    snprintf(out->words, sizeof out->words, "the token is refused: %s", why);
    log_refusal(identity, request, count, why);
    if (count <= ATTEMPTS_PER_MINUTE)
        return;
    out->answer = IDENTITY_LIMITED;
    out->retry_after_s = attempts_wait_s(identity->attempts, &request->client, request->now_us);
    snprintf(out->words, sizeof out->words,
             "more than %d refused tokens in a minute from this address; wait %u s",
             ATTEMPTS_PER_MINUTE, out->retry_after_s);
}

static bool is_local(const struct address *address)
{
    struct address_net nets[2];

    if (address->len == 0)
        return false;
    if (address_is_unix(address))
        return true;
    return (address_parse_net(SLICE("127.0.0.0/8"), &nets[0]) == 0 &&
            address_net_contains(&nets[0], address)) ||
           (address_parse_net(SLICE("::1"), &nets[1]) == 0 &&
            address_net_contains(&nets[1], address));
}

static bool may_anonymous_read(const struct ring_of_keys *ring, const struct address *client)
{
    switch (ring->anonymous) {
    case CONFIG_ANONYMOUS_LOCAL: return is_local(client);
    case CONFIG_ANONYMOUS_VIEWER: return true;
    case CONFIG_ANONYMOUS_NONE: return false;
    }
    return false;
}

void identity_check(struct identity *identity, const struct identity_request *request,
                    struct identity_result *out)
{
    const char *why = NULL;

    *out = (struct identity_result){ .answer = IDENTITY_KNOWN };
    if (request->authorization.len > 0) {
        why = judge_field(identity, request, &out->peer);
        if (why != NULL)
            refuse(identity, request, why, out);
        return;
    }
    out->answer = IDENTITY_ANONYMOUS;
    out->peer.uid = (uid_t)-1;
    out->peer.gid = (gid_t)-1;
    snprintf(out->peer.actor, sizeof out->peer.actor, "anonymous");
    if (may_anonymous_read(identity->present, &request->client))
        out->peer.level = LEVEL_USER;
}
