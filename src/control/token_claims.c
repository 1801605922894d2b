/* See token_claims_priv.h. identity.c calls it. */
#include "control/token_claims_priv.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "config/config_api.h"
#include "control/actor_word_priv.h"

/* Of the actor: what a change keeps of it beside a note (call.c). */
enum { ACTOR_MAX = 52, CLAIM_TEXT_MAX = 1024 };

static void copy_texts(struct config_texts *to, const struct config_texts *from)
{
    to->count = from->count;
    to->items = from->count > 0 ? mem_zalloc(from->count * sizeof *to->items) : NULL;
    for (size_t i = 0; i < from->count; i++)
        to->items[i] = mem_text(from->items[i]);
}

static void free_texts(struct config_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i]);
    free(texts->items);
}

void token_rules_init(struct token_rules *rules, const struct config_api *config)
{
    *rules = (struct token_rules){
        .claim = mem_text(config->roles.claim),
        .services_claim = mem_text(config->roles.services_claim),
        .skew_s = config->skew / 1000000,
        .lifetime_s = config->lifetime / 1000000,
    };
    copy_texts(&rules->values[LEVEL_USER], &config->roles.viewer);
    copy_texts(&rules->values[LEVEL_DEPLOYER], &config->roles.deployer);
    copy_texts(&rules->values[LEVEL_OPERATOR], &config->roles.operator);
    copy_texts(&rules->values[LEVEL_ADMIN], &config->roles.admin);
    copy_texts(&rules->revoked, &config->revoked);
}

void token_rules_fini(struct token_rules *rules)
{
    free(rules->claim);
    free(rules->services_claim);
    for (unsigned i = 0; i < TOKEN_LEVELS; i++)
        free_texts(&rules->values[i]);
    free_texts(&rules->revoked);
}

static int refuse(const char **why, const char *words)
{
    *why = words;
    return ERR_INVALID;
}

/* A time in whole seconds; false: there is none. A claim that is there and no such time is an error. */
static int read_time(const cJSON *claims, const char *name, bool *is_there, uint64_t *out)
{
    *is_there = cJSON_GetObjectItemCaseSensitive(claims, name) != NULL;
    if (!*is_there)
        return 0;
    return strict_json_u64(claims, name, STRICT_JSON_INTEGER_MAX, out) == 0 ? 0 : ERR_INVALID;
}

static int check_times(const cJSON *claims, const struct token_rules *rules, uint64_t now_s,
                       const char **why)
{
    bool has_exp = false;
    bool has_nbf = false;
    bool has_iat = false;
    uint64_t exp = 0;
    uint64_t nbf = 0;
    uint64_t iat = now_s;

    if (read_time(claims, "exp", &has_exp, &exp) < 0 ||
        read_time(claims, "nbf", &has_nbf, &nbf) < 0 ||
        read_time(claims, "iat", &has_iat, &iat) < 0)
        return refuse(why, "exp, nbf or iat is no whole number of seconds");
    if (!has_exp)
        return refuse(why, "it has no exp; tokens that never end are not taken");
    if (now_s >= exp + rules->skew_s)
        return refuse(why, "it has expired; get a new one");
    if (has_nbf && nbf > now_s + rules->skew_s)
        return refuse(why, "its nbf is not reached yet");
    if (has_iat && iat > now_s + rules->skew_s)
        return refuse(why, "its iat lies ahead of our clock");
    if (exp > iat && exp - iat > rules->lifetime_s)
        return refuse(why, "it lives longer than the option lifetime of the block api allows");
    return 0;
}

/* Whether a claim is this text, or a list of texts with it. */
static bool is_among(const cJSON *claim, const char *text)
{
    const cJSON *item = NULL;

    if (cJSON_IsString(claim))
        return strcmp(claim->valuestring, text) == 0;
    if (!cJSON_IsArray(claim))
        return false;
    cJSON_ArrayForEach(item, claim)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0)
            return true;
    }
    return false;
}

