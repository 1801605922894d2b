/* libConfuse and what it needs: see grammar_priv.h. */
#include "config/grammar_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/report.h"

/*
 * libConfuse gives its callbacks no argument of ours. Each block therefore carries one option that no
 * word of a file can name, whose simple value points to the grammar.
 */
#define SELF_NAME " "

static struct grammar *grammar_of(cfg_t *block)
{
    for (cfg_opt_t *opt = block->opts; opt->name != NULL; opt++)
        if (strcmp(opt->name, SELF_NAME) == 0)
            return (struct grammar *)opt->simple_value.ptr;
    return NULL;
}

static size_t token_of_line(const struct grammar *grammar, int line)
{
    if (grammar->line_count == 0)
        return 0;
    if (line < 1)
        line = 1;
    if ((size_t)line > grammar->line_count)
        return grammar->lines[grammar->line_count - 1];
    return grammar->lines[line - 1];
}

static void on_error(cfg_t *block, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void on_error(cfg_t *block, const char *format, va_list args)
{
    struct grammar *grammar = grammar_of(block);
    size_t token = 0;
    char words[512];

    if (grammar == NULL)
        return;
    token = token_of_line(grammar, block->line);
    vsnprintf(words, sizeof words, format, args);
    report_error_at(
        grammar->scan->report, scan_place_of(grammar->scan, token),
        "%s; options are 'name = value' or 'name = { value, … }', blocks 'name { … }' or "
        "'name title { … }'",
        words);
    grammar->error_count++;
}

static int on_value(cfg_t *block, cfg_opt_t *opt, const char *value, void *result)
{
    struct grammar *grammar = grammar_of(block);
    size_t len = strlen(value);
    struct located *located = NULL;

    (void)opt;
    if (grammar == NULL)
        return -1;
    located = mem_zalloc(sizeof *located + len + 1);
    located->token = token_of_line(grammar, block->line);
    memcpy(located->text, value, len);
    *(void **)result = located;
    return 0;
}

static cfg_opt_t *make_block(struct grammar *grammar, enum block_id block);

static void make_options(cfg_opt_t *opts, size_t *count, enum block_id block)
{
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table_rows[i];
        cfg_opt_t one = CFG_PTR_CB(row->name, 0, CFGF_NODEFAULT, on_value, free);

        if (row->block != option_table_blocks[block].options_of)
            continue;
        if (option_table_is_list(row->kind))
            one.flags |= CFGF_LIST;
        opts[(*count)++] = one;
    }
}

static void make_inner_blocks(struct grammar *grammar, cfg_opt_t *opts, size_t *count,
                              enum block_id block)
{
    for (enum block_id id = BLOCK_ROOT + 1; id < BLOCK_COUNT; id++) {
        const struct block_row *row = &option_table_blocks[id];
        cfg_opt_t one = CFG_SEC(row->word, NULL, CFGF_MULTI);

        if (row->parent != block)
            continue;
        if (row->is_titled)
            one.flags |= CFGF_TITLE | CFGF_NO_TITLE_DUPES;
        one.subopts = make_block(grammar, id);
        opts[(*count)++] = one;
    }
}

/* The options of a block and, inside them, of its inner blocks; ends by free_block. */
static cfg_opt_t *make_block(struct grammar *grammar, enum block_id block)
{
    cfg_opt_t *opts = mem_zalloc((option_table_count + BLOCK_COUNT + 2) * sizeof *opts);
    cfg_opt_t self = CFG_PTR_CB(SELF_NAME, 0, CFGF_NODEFAULT, on_value, NULL);
    cfg_opt_t end = CFG_END();
    size_t count = 0;

    self.simple_value.ptr = (void **)grammar;
    opts[count++] = self;
    make_options(opts, &count, block);
    make_inner_blocks(grammar, opts, &count, block);
    opts[count] = end;
    return opts;
}

static void free_block(cfg_opt_t *opts)
{
    for (cfg_opt_t *opt = opts; opt->name != NULL; opt++)
        if (opt->subopts != NULL)
            free_block(opt->subopts);
    free(opts);
}

static void add_quoted(struct text *out, const char *word)
{
    text_add(out, "\"");
    for (; *word != '\0'; word++) {
        if (*word == '"' || *word == '\\' || *word == '$')
            text_add(out, "\\");
        text_add_slice(out, slice_of(word, 1));
    }
    text_add(out, "\"");
}

/* One token per line; words are quoted, so that nothing in them has a meaning again. */
static void write_lines(struct grammar *grammar, struct text *out)
{
    const struct scan *scan = grammar->scan;

    grammar->lines = mem_zalloc((scan->count + 1) * sizeof *grammar->lines);
    for (size_t i = 0; i < scan->count; i++) {
        const struct token *token = &scan->tokens[i];

        if (token->is_skipped)
            continue;
        if (token->kind == TOKEN_WORD)
            add_quoted(out, token->text);
        else
            text_add(out, scan_words(token));
        text_add(out, "\n");
        grammar->lines[grammar->line_count++] = i;
    }
}

int grammar_read(struct grammar *grammar, const struct scan *scan)
{
    cfg_opt_t *opts = NULL;
    struct text lines;
    int outcome = CFG_SUCCESS;

    memset(grammar, 0, sizeof *grammar);
    grammar->scan = scan;
    text_init(&lines, 16 * (size_t)SCAN_BYTES_MAX);
    write_lines(grammar, &lines);
    opts = make_block(grammar, BLOCK_ROOT);
    grammar->root = cfg_init(opts, CFGF_NONE);
    free_block(opts);
    CHECK(grammar->root != NULL);
    cfg_set_error_function(grammar->root, on_error);
    if (lines.len > 0)
        outcome = cfg_parse_buf(grammar->root, lines.bytes);
    text_fini(&lines);
    if (outcome != CFG_SUCCESS && grammar->error_count == 0)
        report_error(scan->report, scan_file_of(scan, 0), 0, "this file cannot be understood");
    return outcome == CFG_SUCCESS ? ERR_OK : ERR_INVALID;
}

void grammar_fini(struct grammar *grammar)
{
    if (grammar->root != NULL)
        cfg_free(grammar->root);
    free(grammar->lines);
    memset(grammar, 0, sizeof *grammar);
}

bool grammar_is_given(cfg_t *block, const char *name)
{
    cfg_opt_t *opt = block != NULL ? cfg_getopt(block, name) : NULL;

    return opt != NULL && (opt->flags & CFGF_MODIFIED) != 0;
}

size_t grammar_value_count(cfg_t *block, const char *name)
{
    return block != NULL ? cfg_size(block, name) : 0;
}

const struct located *grammar_value(cfg_t *block, const char *name, size_t index)
{
    return cfg_getnptr(block, name, (unsigned)index);
}

size_t grammar_block_count(cfg_t *block, const char *word)
{
    return block != NULL ? cfg_size(block, word) : 0;
}

cfg_t *grammar_block(cfg_t *block, const char *word, size_t index)
{
    return cfg_getnsec(block, word, (unsigned)index);
}

size_t grammar_block_token(const struct grammar *grammar, const cfg_t *block)
{
    return grammar->scan->tokens[token_of_line(grammar, block->line)].mate;
}
