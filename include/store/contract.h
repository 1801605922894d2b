/*
 * The contract of a release: a JSON file beside it that says what the release needs of a database, what it tolerates and
 * what must not be there (docs/contract.md). Immutable once read. Judged against what a look found. Pure but for
 * contract_load; any thread.
 */
#ifndef STORE_CONTRACT_H
#define STORE_CONTRACT_H

#include <stddef.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"
#include "store/schema_range.h"

struct contract;
struct look;

enum { CONTRACT_BYTES_MAX = 1024 * 1024 };

/* Reads a file (blocking). Fails with ERR_*; words then has one line: file, place in the JSON, what is wrong, remedy. */
MUST_CHECK int contract_load(const char *path, struct contract **out, struct text *words);

/* The same of bytes; file is for the words. */
MUST_CHECK int contract_parse(struct slice bytes, const char *file, struct contract **out,
                              struct text *words);
void contract_free(struct contract *contract); /* NULL is allowed */

const char *contract_release(const struct contract *contract); /* "": it does not say */
const struct schema_range *
contract_schema(const struct contract *contract); /* without terms: any */
size_t contract_claim_count(const struct contract *contract);

/* How many claims do not hold, and a line for each into out: the object, what is wrong with it, what to do. The shape
 * must be known (look_shape). */
size_t contract_judge(const struct contract *contract, const struct look *look, struct text *out);

#endif
