/* See token_priv.h. identity.c calls it, with what stands behind "Bearer". */
#include "control/token_priv.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64url.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strict_json.h"

static const struct strict_json_limits limits = { .bytes = 16 * 1024, .depth = 16, .items = 1024 };

static const char kid_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

static int refuse(const char **why, const char *words)
{
    *why = words;
    return ERR_INVALID;
}

/* One part as a JSON object. */
static int parse_part(struct slice part, cJSON **out, const char **why)
{
    size_t capacity = part.len;
    char *bytes = mem_zalloc(capacity + 1);
    size_t count = 0;
    int err = base64url_decode(part, bytes, capacity, &count);

    if (err < 0)
        *why = "a part is not canonical base64url";
    else
        err = strict_json_parse(slice_of(bytes, count), &limits, out, why);
    if (err == 0 && !cJSON_IsObject(*out)) {
        cJSON_Delete(*out);
        *out = NULL;
        err = refuse(why, "a part is no JSON object");
    }
    explicit_bzero(bytes, capacity);
    free(bytes);
    return err < 0 ? ERR_INVALID : 0;
}

/* Keys come from the configuration and from nowhere else, and what we do not know of may be critical. */
static int check_members(const cJSON *head, const char **why)
{
    static const char *const allowed[] = { "alg", "typ", "kid", "cty", "x5t", "x5t#S256" };

    if (cJSON_HasObjectItem(head, "crit"))
        return refuse(why, "its head has crit, of which nothing is understood here");
    if (strict_json_unknown(head, allowed, sizeof allowed / sizeof allowed[0]) != NULL)
        return refuse(why, "its head has members other than alg, typ, kid, cty and x5t; keys are "
                           "never taken from a token");
    return 0;
}

static int parse_head(struct slice part, struct token *out, const char **why)
{
    cJSON *head = NULL;
    char typ[8] = "JWT";
    int err = parse_part(part, &head, why);
    int kid_err = 0;

    if (err < 0)
        return err;
    err = check_members(head, why);
    if (err == 0 && strict_json_text(head, "alg", out->alg, sizeof out->alg) < 0)
        err = refuse(why, "its head has no alg that is known here");
    if (err == 0 && cJSON_HasObjectItem(head, "typ") &&
        (strict_json_text(head, "typ", typ, sizeof typ) < 0 || strcasecmp(typ, "JWT") != 0))
        err = refuse(why, "its typ is not JWT");
    kid_err = strict_json_text(head, "kid", out->kid, sizeof out->kid);
    out->has_kid = cJSON_HasObjectItem(head, "kid");
    if (err == 0 && out->has_kid &&
        (kid_err < 0 || out->kid[0] == '\0' || out->kid[strspn(out->kid, kid_letters)] != '\0'))
        err = refuse(why, "its kid is no name of a key");
    cJSON_Delete(head);
    return err;
}

static int parse_parts(struct token *token, const char **why)
{
    struct slice rest = slice_of(token->text, token->len);
    struct slice parts[4] = { { NULL, 0 } };
    unsigned count = 0;
    int err = 0;

    while (count < 4 && slice_next(&rest, '.', &parts[count]))
        count++;
    if (count != 3 || parts[0].len == 0 || parts[1].len == 0 || parts[2].len == 0 ||
        parts[0].len + parts[1].len + parts[2].len + 2 != token->len)
        return refuse(why, "it has not three parts with dots between");
    token->signed_len = parts[0].len + 1 + parts[1].len;
    err = parse_head(parts[0], token, why);
    if (err == 0 && base64url_decode(parts[2], token->signature, sizeof token->signature,
                                     &token->signature_len) < 0)
        err = refuse(why, "its signature is not canonical base64url");
    return err;
}

int token_parse(struct slice text, size_t max, struct token *out, const char **why)
{
    int err = 0;

    *out = (struct token){ .text = NULL };
    if (text.len > max) {
        *why = "it is longer than max_token";
        return ERR_RANGE;
    }
    out->text = mem_text_of(text.ptr != NULL ? text.ptr : "", text.len);
    out->len = text.len;
    err = parse_parts(out, why);
    if (err < 0)
        token_fini(out);
    return err;
}

int token_read_claims(struct token *token, const char **why)
{
    struct slice rest = slice_of(token->text, token->signed_len);
    struct slice part = { NULL, 0 };

    if (!slice_next(&rest, '.', &part) || !slice_next(&rest, '.', &part))
        return refuse(why, "it has not three parts with dots between");
    return parse_part(part, &token->claims, why);
}

void token_fini(struct token *token)
{
    if (token->text != NULL)
        explicit_bzero(token->text, token->len);
    free(token->text);
    cJSON_Delete(token->claims);
    explicit_bzero(token, sizeof *token);
}
