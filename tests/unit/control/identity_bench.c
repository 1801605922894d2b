/* See identity_bench.h. */
#include "unit/control/identity_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

const char *const kid_of[KINDS] = { "hs", "rs", "es", "ed" };

char bench_words[512];
char bench_last_line[1024];
unsigned bench_line_count;

static void keep_line(void *arg, const char *line, size_t len)
{
    (void)arg;
    bench_line_count++;
    snprintf(bench_last_line, sizeof bench_last_line, "%.*s", (int)len, line);
}

static char role_viewer[] = "viewer";
static char role_deployer[] = "deployer";
static char role_operator[] = "operator";
static char role_admin[] = "admin";
static char *roles[] = { role_viewer, role_deployer, role_operator, role_admin };

static struct config_texts one(char **text)
{
    return (struct config_texts){ .items = text, .count = 1 };
}

void bench_init(struct bench *bench)
{
    static char claim[] = "role";
    static char services[] = "services";

    memset(bench, 0, sizeof *bench);
    log_set_sink(keep_line, NULL);
    snprintf(bench->folder, sizeof bench->folder, "/tmp/identity-XXXXXX");
    cr_assert(mkdtemp(bench->folder) != NULL);
    for (int i = 0; i < KINDS; i++) {
        token_maker_init(&bench->makers[i], (enum token_kind)i);
        bench->files[i] = mem_format("%s/%s", bench->folder, kid_of[i]);
        token_maker_write(&bench->makers[i], bench->files[i]);
        bench->keys[i] = (struct config_api_key){ .name = mem_text(kid_of[i]),
                                                  .alg = (enum config_key_alg)i,
                                                  .file = bench->files[i] };
    }
    bench->config = (struct config_api){
        .keys = bench->keys,
        .key_count = KINDS,
        .roles = { .claim = claim,
                   .services_claim = services,
                   .viewer = one(&roles[0]),
                   .deployer = one(&roles[1]),
                   .operator= one(&roles[2]),
                   .admin = one(&roles[3]) },
        .skew = 30000000,
        .lifetime = 3600000000,
        .max_token = 8192,
    };
    cr_assert_eq(identity_new(&bench->config, bench_words, sizeof bench_words, &bench->identity), 0,
                 "%s", bench_words);
}

void bench_fini(struct bench *bench)
{
    identity_free(bench->identity);
    for (int i = 0; i < KINDS; i++) {
        token_maker_fini(&bench->makers[i]);
        unlink(bench->files[i]);
        free(bench->files[i]);
        free(bench->keys[i].name);
    }
    rmdir(bench->folder);
}

int bench_reload(struct bench *bench)
{
    int err = identity_prepare(bench->identity, &bench->config, bench_words, sizeof bench_words);

    if (err == 0)
        identity_commit(bench->identity);
    return err;
}

static void from(struct identity_request *request, const char *address)
{
    cr_assert_eq(address_parse(slice_from(address), &request->client), 0, "%s", address);
}

enum identity_answer ask_from(struct bench *bench, const char *address, const char *authorization,
                              uint64_t now_us, struct identity_result *out)
{
    struct identity_request request = { .authorization = slice_from(authorization),
                                        .now_us = now_us,
                                        .now_wall_us = NOW * 1000000 };

    from(&request, address);
    identity_check(bench->identity, &request, out);
    return out->answer;
}

enum identity_answer ask_field(struct bench *bench, const char *authorization,
                               struct identity_result *out)
{
    char address[64];

    bench->asked++;
    snprintf(address, sizeof address, "10.%u.%u.%u:1", bench->asked >> 16 & 255,
             bench->asked >> 8 & 255, bench->asked & 255);
    return ask_from(bench, address, authorization, 1000000, out);
}

/* Takes the token. */
enum identity_answer ask_token(struct bench *bench, char *token, struct identity_result *out)
{
    char *field = mem_format("Bearer %s", token);
    enum identity_answer answer = ask_field(bench, field, out);

    free(field);
    free(token);
    return answer;
}

char *claims_at(int64_t exp, const char *more)
{
    return mem_format("{\"sub\":\"ci\",\"role\":\"operator\",\"exp\":%lld%s}", (long long)NOW + exp,
                      more);
}

enum identity_answer ask_claims(struct bench *bench, int kind, const char *claims,
                                struct identity_result *out)
{
    return ask_token(bench, token_maker_make(&bench->makers[kind], kid_of[kind], claims), out);
}
