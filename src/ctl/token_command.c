/* See ctl/token_command.h. */
#include "ctl/token_command.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/slice.h"
#include "base/strict_json.h"
#include "ctl/token_sign.h"

enum {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    TOKEN_MAX = 64 * 1024,
    ID_BYTES = 16,
    TTL_MAX_S = 720 * 3600,
};

/* The options of `token`, by their place in the table. */
enum wish {
    WISH_KEY,
    WISH_ALG,
    WISH_KID,
    WISH_SUBJECT,
    WISH_ROLE,
    WISH_SERVICES,
    WISH_TTL,
    WISH_AUDIENCE,
    WISH_ISSUER,
    WISH_ID,
    WISH_ROLE_CLAIM,
    WISH_SERVICES_CLAIM,
    WISHES
};

static const char *const wish_names[WISHES] = {
    [WISH_KEY] = "--key",
    [WISH_ALG] = "--alg",
    [WISH_KID] = "--kid",
    [WISH_SUBJECT] = "--subject",
    [WISH_ROLE] = "--role",
    [WISH_SERVICES] = "--services",
    [WISH_TTL] = "--ttl",
    [WISH_AUDIENCE] = "--audience",
    [WISH_ISSUER] = "--issuer",
    [WISH_ID] = "--id",
    [WISH_ROLE_CLAIM] = "--role-claim",
    [WISH_SERVICES_CLAIM] = "--services-claim",
};

static int refuse(const char *words, const char *about)
{
    fprintf(stderr,
            "switchctl: token: %s%s\n"
            "usage: switchctl token --key FILE --alg HS256|RS256|ES256|EdDSA [--kid K] --subject S "
            "--role R\n"
            "           [--services A,B] [--ttl 1h] [--audience A] [--issuer I] [--id JTI]\n"
            "           [--role-claim NAME] [--services-claim NAME]\n"
            "       switchctl token inspect [TOKEN]      (without one: from standard input)\n",
            words, about);
    return EXIT_USAGE;
}

static int read_wishes(int argc, char **argv, const char *values[WISHES])
{
    for (int i = 0; i < argc; i += 2) {
        unsigned wish = 0;

        while (wish < WISHES && strcmp(wish_names[wish], argv[i]) != 0)
            wish++;
        if (wish == WISHES)
            return refuse("unknown option ", argv[i]);
        if (i + 1 == argc || argv[i + 1][0] == '\0')
            return refuse("there is no value for ", argv[i]);
        if (values[wish] != NULL)
            return refuse("twice: ", argv[i]);
        values[wish] = argv[i + 1];
    }
    for (unsigned wish = 0; wish <= WISH_ROLE; wish++)
        if (values[wish] == NULL && wish != WISH_KID)
            return refuse("missing: ", wish_names[wish]);
    return 0;
}

/* 0, or an exit code: a role that no daemon has by itself makes a token that may nothing, and looks like one that may. */
static int check_role(const char *const values[WISHES])
{
    static const char *const roles[] = { "viewer", "deployer", "operator", "admin" };

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(values[WISH_ROLE], roles[i]) == 0)
            return 0;
    if (values[WISH_ROLE_CLAIM] == NULL)
        return refuse("--role is none of viewer, deployer, operator, admin (where api { roles } of "
                      "the daemon gives it a meaning, name the claim: --role-claim role): ",
                      values[WISH_ROLE]);
    fprintf(stderr,
            "switchctl: token: %s=%s is a role only where api { roles } of the daemon says so\n",
            values[WISH_ROLE_CLAIM], values[WISH_ROLE]);
    return 0;
}

static void add_number(cJSON *claims, const char *name, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRIu64, value);
    cJSON_AddRawToObject(claims, name, text);
}

static void add_services(cJSON *claims, const char *name, const char *listed)
{
    cJSON *items = cJSON_AddArrayToObject(claims, name);
    struct slice rest = slice_from(listed);
    struct slice part;

    while (slice_next(&rest, ',', &part)) {
        char *text = NULL;

        part = slice_trim(part);
        if (part.len == 0)
            continue;
        text = mem_text_of(part.ptr, part.len);
        cJSON_AddItemToArray(items, cJSON_CreateString(text));
        free(text);
    }
}

static void add_id(cJSON *claims, const char *given)
{
    unsigned char bytes[ID_BYTES];
    char text[BASE64URL_LEN(ID_BYTES) + 1];

    CHECK(RAND_bytes(bytes, sizeof bytes) == 1);
    base64url_encode(bytes, sizeof bytes, text);
    cJSON_AddStringToObject(claims, "jti", given != NULL ? given : text);
}

