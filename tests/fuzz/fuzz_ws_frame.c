/* room: http */
/*
 * WebSocket frames against a reference that looks at the whole text at once. The first byte of the input chooses
 * the pieces in which the rest is passed, the second how much of a payload is skipped instead of passed: what is
 * known at the end must be the same in all ways.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "fuzz_ws_frame: %d: %s\n", __LINE__, #condition);                      \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct state {
    bool is_between;
    bool is_closing;
    bool is_broken;
    uint64_t left;
};

/* One frame of `size` bytes at `bytes`: how many of them it has; 0: the rest is not a whole head. */
static uint64_t measure(const uint8_t *bytes, size_t size, struct state *state)
{
    size_t head = 2;
    uint64_t payload = 0;

    if (size < 2)
        return 0;
    if ((bytes[0] & 8) != 0 && ((bytes[1] & 0x7f) > 125 || (bytes[0] & 0x80) == 0)) {
        state->is_broken = true;
        return 0;
    }
    payload = bytes[1] & 0x7f;
    head += payload == 126 ? 2 : payload == 127 ? 8 : 0;
    head += (bytes[1] & 0x80) != 0 ? 4 : 0;
    if (size < head)
        return 0;
    if (payload == 126)
        payload = (uint64_t)bytes[2] << 8 | bytes[3];
    else if (payload == 127) {
        payload = 0;
        for (int i = 2; i < 10; i++)
            payload = payload * 256 + bytes[i];
    }
    if (payload > INT64_MAX) {
        state->is_broken = true;
        return 0;
    }
    if ((bytes[0] & 15) == 8)
        state->is_closing = true;
    return head + payload;
}

static struct state refer(const uint8_t *bytes, size_t size)
{
    struct state state = { .is_between = true };

    while (size > 0) {
        uint64_t whole = measure(bytes, size, &state);

        state.is_between = false;
        if (whole == 0)
            return state;
        if (whole > size) {
            state.left = whole - size;
            return state;
        }
        bytes += whole;
        size -= (size_t)whole;
        state.is_between = true;
    }
    return state;
}

static struct state follow(const uint8_t *bytes, size_t size, size_t piece, uint64_t skipped)
{
    struct ws_frame frame;

    ws_frame_init(&frame);
    while (size > 0) {
        size_t count = piece < size ? piece : size;
        uint64_t skip = ws_frame_skippable(&frame);
        uint8_t *copy = NULL;

        if (skip > skipped)
            skip = skipped;
        if (skip > 0) {
            count = skip < size ? (size_t)skip : size;
            ws_frame_skip(&frame, count);
        } else {
            copy = malloc(count);
            REQUIRE(copy != NULL);
            memcpy(copy, bytes, count);
            ws_frame_pass(&frame, copy, count);
            free(copy);
        }
        bytes += count;
        size -= count;
    }
    return (struct state){ ws_frame_is_between(&frame), frame.is_closing, frame.is_broken,
                           ws_frame_skippable(&frame) };
}

static void compare(struct state is, struct state should)
{
    REQUIRE(is.is_between == should.is_between);
    REQUIRE(is.is_closing == should.is_closing);
    REQUIRE(is.is_broken == should.is_broken);
    REQUIRE(is.left == should.left);
}

/* A Close of ours, whatever its reason, ends between frames. */
static void check_close(const uint8_t *bytes, size_t size, uint32_t mask)
{
    char reason[160] = "";
    uint8_t out[131];
    struct state state;

    memcpy(reason, bytes, size < sizeof reason - 1 ? size : sizeof reason - 1);
    state = refer(out, ws_frame_close(1012, reason, mask, out));
    REQUIRE(state.is_between && state.is_closing && !state.is_broken);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct state should;

    if (size < 2)
        return 0;
    should = refer(bytes + 2, size - 2);
    compare(follow(bytes + 2, size - 2, size, 0), should);
    compare(follow(bytes + 2, size - 2, 1, 0), should);
    compare(follow(bytes + 2, size - 2, bytes[0] + 1u, 0), should);
    compare(follow(bytes + 2, size - 2, bytes[0] + 1u, bytes[1]), should);
    check_close(bytes + 2, size - 2, bytes[1]);
    return 0;
}
