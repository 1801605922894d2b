/* Request bodies, however they are cut: src/control/api_body.c. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "control/api_body_priv.h"

enum { LIMIT = 64 };

/* Feeds the bytes `step` at a time; what is left over is given in *rest. */
static enum api_body_state take(struct api_body *body, const struct head *head, const char *bytes,
                                size_t step, size_t *rest)
{
    enum api_body_state state = api_body_init(body, head, LIMIT);
    size_t len = strlen(bytes);
    char kept[4096];
    size_t kept_len = 0;

    for (size_t at = 0; state == API_BODY_MORE && at < len;) {
        size_t piece = len - at < step ? len - at : step;
        size_t used = 0;

        memcpy(kept + kept_len, bytes + at, piece);
        kept_len += piece;
        at += piece;
        state = api_body_take(body, kept, kept_len, &used);
        memmove(kept, kept + used, kept_len - used);
        kept_len -= used;
    }
    *rest = kept_len;
    return state;
}

Test(api_body, length_and_chunks_in_any_pieces)
{
    static const struct {
        struct head head;
        const char *bytes;
        enum api_body_state state;
        const char *body;
        enum fault fault;
    } cases[] = {
        { { .framing = FRAMING_NONE }, "", API_BODY_DONE, "", FAULT_NONE },
        { { .framing = FRAMING_LENGTH, .length = 0 }, "", API_BODY_DONE, "", FAULT_NONE },
        { { .framing = FRAMING_LENGTH, .length = 5 }, "hello", API_BODY_DONE, "hello", FAULT_NONE },
        { { .framing = FRAMING_LENGTH, .length = 6 }, "hello", API_BODY_MORE, "hello", FAULT_NONE },
        { { .framing = FRAMING_LENGTH, .length = 65 }, "", API_BODY_BAD, "", FAULT_BODY_TOO_LARGE },
        { { .framing = FRAMING_CHUNKED },
          "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
          API_BODY_DONE,
          "hello",
          FAULT_NONE },
        { { .framing = FRAMING_CHUNKED }, "0\r\nX: y\r\n\r\n", API_BODY_DONE, "", FAULT_NONE },
        { { .framing = FRAMING_CHUNKED }, "2\r\nhe", API_BODY_MORE, "he", FAULT_NONE },
        { { .framing = FRAMING_CHUNKED }, "2\nhe", API_BODY_BAD, "", FAULT_BAD_CHUNK },
        { { .framing = FRAMING_CHUNKED }, "g\r\n", API_BODY_BAD, "", FAULT_BAD_CHUNK },
        { { .framing = FRAMING_CHUNKED },
          "40\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n1\r\nx\r\n",
          API_BODY_BAD,
          NULL,
          FAULT_BODY_TOO_LARGE },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t step = 1; step < 9; step += 3) {
            struct api_body body;
            size_t rest = 0;

            cr_expect_eq(take(&body, &cases[i].head, cases[i].bytes, step, &rest), cases[i].state,
                         "%zu by %zu", i, step);
            cr_expect_eq(body.fault, cases[i].fault, "%zu", i);
            if (cases[i].body != NULL)
                cr_expect_str_eq(body.bytes.bytes != NULL ? body.bytes.bytes : "", cases[i].body);
            api_body_fini(&body);
        }
}

Test(api_body, what_is_behind_it_is_left)
{
    struct head head = { .framing = FRAMING_LENGTH, .length = 2 };
    struct api_body body;
    size_t rest = 0;

    cr_expect_eq(take(&body, &head, "okGET", 5, &rest), API_BODY_DONE);
    cr_expect_eq(rest, 3);
    api_body_fini(&body);
}
