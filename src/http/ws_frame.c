/* WebSocket frames followed by their heads: see http/ws_frame.h. */
#include "http/ws_frame.h"

#include <string.h>

#include "base/check.h"

/* SHORT_MAX: the largest length that stands in the second byte itself. CONTROL_MAX: payload of a control frame
 * (RFC 6455 5.5). REASON_MAX: what a Close has left behind its code. */
enum {
    OP_CLOSE = 8,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    CONTROL_MAX = 125,
    REASON_MAX = CONTROL_MAX - 2,
    MASK_BYTES = 4
};

void ws_frame_init(struct ws_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    frame->need = 2;
}

/* From the second byte: how long the head is in all. Opcodes that are not defined are followed all the same:
 * their frames have the same form. */
static void begin_head(struct ws_frame *frame)
{
    unsigned length = frame->head[1] & 0x7fu;
    bool is_control = (frame->head[0] & 0x08u) != 0;
    bool is_final = (frame->head[0] & 0x80u) != 0;

    if (is_control && (length > CONTROL_MAX || !is_final))
        frame->is_broken = true;
    if (length == LENGTH_16)
        frame->need = 4;
    else if (length == LENGTH_64)
        frame->need = 10;
    if ((frame->head[1] & 0x80u) != 0)
        frame->need = (uint8_t)(frame->need + MASK_BYTES);
}

/* The whole head is there: its payload follows. */
static void end_head(struct ws_frame *frame)
{
    unsigned length = frame->head[1] & 0x7fu;
    unsigned count = length == LENGTH_64 ? 8 : 2;

    frame->left = length;
    if (length >= LENGTH_16) {
        frame->left = 0;
        for (unsigned i = 0; i < count; i++)
            frame->left = frame->left << 8 | frame->head[2 + i];
    }
    if (frame->left >> 63 != 0) { /* reserved (RFC 6455 5.2) */
        frame->is_broken = true;
        return;
    }
    if ((frame->head[0] & 0x0fu) == OP_CLOSE)
        frame->is_closing = true;
    frame->have = 0;
    frame->need = 2;
}

static void take_head_byte(struct ws_frame *frame, uint8_t byte)
{
    CHECK(frame->have < sizeof frame->head);
    frame->head[frame->have++] = byte;
    if (frame->have == 2)
        begin_head(frame);
    if (!frame->is_broken && frame->have >= 2 && frame->have == frame->need)
        end_head(frame);
}

void ws_frame_pass(struct ws_frame *frame, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;

    while (count > 0 && !frame->is_broken) {
        if (frame->left > 0) {
            size_t size = frame->left < count ? (size_t)frame->left : count;

            frame->left -= size;
            at += size;
            count -= size;
        } else {
            take_head_byte(frame, *at++);
            count--;
        }
    }
}

bool ws_frame_is_between(const struct ws_frame *frame)
{
    return !frame->is_broken && frame->have == 0 && frame->left == 0;
}

uint64_t ws_frame_skippable(const struct ws_frame *frame)
{
    return frame->is_broken ? 0 : frame->left;
}

void ws_frame_skip(struct ws_frame *frame, uint64_t count)
{
    CHECK(count <= frame->left);
    frame->left -= count;
}

size_t ws_frame_close(unsigned code, const char *reason, uint32_t mask, void *out)
{
    uint8_t *bytes = out;
    size_t reason_size = strnlen(reason, REASON_MAX);
    size_t at = 2;
    uint8_t *payload = NULL;

    bytes[0] = 0x80u | OP_CLOSE;
    bytes[1] = (uint8_t)((mask != 0 ? 0x80u : 0u) | (2 + reason_size));
    for (unsigned i = 0; mask != 0 && i < MASK_BYTES; i++)
        bytes[at++] = (uint8_t)(mask >> (24 - 8 * i));
    payload = bytes + at;
    payload[0] = (uint8_t)(code >> 8);
    payload[1] = (uint8_t)code;
    memcpy(payload + 2, reason, reason_size);
    for (size_t i = 0; mask != 0 && i < 2 + reason_size; i++)
        payload[i] ^= (uint8_t)(mask >> (24 - 8 * (i % MASK_BYTES)));
    return at + 2 + reason_size;
}
