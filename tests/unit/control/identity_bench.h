/*
 * One key of each algorithm in files of a folder of its own, an identity that reads them, and how to ask it. One at a time.
 */
#ifndef TESTS_IDENTITY_BENCH_H
#define TESTS_IDENTITY_BENCH_H

#include <stdint.h>

#include "config/config_api.h"
#include "control/identity_priv.h"
#include "support/token_maker.h"

#define NOW 1700000000ull /* by the wall clock, in every question */

enum { KINDS = 4 };

extern const char *const kid_of[KINDS]; /* "hs", "rs", "es", "ed" */

struct bench {
    char folder[64];
    struct token_maker makers[KINDS];
    char *files[KINDS];
    struct config_api_key keys[KINDS];
    struct config_api config;
    struct identity *identity;
    unsigned asked; /* each question comes from an address of its own, unless one is given */
};

extern char bench_words[512];      /* of the last reload */
extern char bench_last_line[1024]; /* of the log */
extern unsigned bench_line_count;

void bench_init(struct bench *bench);
void bench_fini(struct bench *bench);

/* The configuration is put in force; ERR_*: bench_words say why not. */
int bench_reload(struct bench *bench);

enum identity_answer ask_from(struct bench *bench, const char *address, const char *authorization,
                              uint64_t now_us, struct identity_result *out);
enum identity_answer ask_field(struct bench *bench, const char *authorization,
                               struct identity_result *out);

/* Takes the token. */
enum identity_answer ask_token(struct bench *bench, char *token, struct identity_result *out);

/* With a good token of that key. */
enum identity_answer ask_claims(struct bench *bench, int kind, const char *claims,
                                struct identity_result *out);

/* Claims of an operator that end at NOW + exp, with more members; freed with free(). */
char *claims_at(int64_t exp, const char *more);

#endif
