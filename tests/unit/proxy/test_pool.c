/* Slabs of equal objects: proxy/pool.h. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "proxy/pool.h"

enum { COUNT = 2000 };

Test(pool, objects_are_apart_and_aligned)
{
    static const size_t sizes[] = { 8, 64, 100, 512, 700, 5000, 40000 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct pool pool;
        static unsigned char *objects[COUNT];
        unsigned count = sizes[i] > 1000 ? 50 : COUNT;

        pool_init(&pool, sizes[i]);
        cr_assert(pool.stride >= sizes[i]);
        for (unsigned at = 0; at < count; at++) {
            objects[at] = pool_get(&pool);
            cr_assert_eq((uintptr_t)objects[at] % 64, 0);
            memset(objects[at], (int)(at & 0xff), sizes[i]);
        }
        for (unsigned at = 0; at < count; at++) {
            cr_assert_eq(objects[at][0], at & 0xff);
            cr_assert_eq(objects[at][sizes[i] - 1], at & 0xff);
            pool_put(&pool, objects[at]);
        }
        pool_fini(&pool);
    }
}

Test(pool, what_was_put_last_is_used_first)
{
    struct pool pool;
    char *one = NULL;
    char *two = NULL;

    pool_init(&pool, 200);
    one = pool_get(&pool);
    two = pool_get(&pool);
    memset(one, 7, 200);
    pool_put(&pool, two);
    pool_put(&pool, one);
    if (pool_recycles()) {
        char *again = pool_get(&pool);

        cr_assert_eq(again, one);
        cr_assert_eq(again[100], 7, "what lies behind the first pointer survives");
        pool_put(&pool, again);
    }
    pool_fini(&pool);
}
