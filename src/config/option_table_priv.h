/*
 * The rows of options.def as tables, and how to find one by its words. Constant, any thread.
 */
#ifndef CONFIG_OPTION_TABLE_PRIV_H
#define CONFIG_OPTION_TABLE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "config/option_kind_priv.h"

enum block_id {
#define BLOCK(id, ...)    BLOCK_##id,
#define OPTIONAL(id, ...) BLOCK_##id,
#define BLOCKS(id, ...)   BLOCK_##id,
#define OPTION(...)
#define ABSENT(...)
#include "config/options.def"
#undef BLOCK
#undef OPTIONAL
#undef BLOCKS
#undef OPTION
#undef ABSENT
    BLOCK_COUNT
};

struct block_row {
    const char *word;
    const char *sentence;
    enum block_id parent;
    enum block_id options_of;
    bool is_titled;
    bool is_optional;    /* absent: the struct stays zero */
    size_t offset;       /* in the parent's struct: of the struct, or of the pointer to the array */
    size_t count_offset; /* titled: of the count */
    size_t element_size; /* titled: of one; optional: of the struct */
    size_t most;         /* titled: how many there may be */
};

struct option_row {
    enum block_id block;
    const char *name;
    enum option_kind kind;
    size_t offset; /* in the block's struct */
    const char *fallback;
    uint64_t min;
    uint64_t max;
    const char *unit;
    bool is_live; /* a reload is enough */
    const char *sentence;
};

extern const struct block_row option_table_blocks[BLOCK_COUNT];
extern const struct option_row option_table_rows[];
extern const size_t option_table_count;

/* NULL when the block has no such option. The block may be one that borrows its rows. */
const struct option_row *option_table_find(enum block_id block, struct slice name);

/* BLOCK_COUNT when the parent has no such block. */
enum block_id option_table_find_block(enum block_id parent, struct slice word);

/* "block" or "option" when it is a word of the design that is not available; else NULL. */
const char *option_table_find_absent(enum block_id block, struct slice name);

/* False for an optional block that was absent. */
bool option_table_is_on(enum block_id block, const void *base);

/* Has any block an option of this name that is a secret? */
bool option_table_is_secret(struct slice name);

bool option_table_is_list(enum option_kind kind);

/* The nearest known word of the block by edit distance; NULL when none is near. */
const char *option_table_suggest(enum block_id block, struct slice word);

/* A block other than `block` that has an option or block of this very name; BLOCK_COUNT if none. */
enum block_id option_table_elsewhere(enum block_id block, struct slice word);

/* Edits that turn a into b; large when either is longer than 40 bytes. */
size_t option_table_distance(struct slice a, struct slice b);

#endif
