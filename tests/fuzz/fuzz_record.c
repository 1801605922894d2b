/* room: evidence
 *
 * Any bytes as a record. Input that begins with 'W' gets a head and a checksum that fit, so that what lies behind
 * them is reached as well. What is taken must come out the same when it is replayed again, and must bear other
 * settings.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "evidence/record_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static struct record_replay first;
static struct record_replay again;

static void check_again(struct slice bytes)
{
    static const struct record_override other = { "error_margin", "0.02" };
    char words[RECORD_WORDS];

    CHECK(record_replay(bytes, NULL, 0, &again, words) == 0);
    CHECK(again.is_same == first.is_same && again.tick_count == first.tick_count);
    CHECK(again.replayed.count == first.replayed.count);
    words[0] = '\0';
    if (record_replay(bytes, &other, 1, &again, words) == 0)
        CHECK(again.tick_count == first.tick_count);
    else
        CHECK(words[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct slice input = slice_of((const char *)bytes, count);
    char *wrapped = NULL;
    char words[RECORD_WORDS] = "";

    if (count > 0 && bytes[0] == 'W') {
        size_t end = RECORD_HEAD + count - 1;

        wrapped = malloc(end + RECORD_SUM);
        memcpy(wrapped, RECORD_MAGIC, RECORD_HEAD - 1);
        wrapped[RECORD_HEAD - 1] = RECORD_VERSION;
        memcpy(wrapped + RECORD_HEAD, bytes + 1, count - 1);
        record_put_sum(record_sum(slice_of(wrapped, end)), wrapped + end);
        input = slice_of(wrapped, end + RECORD_SUM);
    }
    if (record_replay(input, NULL, 0, &first, words) == 0)
        check_again(input);
    else
        CHECK(words[0] != '\0');
    free(wrapped);
    return 0;
}
