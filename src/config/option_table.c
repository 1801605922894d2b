/* The tables made from options.def and the search in them: see option_table_priv.h. */
#include "config/option_table_priv.h"

#include <string.h>

#include "config/config.h"

#define MS(n)      ((n)*1000ull)
#define MINUTES(n) ((n)*60000000ull)
#define HOURS(n)   ((n)*3600000000ull)
#define KIB(n)     ((n)*1024ull)
#define MIB(n)     ((n)*1048576ull)
#define ONE        1000000ull /* of what is kept in millionths */
#define LIVE       true
#define RESTART    false

#define WORD_MAX   40

const struct block_row option_table_blocks[BLOCK_COUNT] = {
#define BLOCK(id, above, name, rows_of, type, member, text)                                        \
    [BLOCK_##id] = { .word = (name),                                                               \
                     .sentence = (text),                                                           \
                     .parent = BLOCK_##above,                                                      \
                     .options_of = BLOCK_##rows_of,                                                \
                     .offset = offsetof(type, member) },
#define OPTIONAL(id, above, name, type, member, text)                                              \
    [BLOCK_##id] = { .word = (name),                                                               \
                     .sentence = (text),                                                           \
                     .parent = BLOCK_##above,                                                      \
                     .options_of = BLOCK_##id,                                                     \
                     .is_optional = true,                                                          \
                     .offset = offsetof(type, member),                                             \
                     .element_size = sizeof((type *)0)->member },
#define BLOCKS(id, above, name, type, member, count, high, text)                                   \
    [BLOCK_##id] = { .word = (name),                                                               \
                     .sentence = (text),                                                           \
                     .parent = BLOCK_##above,                                                      \
                     .options_of = BLOCK_##id,                                                     \
                     .is_titled = true,                                                            \
                     .offset = offsetof(type, member),                                             \
                     .count_offset = offsetof(type, count),                                        \
                     .element_size = sizeof *((type *)0)->member,                                  \
                     .most = (high) },
#define OPTION(...)
#define ABSENT(...)
#include "config/options.def"
#undef BLOCK
#undef OPTIONAL
#undef BLOCKS
#undef OPTION
#undef ABSENT
};

const struct option_row option_table_rows[] = {
#define BLOCK(...)
#define OPTIONAL(...)
#define BLOCKS(...)
#define OPTION(in, word, type_word, type, member, value, low, high, of, reload, text)              \
    { .block = BLOCK_##in,                                                                         \
      .name = (word),                                                                              \
      .kind = KIND_##type_word,                                                                    \
      .offset = offsetof(type, member),                                                            \
      .fallback = (value),                                                                         \
      .min = (low),                                                                                \
      .max = (high),                                                                               \
      .unit = (of),                                                                                \
      .is_live = (reload),                                                                         \
      .sentence = (text) },
#define ABSENT(...)
#include "config/options.def"
#undef BLOCK
#undef OPTIONAL
#undef BLOCKS
#undef OPTION
#undef ABSENT
};

const size_t option_table_count = sizeof option_table_rows / sizeof option_table_rows[0];

struct absent_row {
    enum block_id block;
    const char *name;
    const char *what;
};

static const struct absent_row absent_rows[] = {
#define BLOCK(...)
#define OPTIONAL(...)
#define BLOCKS(...)
#define OPTION(...)
#define ABSENT(in, word, kind) { BLOCK_##in, (word), (kind) },
#include "config/options.def"
#undef BLOCK
#undef OPTIONAL
#undef BLOCKS
#undef OPTION
#undef ABSENT
};

const struct option_row *option_table_find(enum block_id block, struct slice name)
{
    enum block_id owner = option_table_blocks[block].options_of;

    for (size_t i = 0; i < option_table_count; i++)
        if (option_table_rows[i].block == owner &&
            slice_is_equal(slice_from(option_table_rows[i].name), name))
            return &option_table_rows[i];
    return NULL;
}

enum block_id option_table_find_block(enum block_id parent, struct slice word)
{
    for (enum block_id id = BLOCK_ROOT + 1; id < BLOCK_COUNT; id++)
        if (option_table_blocks[id].parent == parent &&
            slice_is_equal(slice_from(option_table_blocks[id].word), word))
            return id;
    return BLOCK_COUNT;
}

const char *option_table_find_absent(enum block_id block, struct slice name)
{
    enum block_id owner = option_table_blocks[block].options_of;

    for (size_t i = 0; i < sizeof absent_rows / sizeof absent_rows[0]; i++)
        if (absent_rows[i].block == owner && slice_is_equal(slice_from(absent_rows[i].name), name))
            return absent_rows[i].what;
    return NULL;
}

bool option_table_is_on(enum block_id block, const void *base)
{
    const struct block_row *row = &option_table_blocks[block];
    const unsigned char *bytes = base;

    for (size_t i = 0; row->is_optional && i < row->element_size; i++)
        if (bytes[i] != 0)
            return true;
    return !row->is_optional;
}

bool option_table_is_secret(struct slice name)
{
    for (size_t i = 0; i < option_table_count; i++)
        if (option_table_rows[i].kind == KIND_SECRET &&
            slice_is_equal(slice_from(option_table_rows[i].name), name))
            return true;
    return false;
}

bool option_table_is_list(enum option_kind kind)
{
    return kind >= KIND_NETS;
}

size_t option_table_distance(struct slice a, struct slice b)
{
    size_t row[WORD_MAX + 1];

    if (a.len > WORD_MAX || b.len > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = corner + (a.ptr[i - 1] != b.ptr[j - 1]);

            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            corner = row[j];
            row[j] = best;
        }
    }
    return row[b.len];
}

static void prefer_nearer(struct slice word, const char *candidate, const char **best,
                          size_t *best_distance)
{
    size_t distance = option_table_distance(word, slice_from(candidate));

    if (distance < *best_distance) {
        *best_distance = distance;
        *best = candidate;
    }
}

const char *option_table_suggest(enum block_id block, struct slice word)
{
    enum block_id owner = option_table_blocks[block].options_of;
    const char *best = NULL;
    size_t distance = word.len < 4 ? 2 : 3; /* farther away it is another word */

    for (size_t i = 0; i < option_table_count; i++)
        if (option_table_rows[i].block == owner)
            prefer_nearer(word, option_table_rows[i].name, &best, &distance);
    for (enum block_id id = BLOCK_ROOT + 1; id < BLOCK_COUNT; id++)
        if (option_table_blocks[id].parent == block)
            prefer_nearer(word, option_table_blocks[id].word, &best, &distance);
    return best;
}

enum block_id option_table_elsewhere(enum block_id block, struct slice word)
{
    for (enum block_id id = BLOCK_ROOT; id < BLOCK_COUNT; id++)
        if (id != block && (option_table_find(id, word) != NULL ||
                            option_table_find_block(id, word) != BLOCK_COUNT))
            return id;
    return BLOCK_COUNT;
}
