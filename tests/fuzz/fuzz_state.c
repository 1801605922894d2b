/* room: deploy
 *
 * Any bytes as a state file. Input that begins with 'W' is content that gets a right envelope first, so that what
 * lies behind the checksum is reached as well. What is taken must be written and read again as the same bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "deploy/envelope_priv.h"
#include "deploy/state_code_priv.h"
#include "deploy/state_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void encode(const struct state *state, struct text *out)
{
    struct state_picture picture = {
        .state = state,
        .decisions = &state->decisions,
        .generation = state->generation,
        .saved_wall_us = state->saved_wall_us,
        .keys_max = SIZE_MAX,
        .tail_max = SIZE_MAX,
    };

    text_init(out, 64 * 1024 * 1024);
    state_encode(&picture, out);
}

static void check_again(const struct state *state)
{
    struct state *again = NULL;
    struct text first;
    struct text second;
    char words[200];

    encode(state, &first);
    CHECK(state_decode(text_slice(&first), &again, words, sizeof words) == 0);
    encode(again, &second);
    CHECK(slice_is_equal(text_slice(&first), text_slice(&second)));
    state_free(again);
    text_fini(&first);
    text_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct slice input = slice_of((const char *)bytes, count);
    struct state *state = NULL;
    struct text wrapped;
    char words[200];

    text_init(&wrapped, 64 * 1024 * 1024);
    if (count > 0 && bytes[0] == 'W') {
        envelope_write(STATE_FORMAT, STATE_FORMAT_FIRST, 7, slice_of(input.ptr + 1, input.len - 1),
                       &wrapped);
        input = text_slice(&wrapped);
    }
    if (state_decode(input, &state, words, sizeof words) == 0)
        check_again(state);
    state_free(state);
    text_fini(&wrapped);
    return 0;
}
