/* Tags against the test cases of RFC 4231, whose HMAC-SHA256 is cut to 16 bytes here. */
#include "base/seal.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct vector {
    struct slice secret;
    struct slice text;
    const char *tag;
};

static char key_0b[20], key_aa20[20], key_aa131[131], text_dd[50], text_cd[50];
static char key_25[25];

static const struct vector vectors[] = {
    { { key_0b, 20 }, { "Hi There", 8 }, "b0344c61d8db38535ca8afceaf0bf12b" },
    { { "Jefe", 4 }, { "what do ya want for nothing?", 28 }, "5bdcc146bf60754e6a042426089575c7" },
    { { key_aa20, 20 }, { text_dd, 50 }, "773ea91e36800e46854db8ebd09181a7" },
    { { key_25, 25 }, { text_cd, 50 }, "82558a389a443c0ea4cc819899f2083a" },
    { { key_aa131, 131 },
      { "Test Using Larger Than Block-Size Key - Hash Key First", 54 },
      "60e431591ee0b67f0d8a26aacbf5b77f" },
};

static void fill(void)
{
    memset(key_0b, 0x0b, sizeof key_0b);
    memset(key_aa20, 0xaa, sizeof key_aa20);
    memset(key_aa131, 0xaa, sizeof key_aa131);
    memset(text_dd, 0xdd, sizeof text_dd);
    memset(text_cd, 0xcd, sizeof text_cd);
    for (size_t i = 0; i < sizeof key_25; i++)
        key_25[i] = (char)(i + 1);
}

Test(seal, makes_the_tags_of_rfc_4231, .init = fill)
{
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char tag[SEAL_TAG + 1];

        seal_make(vectors[i].secret, vectors[i].text, tag);
        cr_expect_str_eq(tag, vectors[i].tag, "case %zu", i);
    }
}

/* Of HMAC-SHA256 with an empty key and an empty text, as everybody computes it. */
Test(seal, takes_empty_texts)
{
    char tag[SEAL_TAG + 1];

    seal_make(slice_of(NULL, 0), slice_of(NULL, 0), tag);
    cr_expect_str_eq(tag, "b613679a0814d9ec772f95d778c35fc5");
}

Test(seal, believes_the_very_tag_only)
{
    struct slice secret = SLICE("Jefe");
    struct slice text = SLICE("what do ya want for nothing?");
    char tag[SEAL_TAG + 1];

    seal_make(secret, text, tag);
    cr_expect(seal_is_good(secret, text, slice_of(tag, SEAL_TAG)));
    cr_expect_not(seal_is_good(secret, text, slice_of(tag, SEAL_TAG - 1)));
    cr_expect_not(seal_is_good(secret, text, slice_of(NULL, 0)));
    cr_expect_not(seal_is_good(SLICE("jefe"), text, slice_of(tag, SEAL_TAG)));
    cr_expect_not(
        seal_is_good(secret, SLICE("what do ya want for nothing!"), slice_of(tag, SEAL_TAG)));
    for (size_t i = 0; i < SEAL_TAG; i++) {
        char was = tag[i];

        tag[i] = was == '0' ? '1' : '0';
        cr_expect_not(seal_is_good(secret, text, slice_of(tag, SEAL_TAG)), "digit %zu", i);
        tag[i] = was;
    }
    tag[0] = 'B'; /* capitals are not what we write */
    cr_expect_not(seal_is_good(secret, text, slice_of(tag, SEAL_TAG)));
}

Test(seal, compares_whole_texts)
{
    cr_expect(seal_is_same(SLICE(""), slice_of(NULL, 0)));
    cr_expect(seal_is_same(SLICE("abc"), SLICE("abc")));
    cr_expect_not(seal_is_same(SLICE("abc"), SLICE("abd")));
    cr_expect_not(seal_is_same(SLICE("abc"), SLICE("ab")));
    cr_expect_not(seal_is_same(SLICE("abc"), SLICE("")));
}

static void *make_many(void *arg)
{
    const struct vector *vector = arg;
    size_t wrong = 0;

    for (unsigned i = 0; i < 2000; i++) {
        char tag[SEAL_TAG + 1];

        seal_make(vector->secret, vector->text, tag);
        wrong += strcmp(tag, vector->tag) != 0;
    }
    return (void *)wrong;
}

Test(seal, serves_threads_at_once, .init = fill)
{
    pthread_t threads[COUNT(vectors)];

    for (size_t i = 0; i < COUNT(vectors); i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, make_many, (void *)(uintptr_t)&vectors[i]),
                     0);
    for (size_t i = 0; i < COUNT(vectors); i++) {
        void *wrong = NULL;

        pthread_join(threads[i], &wrong);
        cr_expect_null(wrong, "thread %zu", i);
    }
}