static int check_parties(const cJSON *claims, const struct token_meaning *meaning, const char **why)
{
    const cJSON *aud = cJSON_GetObjectItemCaseSensitive(claims, "aud");
    const cJSON *iss = cJSON_GetObjectItemCaseSensitive(claims, "iss");

    if (meaning->issuer != NULL &&
        (!cJSON_IsString(iss) || strcmp(iss->valuestring, meaning->issuer) != 0))
        return refuse(why, "its iss is not the issuer of the key");
    if (meaning->audience != NULL && !is_among(aud, meaning->audience))
        return refuse(why, "its aud is not the audience of the key");
    if (meaning->audience == NULL && aud != NULL)
        return refuse(why, "it has an aud, and the key has no audience: it is for somebody else");
    return 0;
}

static int check_revoked(const cJSON *claims, const struct token_rules *rules, const char **why)
{
    const cJSON *jti = cJSON_GetObjectItemCaseSensitive(claims, "jti");

    if (jti != NULL && !cJSON_IsString(jti))
        return refuse(why, "its jti is no text");
    for (size_t i = 0; jti != NULL && i < rules->revoked.count; i++)
        if (strcmp(jti->valuestring, rules->revoked.items[i]) == 0)
            return refuse(why, "it is revoked");
    return 0;
}

int token_claims_check(const cJSON *claims, const struct token_rules *rules,
                       const struct token_meaning *meaning, const char **why)
{
    int err = check_times(claims, rules, meaning->now_s, why);

    if (err == 0)
        err = check_parties(claims, meaning, why);
    if (err == 0)
        err = check_revoked(claims, rules, why);
    return err;
}

/* By its whole name, else from outer to inner at the dots. */
static const cJSON *find_claim(const cJSON *claims, const char *path)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(claims, path);
    struct slice rest = slice_from(path);
    struct slice part;
    char name[129];

    if (found != NULL)
        return found;
    for (found = claims; found != NULL && slice_next(&rest, '.', &part);)
        found = slice_copy(part, name, sizeof name) ? cJSON_GetObjectItemCaseSensitive(found, name)
                                                    : NULL;
    return found != claims ? found : NULL;
}

static enum level find_level(const cJSON *claims, const struct token_rules *rules)
{
    const cJSON *claim = find_claim(claims, rules->claim);

    for (enum level level = LEVEL_ADMIN; level > LEVEL_NONE; level--)
        for (size_t i = 0; i < rules->values[level].count; i++)
            if (is_among(claim, rules->values[level].items[i]))
                return level;
    return LEVEL_NONE;
}

/* "shop api", "shop,api" */
static int add_listed(struct peer *peer, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " ,");
        int err = len > 0 ? peer_scope_add(peer->scope, slice_of(text, len)) : 0;

        if (err < 0)
            return err;
        text += len;
        text += strspn(text, " ,");
    }
    return 0;
}

static int fill_scope(const cJSON *claims, const struct token_rules *rules, struct peer *out,
                      const char **why)
{
    const cJSON *claim = find_claim(claims, rules->services_claim);
    const cJSON *item = NULL;
    int err = 0;

    if (cJSON_IsString(claim))
        err = add_listed(out, claim->valuestring);
    else if (claim != NULL && !cJSON_IsArray(claim))
        err = ERR_INVALID;
    if (cJSON_IsArray(claim)) {
        cJSON_ArrayForEach(item, claim)
        {
            if (err == 0)
                err = cJSON_IsString(item)
                          ? peer_scope_add(out->scope, slice_from(item->valuestring))
                          : ERR_INVALID;
        }
    }
    if (err == ERR_RANGE)
        return refuse(why, "the services of its deployer are more than fit into 500 bytes");
    return err < 0 ? refuse(why, "the services of its deployer are no names of services") : 0;
}

int token_claims_peer(const cJSON *claims, const struct token_rules *rules, const char *kid,
                      struct peer *out, const char **why)
{
    char subject[CLAIM_TEXT_MAX];
    char clean[ACTOR_WORD_MAX + 1];

    *out = (struct peer){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
    if (strict_json_text(claims, "sub", subject, sizeof subject) < 0 || subject[0] == '\0')
        return refuse(why, "it has no sub: nobody could be named for what it does");
    out->level = find_level(claims, rules);
    if (out->level == LEVEL_NONE)
        return refuse(why, "its claims give no role; see the block roles of the configuration");
    actor_word(subject, ACTOR_WORD_MAX, "=", clean);
    snprintf(out->actor, ACTOR_MAX + 1, "sub=%s key=%s", clean, kid);
    return out->level == LEVEL_DEPLOYER ? fill_scope(claims, rules, out, why) : 0;
}
