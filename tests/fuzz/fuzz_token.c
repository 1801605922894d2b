/* room: control
 *
 * The value of an Authorization field, from the network to a role: taking it apart, claims, the table of addresses. Half of
 * the work is behind a signature, which no fuzzer finds: an input that begins with '=' is the claims of a token with a good one.
 */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "config/config_api.h"
#include "control/identity_priv.h"
#include "control/token_claims_priv.h"

#define SECRET "0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct identity *identity;
static struct token_rules rules;

static char viewer[] = "viewer";
static char deployer[] = "deployer";
static char admin[] = "admin";
static char *roles[] = { viewer, deployer, admin };

static void drop_line(void *arg, const char *line, size_t len)
{
    (void)arg;
    (void)line;
    (void)len;
}

static void make_identity(void)
{
    static char name[] = "k";
    static char claim[] = "role.of";
    static char services[] = "services";
    char file[] = "/tmp/fuzz-token-XXXXXX";
    char words[512] = "";
    int fd = mkstemp(file);
    struct config_api_key key = { .name = name, .alg = CONFIG_ALG_HS256, .file = file };
    struct config_api config = {
        .keys = &key,
        .key_count = 1,
        .roles = { .claim = claim,
                   .services_claim = services,
                   .viewer = { &roles[0], 1 },
                   .deployer = { &roles[1], 1 },
                   .admin = { &roles[2], 1 } },
        .skew = 30000000,
        .lifetime = 3600000000,
        .max_token = 8192,
    };

    CHECK(fd >= 0 && write(fd, SECRET, sizeof SECRET - 1) == sizeof SECRET - 1);
    close(fd);
    CHECK(identity_new(&config, words, sizeof words, &identity) == 0);
    token_rules_init(&rules, &config);
    unlink(file);
    log_set_sink(drop_line, NULL);
}

/* What is believed has a role that the rules know, an actor of two words, and a scope only as a deployer. */
static void check_peer(const struct peer *peer)
{
    CHECK(peer->level > LEVEL_NONE && peer->level <= LEVEL_ADMIN);
    CHECK(strncmp(peer->actor, "sub=", 4) == 0 && strstr(peer->actor, " key=") != NULL);
    CHECK(peer->scope[0] == '\0' || peer->level == LEVEL_DEPLOYER);
}

static void try_claims(const char *text, size_t len)
{
    static const struct strict_json_limits limits = { 16384, 16, 1024 };
    const struct token_meaning meaning = { .now_s = 1700000000, .audience = "a" };
    const char *why = NULL;
    cJSON *claims = NULL;
    struct peer peer;

    if (strict_json_parse(slice_of(text, len), &limits, &claims, &why) < 0)
        return;
    if (cJSON_IsObject(claims)) {
        if (token_claims_check(claims, &rules, &meaning, &why) < 0)
            CHECK(why != NULL);
        if (token_claims_peer(claims, &rules, "k", &peer, &why) == 0)
            check_peer(&peer);
    }
    cJSON_Delete(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct identity_request request = { .now_us = 1, .now_wall_us = 1700000000000000 };
    struct identity_result result;
    char *text = mem_text_of((const char *)bytes, size);

    if (identity == NULL)
        make_identity();
    if (size > 0 && text[0] == '=') {
        try_claims(text + 1, size - 1);
    } else {
        request.authorization = slice_of(text, size);
        CHECK(address_parse(SLICE("10.0.0.1:1"), &request.client) == 0);
        identity_check(identity, &request, &result);
        if (result.answer == IDENTITY_KNOWN)
            check_peer(&result.peer);
    }
    free(text);
    return 0;
}
