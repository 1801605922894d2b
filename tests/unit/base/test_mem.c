/* Memory of sizes we choose. */
#include "base/mem.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

Test(mem, zero_bytes_are_memory_too)
{
    void *pointers[] = { mem_alloc(0), mem_zalloc(0), mem_zalloc_aligned(64, 0),
                         mem_grow(NULL, 0, 8) };

    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++) {
        cr_expect_not_null(pointers[i]);
        free(pointers[i]);
    }
}

Test(mem, is_zero_and_aligned)
{
    for (size_t alignment = 16; alignment <= 4096; alignment *= 2) {
        for (size_t size = 1; size < 300; size += 37) {
            void *ptr = mem_zalloc_aligned(alignment, size);

            cr_expect_eq((uintptr_t)ptr % alignment, 0);
            cr_expect(is_zero(ptr, size));
            memset(ptr, 1, size);
            free(ptr);
        }
    }
}

Test(mem, grows_and_keeps)
{
    uint32_t *numbers = NULL;

    for (uint32_t i = 0; i < 1000; i++) {
        numbers = mem_grow(numbers, i + 1, sizeof *numbers);
        numbers[i] = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        cr_assert_eq(numbers[i], i);
    free(numbers);
}

Test(mem, a_product_beyond_size_is_a_bug, .signal = SIGABRT)
{
    free(mem_grow(NULL, SIZE_MAX / 2, 3));
}

Test(mem, copies_text)
{
    char *none = mem_text(NULL);
    char *whole = mem_text("abc");
    char *part = mem_text_of("abcdef", 2);
    char *empty = mem_text_of(NULL, 0);
    char *format = mem_format("%s/%d", "a", 5);

    cr_expect_null(none);
    cr_expect_str_eq(whole, "abc");
    cr_expect_str_eq(part, "ab");
    cr_expect_str_eq(empty, "");
    cr_expect_str_eq(format, "a/5");
    free(whole);
    free(part);
    free(empty);
    free(format);
}

struct outer {
    int before;
    int member;
};

Test(mem, container_of_leads_back)
{
    struct outer outer = { 1, 2 };

    cr_expect_eq(container_of(&outer.member, struct outer, member), &outer);
}
