/* The first walk over the tokens: see outline_priv.h. */
#include "config/outline_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "config/option_table_priv.h"
#include "config/report.h"

#define ROWS_MAX 512 /* of options.def */

struct title {
    enum block_id block;
    size_t first; /* token of the block's word; the title is the next one */
    size_t end;   /* after its closing brace */
    const char *text;
};

struct outline {
    struct scan *scan;
    size_t at;
    size_t secret_end; /* after the last value of a secret: what follows may be a part of it */
    bool is_broken;    /* the grammar will say where and why */
    bool is_unclosed;  /* said already */
};

/* What one block has seen so far. */
struct frame {
    enum block_id block;
    size_t seen_options[ROWS_MAX]; /* token + 1 of the first; 0: not yet */
    size_t seen_blocks[BLOCK_COUNT];
    size_t block_counts[BLOCK_COUNT];
    struct title *titles;
    size_t title_count;
    size_t title_capacity;
};

static void walk_block(struct outline *outline, enum block_id block, size_t opened_by);

#define COMPLAIN(outline, token, ...)                                                              \
    report_error_at((outline)->scan->report, scan_place_of((outline)->scan, (token)), __VA_ARGS__)

static bool is_kind(const struct outline *outline, size_t at, enum token_kind kind)
{
    return at < outline->scan->count && outline->scan->tokens[at].kind == kind;
}

static void skip_tokens(struct outline *outline, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        outline->scan->tokens[i].is_skipped = true;
}

/* The token after the closing sign that fits the opening one at `at`, or the end. */
static size_t find_close(const struct outline *outline, size_t at, enum token_kind open,
                         enum token_kind close)
{
    size_t depth = 0;

    for (; at < outline->scan->count; at++) {
        if (is_kind(outline, at, open))
            depth++;
        else if (is_kind(outline, at, close) && --depth == 0)
            return at + 1;
    }
    return at;
}

/* The end of a statement of unknown meaning that starts at `at`. */
static size_t find_statement_end(const struct outline *outline, size_t at)
{
    at++;
    if (is_kind(outline, at, TOKEN_EQUALS) || is_kind(outline, at, TOKEN_APPEND)) {
        at++;
        if (is_kind(outline, at, TOKEN_OPEN))
            return find_close(outline, at, TOKEN_OPEN, TOKEN_CLOSE);
        return is_kind(outline, at, TOKEN_WORD) ? at + 1 : at;
    }
    if (is_kind(outline, at, TOKEN_OPEN_PAREN))
        return find_close(outline, at, TOKEN_OPEN_PAREN, TOKEN_CLOSE_PAREN);
    if (is_kind(outline, at, TOKEN_WORD) && is_kind(outline, at + 1, TOKEN_OPEN))
        at++;
    if (is_kind(outline, at, TOKEN_OPEN))
        return find_close(outline, at, TOKEN_OPEN, TOKEN_CLOSE);
    return at;
}

static const char *place_words(enum block_id block)
{
    return block == BLOCK_ROOT ? "the top level" : option_table_blocks[block].word;
}

static void refuse_unknown(struct outline *outline, enum block_id block, size_t at)
{
    struct slice word = slice_from(outline->scan->tokens[at].text);
    bool is_full = report_is_full(outline->scan->report); /* then words are lost time */
    const char *absent = option_table_find_absent(block, word);
    const char *near = is_full ? NULL : option_table_suggest(block, word);
    enum block_id elsewhere = is_full ? BLOCK_COUNT : option_table_elsewhere(block, word);
    size_t end = find_statement_end(outline, at);

    if (at > 0 && at == outline->secret_end &&
        outline->scan->tokens[at].line == outline->scan->tokens[at - 1].line)
        COMPLAIN(outline, at, "a word behind a secret; put the whole secret into quotes");
    else if (absent != NULL)
        COMPLAIN(outline, at, "'%s' is not available in this version; remove the %s", word.ptr,
                 absent);
    else if (near != NULL)
        COMPLAIN(outline, at, "unknown '%s' in %s; did you mean '%s'?", word.ptr,
                 place_words(block), near);
    else if (elsewhere != BLOCK_COUNT)
        COMPLAIN(outline, at, "unknown '%s' in %s; it belongs in %s", word.ptr, place_words(block),
                 place_words(elsewhere));
    else
        COMPLAIN(outline, at, "unknown '%s' in %s; remove it or see the reference of options",
                 word.ptr, place_words(block));
    skip_tokens(outline, at, end);
    outline->at = end;
}

static void walk_option(struct outline *outline, struct frame *frame, const struct option_row *row)
{
    size_t at = outline->at;
    size_t end = find_statement_end(outline, at);
    size_t *seen = &frame->seen_options[row - option_table_rows];
    bool is_list = is_kind(outline, at + 2, TOKEN_OPEN);

    outline->at = end;
    if (is_kind(outline, at + 1, TOKEN_APPEND)) {
        COMPLAIN(outline, at, "'%s' with +=; write the whole list with =", row->name);
        skip_tokens(outline, at, end);
        return;
    }
    if (!is_kind(outline, at + 1, TOKEN_EQUALS) ||
        !(is_list || is_kind(outline, at + 2, TOKEN_WORD))) {
        outline->is_broken = true;
        return;
    }
    if (*seen > 0) {
        COMPLAIN(outline, at, "'%s' is given twice, first in line %u; keep one of them", row->name,
                 scan_line_of(outline->scan, *seen - 1));
        skip_tokens(outline, at, end);
        return;
    }
    *seen = at + 1;
    if (row->kind == KIND_SECRET)
        outline->secret_end = end;
    if (is_list && !option_table_is_list(row->kind)) {
        COMPLAIN(outline, at, "'%s' takes one value, not a list; remove the braces", row->name);
        skip_tokens(outline, at, end);
    }
}

