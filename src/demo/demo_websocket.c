/* WebSocket frames of the demo app: see demo_websocket.h. */
#include "demo/demo_websocket.h"

#include <event2/buffer.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/check.h"

enum {
    OP_CLOSE = 8,
    OP_PING = 9,
    OP_PONG = 10,
    HEAD_MAX = 14,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    CONTROL_MAX = 125,
    PIECE = 16384,
    KEY_MAX = 256,
    CODE_PROTOCOL = 1002
};

void demo_websocket_accept(struct slice key, char out[DEMO_WEBSOCKET_ACCEPT])
{
    static const char salt[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_MAX + sizeof salt];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    size_t len = key.len < KEY_MAX ? key.len : KEY_MAX;

    memcpy(text, key.ptr, len);
    memcpy(text + len, salt, sizeof salt - 1);
    CHECK(EVP_Digest(text, len + sizeof salt - 1, digest, &size, EVP_sha1(), NULL) == 1);
    CHECK(size == 20);
    CHECK(EVP_EncodeBlock((unsigned char *)out, digest, (int)size) == DEMO_WEBSOCKET_ACCEPT - 1);
}

static enum demo_websocket_result fail(struct demo_websocket *websocket, struct evbuffer *output)
{
    const unsigned char close[] = { 0x88, 2, CODE_PROTOCOL >> 8, CODE_PROTOCOL & 0xff };

    evbuffer_add(output, close, sizeof close);
    websocket->is_over = true;
    return WEBSOCKET_OVER;
}

/* What a client may send: masked, no extension, control frames whole and short. */
static bool is_good_head(const unsigned char *head)
{
    unsigned opcode = head[0] & 0x0fu;
    unsigned length = head[1] & 0x7fu;

    if ((head[0] & 0x70u) != 0 || (head[1] & 0x80u) == 0)
        return false;
    if (opcode >= OP_CLOSE)
        return opcode <= OP_PONG && (head[0] & 0x80u) != 0 && length <= CONTROL_MAX;
    return opcode <= 2;
}

/* Our head for the same frame; a ping becomes a pong, a pong becomes nothing. */
static void add_head(const struct demo_websocket *websocket, const unsigned char *head,
                     size_t length_bytes, struct evbuffer *output)
{
    unsigned char out[HEAD_MAX];

    if (websocket->opcode == OP_PONG)
        return;
    memcpy(out, head, 2 + length_bytes);
    out[1] &= 0x7fu;
    if (websocket->opcode == OP_PING)
        out[0] = 0x80u | OP_PONG;
    evbuffer_add(output, out, 2 + length_bytes);
}

/* The head of the next frame; false: not all of it is there, or it is wrong (is_over). */
static bool take_head(struct demo_websocket *websocket, struct evbuffer *input,
                      struct evbuffer *output)
{
    unsigned char head[HEAD_MAX] = { 0 };
    size_t have = (size_t)evbuffer_copyout(input, head, sizeof head);
    unsigned length = head[1] & 0x7fu;
    size_t length_bytes = length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;

    if (have < 2)
        return false;
    if (!is_good_head(head)) {
        (void)fail(websocket, output);
        return false;
    }
    if (have < 2 + length_bytes + 4)
        return false;
    websocket->opcode = head[0] & 0x0fu;
    websocket->left = length_bytes == 0 ? length : 0;
    for (size_t i = 0; i < length_bytes; i++)
        websocket->left = websocket->left << 8 | head[2 + i];
    memcpy(websocket->mask, head + 2 + length_bytes, 4);
    websocket->mask_at = 0;
    evbuffer_drain(input, 2 + length_bytes + 4);
    add_head(websocket, head, length_bytes, output);
    return true;
}

/* One piece of payload, unmasked; how many bytes were taken. */
static size_t take_payload(struct demo_websocket *websocket, struct evbuffer *input,
                           struct evbuffer *output)
{
    unsigned char bytes[PIECE];
    size_t size = websocket->left < sizeof bytes ? (size_t)websocket->left : sizeof bytes;
    int count = evbuffer_remove(input, bytes, size);

    if (count <= 0)
        return 0;
    for (int i = 0; i < count; i++)
        bytes[i] ^= websocket->mask[websocket->mask_at++ & 3];
    websocket->mask_at &= 3;
    websocket->left -= (uint64_t)count;
    if (websocket->opcode != OP_PONG)
        evbuffer_add(output, bytes, (size_t)count);
    return (size_t)count;
}

enum demo_websocket_result demo_websocket_step(struct demo_websocket *websocket,
                                               struct evbuffer *input, struct evbuffer *output,
                                               size_t limit)
{
    size_t taken = 0;

    while (!websocket->is_over && taken < limit) {
        if (websocket->left == 0 && !take_head(websocket, input, output))
            break;
        while (websocket->left > 0) {
            size_t count = take_payload(websocket, input, output);

            if (count == 0)
                return WEBSOCKET_MORE;
            taken += count;
        }
        websocket->is_over = websocket->opcode == OP_CLOSE;
        taken++;
    }
    return websocket->is_over ? WEBSOCKET_OVER : WEBSOCKET_MORE;
}
