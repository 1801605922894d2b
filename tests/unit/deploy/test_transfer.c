/* Documents that are good in their checksum and wrong inside: nothing of them is taken. */
#include "deploy/transfer.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "deploy/state_code_priv.h"
#include "deploy/transfer_priv.h"

static void add_state(struct text *out)
{
    struct state *state = state_new();
    struct state_service *service = decisions_add(&state->decisions, "shop");
    struct state_picture picture = { .state = state,
                                     .decisions = &state->decisions,
                                     .generation = 5 };

    snprintf(service->active, sizeof service->active, "green");
    state->sequence = 9;
    state_encode(&picture, out);
    state_free(state);
}

/* With these lines of history and pins, and a checksum that fits. */
static int decode(const char *history, const char *pins, const char *decisions,
                  struct transfer **out, char words[200])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    char sha256[TRANSFER_SHA + 1];
    unsigned len = 0;
    struct text state;
    struct text document;
    int err = 0;

    text_init(&state, 1 << 20);
    text_init(&document, 1 << 20);
    add_state(&state);
    text_add_format(&document,
                    "{\"switchyard\":\"export\",\"format\":1,\"time\":\"2026\",\"state_bytes\":%zu,"
                    "\"state\":\n%s,\"history\":[\n%s],\"pins\":[\n%s],\"decisions\":[\n%s",
                    state.len, state.bytes, history, pins, decisions);
    text_add_slice(&document, transfer_tail());
    cr_assert_eq(EVP_Digest(document.bytes, document.len, sum, &len, EVP_sha256(), NULL), 1);
    for (unsigned i = 0; i < len; i++)
        snprintf(sha256 + 2 * i, 3, "%02x", sum[i]);
    document.len -= transfer_tail().len;
    document.bytes[document.len] = '\0';
    transfer_add_end(sha256, &document);
    err = transfer_decode(text_slice(&document), out, words, 200);
    text_fini(&document);
    text_fini(&state);
    return err;
}

#define ENTRY(sequence, reason)                                                                    \
    "{\"sequence\":" #sequence ",\"time_us\":1,\"epoch_before\":1,\"epoch\":2,\"duration_us\":3,"  \
    "\"kind\":\"switch\",\"outcome\":\"done\",\"name\":\"shop\",\"reason\":\"" reason "\"}"
#define PIN(tenant) "{\"name\":\"shop\",\"tenant\":\"" tenant "\",\"slot\":\"green\"}"

Test(transfer, a_good_document)
{
    struct transfer *transfer = NULL;
    char words[200];

    cr_assert_eq(decode(ENTRY(3, "a}]b") ",\n" ENTRY(7, "],"),
                        PIN("t1") ",\n" PIN("t2") ",\n"
                                                  "{\"name\":\"shop\",\"tenant\":\"t3\"}",
                        "{\"id\":1}", &transfer, words),
                 0, "%s", words);
    cr_expect_eq(transfer->entry_count, 2);
    cr_expect_str_eq(transfer->entries[0].reason, "a}]b");
    cr_expect_eq(transfer->entries[1].sequence, 7);
    cr_assert_eq(transfer->pins_count, 1);
    cr_expect_eq(transfer->pins[0].table.decided, 2);
    cr_expect_eq(transfer->pins[0].table.hidden, 1);
    cr_expect_str_eq(transfer->state->decisions.services[0]->active, "green");
    transfer_free(transfer);
    transfer = NULL;
    cr_assert_eq(decode("", "", "", &transfer, words), 0, "%s", words);
    cr_expect_eq(transfer->entry_count + transfer->pins_count, 0);
    transfer_free(transfer);
}

Test(transfer, wrong_inside)
{
    static const char *const cases[][3] = {
        { ENTRY(7, "a") ",\n" ENTRY(3, "b"), "", "" }, /* not in order */
        { ENTRY(10, "a"), "", "" },                    /* beyond the state's */
        { ENTRY(3, "a") ",\n{}", "", "" },
        { "nonsense", "", "" },
        { "", "{\"name\":\"shop\"}", "" },
        { "", PIN("no tenant"), "" },
        { "",
          "{\"name\":\"a\",\"tenant\":\"t\",\"slot\":\"s\"},\n" PIN(
              "t") ",\n"
                   "{\"name\":\"a\",\"tenant\":\"u\",\"slot\":\"s\"}",
          "" }, /* one scope in two places */
        { "", "", "[1" },
        { "", "", "{\"id\":1},\n" },
        { "{}],\"pins\":[\n", "", "" },
    };
    struct transfer *transfer = NULL;
    char words[200];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(decode(cases[i][0], cases[i][1], cases[i][2], &transfer, words), ERR_CORRUPT,
                     "case %zu", i);
        cr_expect(strlen(words) > 0, "case %zu", i);
    }
}

Test(transfer, not_a_document)
{
    static const char *const texts[] = { "", "{}", "\"sha256\":\"", "hello\nworld\n" };
    struct transfer *transfer = NULL;
    char words[200];

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_expect_eq(transfer_decode(slice_from(texts[i]), &transfer, words, sizeof words),
                     ERR_CORRUPT);
    transfer_free(NULL);
}
