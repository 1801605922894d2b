/* Which ids of clients are believed, and what ours look like: proxy/request_id.h. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "proxy/exchange.h"
#include "proxy/request_id.h"
#include "proxy/worker_priv.h"

Test(request_id, sane_ones)
{
    static const char *const sane[] = { "a", "0", "7f3b-22_x.y:z+/=@", "ABCxyz0123456789" };
    static const char *const insane[] = { "",    " a",     "a b", "a\"b", "a\nb", "<script>",
                                          "a;b", "\x80xy", "a,b", "a%b",  "a\\b" };
    char longest[130];

    for (size_t i = 0; i < sizeof sane / sizeof sane[0]; i++)
        cr_assert(request_id_is_sane(slice_from(sane[i])), "%s", sane[i]);
    for (size_t i = 0; i < sizeof insane / sizeof insane[0]; i++)
        cr_assert_not(request_id_is_sane(slice_from(insane[i])), "%s", insane[i]);
    memset(longest, 'a', sizeof longest);
    cr_assert(request_id_is_sane(slice_of(longest, 128)));
    cr_assert_not(request_id_is_sane(slice_of(longest, 129)));
    cr_assert_not(request_id_is_sane(slice_of("a\0b", 3)));
}

Test(request_id, ours_are_hexadecimal_and_differ)
{
    static struct exchange exchange;
    static struct worker worker = { .random = 1 };
    struct slice first;
    struct slice second;

    exchange.worker = &worker;
    arena_init(&exchange.arena, exchange.arena_first, sizeof exchange.arena_first, 65536);
    first = request_id_of(&exchange);
    second = request_id_of(&exchange);
    cr_assert_eq(first.len, 32);
    cr_assert_eq(second.len, 32);
    for (size_t i = 0; i < first.len; i++)
        cr_assert(isxdigit((unsigned char)first.ptr[i]) && !isupper((unsigned char)first.ptr[i]));
    cr_assert_not(slice_is_equal(first, second));
    arena_reset(&exchange.arena);
}