static char *make_claims(const char *const values[WISHES], uint64_t ttl_s)
{
    uint64_t now_s = (uint64_t)time(NULL);
    cJSON *claims = cJSON_CreateObject();
    const char *role_claim = values[WISH_ROLE_CLAIM];
    const char *services_claim = values[WISH_SERVICES_CLAIM];
    char *text = NULL;

    cJSON_AddStringToObject(claims, "sub", values[WISH_SUBJECT]);
    cJSON_AddStringToObject(claims, role_claim != NULL ? role_claim : "role", values[WISH_ROLE]);
    if (values[WISH_SERVICES] != NULL)
        add_services(claims, services_claim != NULL ? services_claim : "services",
                     values[WISH_SERVICES]);
    if (values[WISH_ISSUER] != NULL)
        cJSON_AddStringToObject(claims, "iss", values[WISH_ISSUER]);
    if (values[WISH_AUDIENCE] != NULL)
        cJSON_AddStringToObject(claims, "aud", values[WISH_AUDIENCE]);
    add_number(claims, "iat", now_s);
    add_number(claims, "exp", now_s + ttl_s);
    add_id(claims, values[WISH_ID]);
    text = cJSON_PrintUnformatted(claims);
    cJSON_Delete(claims);
    return text;
}

static int make(int argc, char **argv)
{
    const char *values[WISHES] = { NULL };
    struct token_order order;
    uint64_t ttl_us = 3600000000;
    char words[512] = "";
    char *claims = NULL;
    char *token = NULL;
    int code = read_wishes(argc, argv, values);

    if (code == 0)
        code = check_role(values);
    if (code != 0)
        return code;
    if (values[WISH_TTL] != NULL &&
        (num_parse_duration(slice_from(values[WISH_TTL]), &ttl_us) < 0 || ttl_us < 1000000 ||
         ttl_us / 1000000 > TTL_MAX_S))
        return refuse("--ttl is no time from 1s to 720h: ", values[WISH_TTL]);
    claims = make_claims(values, ttl_us / 1000000);
    order = (struct token_order){
        .key_file = values[WISH_KEY],
        .alg = values[WISH_ALG],
        .kid = values[WISH_KID],
        .claims = claims,
    };
    if (token_sign(&order, words, sizeof words, &token) < 0) {
        fprintf(stderr, "switchctl: token: %s\n", words);
        code = EXIT_FAILED;
    } else {
        puts(token);
        explicit_bzero(token, strlen(token));
    }
    free(token);
    cJSON_free(claims);
    return code == 0 && fflush(stdout) != 0 ? EXIT_FAILED : code;
}

/* One part; NULL: it is none. */
static cJSON *read_part(struct slice part)
{
    static const struct strict_json_limits limits = { TOKEN_MAX, 16, 1024 };
    char *bytes = mem_zalloc(part.len + 1);
    size_t count = 0;
    cJSON *json = NULL;

    if (base64url_decode(part, bytes, part.len, &count) < 0 ||
        strict_json_parse(slice_of(bytes, count), &limits, &json, NULL) < 0)
        json = NULL;
    free(bytes);
    return json;
}

static void show_part(const char *title, const cJSON *part)
{
    char *text = cJSON_Print(part);

    printf("%s %s\n", title, text);
    cJSON_free(text);
}

static void show_times(const cJSON *claims)
{
    static const char *const names[] = { "iat", "nbf", "exp" };
    int64_t now_s = (int64_t)time(NULL);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint64_t at = 0;
        int64_t left = 0;

        if (strict_json_u64(claims, names[i], STRICT_JSON_INTEGER_MAX, &at) < 0)
            continue;
        left = (int64_t)at - now_s;
        printf("%s: %" PRId64 " s %s\n", names[i], left < 0 ? -left : left,
               left < 0 ? "ago" : "from now");
    }
}

static int show(const cJSON *head, const cJSON *claims)
{
    if (!cJSON_IsObject(head) || !cJSON_IsObject(claims)) {
        fputs("switchctl: token: that is no token of three parts with JSON in the first two\n",
              stderr);
        return EXIT_FAILED;
    }
    show_part("head", head);
    show_part("claims", claims);
    show_times(claims);
    puts("nothing was checked: anybody could have written this");
    return fflush(stdout) != 0 ? EXIT_FAILED : 0;
}

static int inspect(const char *text)
{
    struct slice rest = slice_trim(slice_from(text));
    struct slice parts[3] = { { NULL, 0 } };
    unsigned count = 0;
    cJSON *head = NULL;
    cJSON *claims = NULL;
    int code = 0;

    while (count < 3 && slice_next(&rest, '.', &parts[count]))
        count++;
    if (count == 3 && rest.ptr == NULL) {
        head = read_part(parts[0]);
        claims = read_part(parts[1]);
    }
    code = show(head, claims);
    cJSON_Delete(head);
    cJSON_Delete(claims);
    return code;
}

static int inspect_input(void)
{
    char *text = mem_zalloc(TOKEN_MAX + 2);
    size_t len = fread(text, 1, TOKEN_MAX + 1, stdin);
    int code = 0;

    text[strcspn(text, "\r\n")] = '\0';
    if (len > TOKEN_MAX)
        code = refuse("the token is longer than 64 KiB", "");
    else
        code = inspect(text);
    explicit_bzero(text, TOKEN_MAX);
    free(text);
    return code;
}

int token_command(int argc, char **argv)
{
    if (argc == 0)
        return refuse("what it is for is missing", "");
    if (strcmp(argv[0], "inspect") != 0)
        return make(argc, argv);
    if (argc > 2)
        return refuse("too many words", "");
    return argc == 2 && strcmp(argv[1], "-") != 0 ? inspect(argv[1]) : inspect_input();
}
