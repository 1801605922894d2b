/* Following WebSocket frames: every text is passed whole, byte by byte, and cut in two at every place. */
#include "http/ws_frame.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(literal) (literal), sizeof(literal) - 1

struct frame_case {
    const char *name;
    const char *bytes;
    size_t size;
    bool is_between; /* at the end */
    bool is_closing;
    bool is_broken;
    uint64_t left;
};

static const struct frame_case cases[] = {
    { "nothing", BYTES(""), true, false, false, 0 },
    { "first byte", BYTES("\x81"), false, false, false, 0 },
    { "empty text", BYTES("\x81\x00"), true, false, false, 0 },
    { "text", BYTES("\x81\x05hello"), true, false, false, 0 },
    { "cut text", BYTES("\x81\x05hel"), false, false, false, 2 },
    { "masked", BYTES("\x82\x83\x01\x02\x03\x04xyz"), true, false, false, 0 },
    { "masked, empty", BYTES("\x82\x80\x01\x02\x03\x04"), true, false, false, 0 },
    { "mask cut", BYTES("\x82\x80\x01\x02\x03"), false, false, false, 0 },
    { "fragments",
      BYTES("\x01\x01"
            "a"
            "\x00\x01"
            "b"
            "\x80\x01"
            "c"),
      true, false, false, 0 },
    { "ping between fragments",
      BYTES("\x01\x01"
            "a"
            "\x89\x02pi"
            "\x80\x01"
            "b"),
      true, false, false, 0 },
    { "16 bits",
      BYTES("\x82\x7e\x01\x00"
            "abc"),
      false, false, false, 253 },
    { "16 bits, masked",
      BYTES("\x82\xfe\xff\xff"
            "mask"),
      false, false, false, 65535 },
    { "16 bits, not the shortest form",
      BYTES("\x82\x7e\x00\x02"
            "ab"),
      true, false, false, 0 },
    { "64 bits",
      BYTES("\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00"
            "ab"),
      false, false, false, 4294967294u },
    { "64 bits, masked",
      BYTES("\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00"
            "mask"),
      false, false, false, 65536 },
    { "64 bits, the most", BYTES("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), false, false, false,
      INT64_MAX },
    { "64 bits, one too many", BYTES("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"), false, false,
      true, 0 },
    { "64 bits, cut", BYTES("\x82\x7f\x00\x00\x00\x00\x00\x00\x00"), false, false, false, 0 },
    { "extension bits", BYTES("\xc1\x01x"), true, false, false, 0 },
    { "opcode of an extension", BYTES("\x83\x01x"), true, false, false, 0 },
    { "close", BYTES("\x88\x02\x03\xe8"), true, true, false, 0 },
    { "close, empty", BYTES("\x88\x00"), true, true, false, 0 },
    { "close, cut", BYTES("\x88\x02\x03"), false, true, false, 1 },
    { "close head, cut", BYTES("\x88"), false, false, false, 0 },
    { "the longest control frame", BYTES("\x89\x7d"), false, false, false, 125 },
    { "a control frame too long", BYTES("\x89\x7e\x00\x7e"), false, false, true, 0 },
    { "a control frame in fragments", BYTES("\x09\x00"), false, false, true, 0 },
    { "a close too long", BYTES("\x88\x7f\x00\x00\x00\x00\x00\x00\x00\x01"), false, false, true,
      0 },
    { "broken stays broken", BYTES("\x09\x00\x81\x00\x81\x00"), false, false, true, 0 },
    { "no WebSocket", BYTES("HELO mail.example\r\n"), false, false, true, 0 },
};

enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

/* Passes what lies between from and to, out of a copy that ends there. */
static void pass(struct ws_frame *frame, const char *bytes, size_t from, size_t to)
{
    char *copy = malloc(to - from + 1);

    cr_assert_not_null(copy);
    memcpy(copy, bytes + from, to - from);
    ws_frame_pass(frame, copy, to - from);
    free(copy);
}

static void check(const struct ws_frame *frame, const struct frame_case *one, size_t cut)
{
    cr_assert_eq(ws_frame_is_between(frame), one->is_between, "%s cut at %zu", one->name, cut);
    cr_assert_eq(frame->is_closing, one->is_closing, "%s cut at %zu", one->name, cut);
    cr_assert_eq(frame->is_broken, one->is_broken, "%s cut at %zu", one->name, cut);
    cr_assert_eq(ws_frame_skippable(frame), one->left, "%s cut at %zu", one->name, cut);
}

Test(ws_frame, cut_in_two_anywhere)
{
    for (int i = 0; i < CASE_COUNT; i++)
        for (size_t cut = 0; cut <= cases[i].size; cut++) {
            struct ws_frame frame;

            ws_frame_init(&frame);
            pass(&frame, cases[i].bytes, 0, cut);
            pass(&frame, cases[i].bytes, cut, cases[i].size);
            check(&frame, &cases[i], cut);
        }
}

Test(ws_frame, byte_by_byte)
{
    for (int i = 0; i < CASE_COUNT; i++) {
        struct ws_frame frame;

        ws_frame_init(&frame);
        for (size_t at = 0; at < cases[i].size; at++)
            pass(&frame, cases[i].bytes, at, at + 1);
        check(&frame, &cases[i], SIZE_MAX);
    }
}

Test(ws_frame, skips_what_was_moved_unseen)
{
    struct ws_frame frame;

    ws_frame_init(&frame);
    ws_frame_pass(&frame, "\x82\x7e\x01\x00", 4);
    cr_assert_eq(ws_frame_skippable(&frame), 256);
    ws_frame_skip(&frame, 255);
    cr_assert_eq(ws_frame_skippable(&frame), 1);
    cr_assert_not(ws_frame_is_between(&frame));
    ws_frame_skip(&frame, 1);
    cr_assert(ws_frame_is_between(&frame));
    ws_frame_pass(&frame, "\x88\x00", 2);
    cr_assert(frame.is_closing);
    cr_assert(ws_frame_is_between(&frame));
}

Test(ws_frame, writes_a_close_of_a_server)
{
    unsigned char out[131];
    size_t size = ws_frame_close(1012, "service restart", 0, out);

    cr_assert_eq(size, 4 + strlen("service restart"));
    cr_assert_arr_eq(out, "\x88\x11\x03\xf4service restart", size);
    cr_assert_eq(ws_frame_close(1001, "", 0, out), 4);
    cr_assert_arr_eq(out, "\x88\x02\x03\xe9", 4);
}

Test(ws_frame, writes_a_masked_close_of_a_client)
{
    unsigned char out[131];
    const unsigned char mask[4] = { 0x01, 0x23, 0x45, 0x67 };
    const char plain[] = "\x03\xf4"
                         "bye";
    size_t size = ws_frame_close(1012, "bye", 0x01234567, out);

    cr_assert_eq(size, 2 + 4 + 5);
    cr_assert_arr_eq(out, "\x88\x85", 2);
    cr_assert_arr_eq(out + 2, mask, 4);
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(out[6 + i] ^ mask[i % 4], (unsigned char)plain[i]);
}

Test(ws_frame, a_reason_is_cut_to_what_a_control_frame_holds)
{
    char reason[200];
    unsigned char out[131];
    struct ws_frame frame;
    size_t size = 0;

    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    size = ws_frame_close(1012, reason, 7, out);
    cr_assert_eq(size, sizeof out);
    ws_frame_init(&frame);
    ws_frame_pass(&frame, out, size);
    cr_assert(ws_frame_is_between(&frame));
    cr_assert(frame.is_closing);
    cr_assert_not(frame.is_broken);
}