static void add_title(struct frame *frame, struct title title)
{
    if (frame->title_count == frame->title_capacity) {
        frame->title_capacity = frame->title_capacity > 0 ? 2 * frame->title_capacity : 8;
        frame->titles = mem_grow(frame->titles, frame->title_capacity, sizeof *frame->titles);
    }
    frame->titles[frame->title_count++] = title;
}

/* Skips the block at outline->at when there may be no further one; true when it did. */
static bool refuse_surplus_block(struct outline *outline, struct frame *frame, enum block_id block)
{
    const struct block_row *row = &option_table_blocks[block];
    size_t first = outline->at;
    size_t *seen = &frame->seen_blocks[block];

    if (!row->is_titled && *seen > 0) {
        COMPLAIN(outline, first, "a second block '%s', the first is in line %u; keep one of them",
                 row->word, scan_line_of(outline->scan, *seen - 1));
    } else if (row->is_titled && frame->block_counts[block] == row->most) {
        COMPLAIN(outline, first, "more than %zu blocks '%s'; remove some", row->most, row->word);
    } else {
        *seen = first + 1;
        frame->block_counts[block]++;
        return false;
    }
    outline->at = find_statement_end(outline, first);
    skip_tokens(outline, first, outline->at);
    return true;
}

static void walk_inner(struct outline *outline, struct frame *frame, enum block_id block)
{
    const struct block_row *row = &option_table_blocks[block];
    size_t first = outline->at;
    size_t open = row->is_titled ? first + 2 : first + 1;

    if (!is_kind(outline, open, TOKEN_OPEN) ||
        (row->is_titled && !is_kind(outline, first + 1, TOKEN_WORD))) {
        outline->is_broken = true;
        return;
    }
    if (refuse_surplus_block(outline, frame, block))
        return;
    outline->at = open + 1;
    walk_block(outline, block, first);
    if (row->is_titled)
        add_title(frame, (struct title){ block, first, outline->at,
                                         outline->scan->tokens[first + 1].text });
}

static void walk_statement(struct outline *outline, struct frame *frame)
{
    struct slice word = slice_from(outline->scan->tokens[outline->at].text);
    const struct option_row *row = option_table_find(frame->block, word);
    enum block_id inner = option_table_find_block(frame->block, word);

    if (row != NULL)
        walk_option(outline, frame, row);
    else if (inner != BLOCK_COUNT)
        walk_inner(outline, frame, inner);
    else
        refuse_unknown(outline, frame->block, outline->at);
}

static int compare_titles(const void *left, const void *right)
{
    const struct title *a = left;
    const struct title *b = right;
    int order = 0;

    if (a->block != b->block)
        return a->block < b->block ? -1 : 1;
    order = strcmp(a->text, b->text);
    if (order != 0)
        return order;
    return a->first < b->first ? -1 : a->first > b->first;
}

static void refuse_equal_titles(struct outline *outline, struct frame *frame)
{
    if (frame->title_count > 1)
        qsort(frame->titles, frame->title_count, sizeof *frame->titles, compare_titles);
    for (size_t i = 1; i < frame->title_count; i++) {
        const struct title *title = &frame->titles[i];
        const struct title *before = &frame->titles[i - 1];

        if (title->block != before->block || strcmp(title->text, before->text) != 0)
            continue;
        COMPLAIN(outline, title->first, "a second %s '%s', the first is in line %u; rename one",
                 option_table_blocks[title->block].word, title->text,
                 scan_line_of(outline->scan, before->first));
        skip_tokens(outline, title->first, title->end);
    }
}

static void walk_statements(struct outline *outline, struct frame *frame, size_t opened_by)
{
    struct scan *scan = outline->scan;

    while (!outline->is_broken && outline->at < scan->count) {
        if (is_kind(outline, outline->at, TOKEN_WORD)) {
            walk_statement(outline, frame);
        } else if (!is_kind(outline, outline->at, TOKEN_CLOSE)) {
            outline->is_broken = true;
        } else if (frame->block != BLOCK_ROOT) {
            scan->tokens[outline->at++].mate = opened_by;
            return;
        } else {
            COMPLAIN(outline, outline->at, "'}' without a block; remove it");
            skip_tokens(outline, outline->at, outline->at + 1);
            outline->at++;
        }
    }
    if (!outline->is_broken && frame->block != BLOCK_ROOT) {
        COMPLAIN(outline, opened_by, "block '%s' is not closed; add a '}'",
                 option_table_blocks[frame->block].word);
        outline->is_broken = true;
        outline->is_unclosed = true;
    }
}

static void walk_block(struct outline *outline, enum block_id block, size_t opened_by)
{
    struct frame frame = { .block = block };

    walk_statements(outline, &frame, opened_by);
    refuse_equal_titles(outline, &frame);
    free(frame.titles);
}

bool outline_check(struct scan *scan)
{
    struct outline outline = { .scan = scan };

    _Static_assert(BLOCK_ROOT == 0, "the root block comes first");
    CHECK(option_table_count <= ROWS_MAX);
    walk_block(&outline, BLOCK_ROOT, 0);
    return !outline.is_unclosed;
}
