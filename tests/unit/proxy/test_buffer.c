/* Buffers in three sizes: proxy/buffer.h. */
#include <criterion/criterion.h>
#include <string.h>

#include "proxy/buffer.h"

static struct buffer_shelf shelf;

static void set_up(void)
{
    buffer_shelf_init(&shelf);
}

static void tear_down(void)
{
    buffer_shelf_fini(&shelf);
}

TestSuite(buffer, .init = set_up, .fini = tear_down);

Test(buffer, sizes)
{
    static const uint32_t capacities[] = { BUFFER_SMALL, BUFFER_MEDIUM,
                                           BUFFER_BODY + BUFFER_SLACK };

    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        struct buffer *buffer = buffer_lease(&shelf, class);

        cr_assert_eq(buffer->capacity, capacities[class]);
        cr_assert_eq(buffer->end, 0);
        memset(buffer->bytes, 'x', buffer->capacity); /* all of it is ours */
        buffer_return(&shelf, buffer);
    }
}

Test(buffer, grows_with_its_bytes)
{
    struct buffer *buffer = buffer_lease(&shelf, CLASS_SMALL);

    memset(buffer->bytes, 'a', buffer->capacity);
    buffer->end = buffer->capacity;
    for (int i = 0; i < 2; i++) {
        buffer = buffer_grow(&shelf, buffer);
        cr_assert_not_null(buffer);
        cr_assert_eq(buffer->end, BUFFER_SMALL);
        for (int at = 0; at < BUFFER_SMALL; at++)
            cr_assert_eq(buffer->bytes[at], 'a');
    }
    cr_assert_null(buffer_grow(&shelf, buffer), "there is nothing larger");
    buffer_return(&shelf, buffer);
    buffer_return(&shelf, NULL);
}

Test(buffer, is_empty_when_leased_again)
{
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        struct buffer *buffer = buffer_lease(&shelf, class);

        buffer->end = 100;
        buffer_return(&shelf, buffer);
        buffer = buffer_lease(&shelf, class);
        cr_assert_eq(buffer->end, 0);
        buffer_return(&shelf, buffer);
    }
}

/* A burst of large ones is given back to the heap but for a few. */
Test(buffer, keeps_few_large_ones)
{
    struct buffer *many[100];

    for (int i = 0; i < 100; i++)
        many[i] = buffer_lease(&shelf, CLASS_LARGE);
    for (int i = 0; i < 100; i++)
        buffer_return(&shelf, many[i]);
    cr_assert(shelf.large_count > 0 && shelf.large_count <= 16);
}
