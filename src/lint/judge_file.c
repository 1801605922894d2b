/* Judging one file: see judge_file_priv.h. */
#include "lint/judge_file_priv.h"

#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "lint/annotation_priv.h"
#include "lint/lexer_priv.h"

enum { ADVICE_SUM_MAX = 40, SCORE_MAX = 100, WORDS_MAX = 500 };

/* Statements of a text, one after the other. */
struct splitter {
    const struct lexer *lexer;
    PgQuerySplitResult split;
    bool is_exact; /* PostgreSQL's parser took all of it */
    size_t piece;
    int at;
};

/* --- where statements begin and end --- */

static void splitter_init(struct splitter *splitter, const struct lexer *lexer)
{
    *splitter = (struct splitter){ .lexer = lexer };
    if (lexer->is_deep)
        return;
    splitter->split = pg_query_split_with_parser(lexer->text);
    splitter->is_exact = splitter->split.error == NULL;
}

static void splitter_fini(struct splitter *splitter)
{
    if (!splitter->lexer->is_deep)
        pg_query_free_split_result(splitter->split);
}

/* The next statement without the blanks and comments around it; false at the end. */
static bool splitter_next(struct splitter *splitter, struct lex_piece *out)
{
    const struct lexer *lexer = splitter->lexer;
    const PgQuerySplitStmt *next = NULL;
    size_t end = 0;

    if (!splitter->is_exact) {
        if (splitter->piece == lexer->piece_count)
            return false;
        *out = lexer->pieces[splitter->piece++];
        return true;
    }
    if (splitter->at == splitter->split.n_stmts)
        return false;
    next = splitter->split.stmts[splitter->at++];
    while (splitter->piece < lexer->piece_count &&
           lexer->pieces[splitter->piece].start < (size_t)next->stmt_location)
        splitter->piece++;
    if (splitter->piece == lexer->piece_count)
        return false;
    *out = lexer->pieces[splitter->piece];
    end = (size_t)next->stmt_location + (size_t)next->stmt_len;
    if (next->stmt_len > 0 && end > out->end) /* the parser saw one where the lexer saw two */
        out->end = end;
    return true;
}

/* --- one statement --- */

static struct lint_statement *add_statement(struct visit *visit, size_t offset, size_t length)
{
    struct lint_statement *statement = catalog_alloc(visit->arena, sizeof *statement);
    struct lint_statement **end =
        visit->statement != NULL ? &visit->statement->next : &visit->file->statements;

    statement->kind = statement->fingerprint = "";
    statement->offset = offset;
    statement->length = length;
    place_find(&visit->place, offset, &statement->line, &statement->column);
    statement->next = *end; /* findings set aside may stand behind it */
    *end = statement;
    visit->statement = statement;
    visit->last_finding = &statement->findings;
    visit->location = 0;
    visit->base = offset;
    return statement;
}

void judge_file_aside(struct visit *visit, const char *kind, size_t offset, size_t length)
{
    struct lint_statement *last =
        visit->statement != NULL ? visit->statement : visit->file->statements;

    while (last != NULL && last->next != NULL)
        last = last->next;
    visit->statement = last;
    (void)add_statement(visit, offset, length);
    visit->statement->kind = kind;
}

static bool contains_words(const char *text, const char *words)
{
    return strcasestr(text, words) != NULL;
}

static void find_parse_error(struct visit *visit, const char *message, int character)
{
    char words[WORDS_MAX];
    const char *hint = "";

    if (contains_words(visit->text, "drop value"))
        hint = "; an enum value cannot be dropped: forbid it by a CHECK, or build a new type in a "
               "new column";
    else if (visit->options->pg_version > 15)
        hint = "; the parser here is that of PostgreSQL 15 and may not know newer syntax";
    snprintf(words, sizeof words, "%.300s%s", message, hint);
    if (character > 0)
        visit->location = (int)place_of_character(slice_from(visit->text), (size_t)character);
    visit_find(visit, LINT_PARSE_ERROR, "", words);
    visit->location = 0;
}

static void note_fingerprint(struct visit *visit)
{
    PgQueryFingerprintResult result;

    if (visit->options->format != LINT_JSON)
        return;
    result = pg_query_fingerprint(visit->text);
    if (result.error == NULL)
        visit->statement->fingerprint = catalog_text(visit->arena, result.fingerprint_str);
    pg_query_free_fingerprint_result(result);
}

static void judge_parsed(struct visit *visit, const cJSON *tree)
{
    const cJSON *node = sql_tree_statement(tree);

    visit->statement->kind = catalog_text(visit->arena, sql_kind(node));
    visit->statement->is_parsed = true;
    visit->statement->is_open = visit->is_explicit;
    note_fingerprint(visit);
    visit_statement(visit, node);
    visit->statement->is_open = visit->statement->is_open || visit->is_explicit;
}

static void judge_statement(struct visit *visit, const struct lexer *lexer,
                            const struct lex_piece *piece)
{
    char *text = mem_text_of(lexer->text + piece->start, piece->end - piece->start);
    char words[WORDS_MAX];
    cJSON *tree = NULL;
    int character = 0;

    if (!visit_in_transaction(visit))
        visit->transaction++;
    visit->text = text;
    if (piece->is_deep) {
        visit_find(visit, LINT_OPAQUE_CODE, "", "the statement is nested too deeply");
    } else {
        switch (sql_tree_parse(text, &tree, words, sizeof words, &character)) {
        case SQL_PARSED: judge_parsed(visit, tree); break;
        case SQL_ERROR: find_parse_error(visit, words, character); break;
        case SQL_TOO_DEEP:
            visit_find(visit, LINT_OPAQUE_CODE, "", "the statement is nested too deeply");
            break;
        }
    }
    cJSON_Delete(tree);
    visit->text = "";
    free(text);
}

/* --- what the lexer saw --- */

static void judge_meta(struct visit *visit, const char *start, const char *words)
{
    struct lint_finding *finding = visit_find(visit, LINT_PSQL_META_COMMAND, "", words);

    if (strncmp(start, "\\i ", 3) == 0 || strncmp(start, "\\ir ", 4) == 0 ||
        strncmp(start, "\\include", 8) == 0)
        finding->points = 20; /* the other file is not followed */
    if (strncmp(start, "\\gexec", 6) == 0)
        visit_find(visit, LINT_DYNAMIC_SQL, "", "\\gexec runs what the query gives");
    if (strncmp(start, "\\copy", 5) == 0)
        visit_find(visit, LINT_COPY_FROM, "the table of \\copy", "");
}

static void judge_note(struct visit *visit, const char *bytes, const struct lex_note *note)
{
    char words[80];
    size_t len = note->end - note->start;

    snprintf(words, sizeof words, "%.*s", (int)(len < 70 ? len : 70), bytes + note->start);
    switch (note->kind) {
    case LEX_COMMENT:
    case LEX_COPY_DATA: return;
    case LEX_META:
        judge_file_aside(visit, "MetaCommand", note->start, len);
        judge_meta(visit, bytes + note->start, words);
        return;
    case LEX_VARIABLE:
        judge_file_aside(visit, "Variable", note->start, len);
        visit_find(visit, LINT_PSQL_VARIABLE, "", words);
        return;
    case LEX_LONG_NAME:
        judge_file_aside(visit, "Name", note->start, len);
        visit_find(visit, LINT_IDENTIFIER_TOO_LONG, "", words);
        return;
    }
}

/* The same variable or name is said once per file. */
static bool is_repeated(const struct lexer *lexer, const char *bytes, size_t at)
{
    const struct lex_note *note = &lexer->notes[at];
    size_t len = note->end - note->start;

    for (size_t i = at > 1000 ? at - 1000 : 0; i < at && note->kind != LEX_META; i++)
        if (lexer->notes[i].kind == note->kind &&
            lexer->notes[i].end - lexer->notes[i].start == len &&
            memcmp(bytes + lexer->notes[i].start, bytes + note->start, len) == 0)
            return true;
    return false;
}

static void judge_notes(struct visit *visit, const struct lexer *lexer, const char *bytes)
{
    for (size_t i = 0; i < lexer->note_count; i++)
        if (!is_repeated(lexer, bytes, i))
            judge_note(visit, bytes, &lexer->notes[i]);
}

/* --- the whole --- */

static void judge_end(struct visit *visit)
{
    if (visit->is_explicit) {
        judge_file_aside(visit, "File", visit->begun_at, 0);
        visit_find(visit, LINT_UNCOMMITTED_TRANSACTION, "", "");
    }
    if (visit->file->wrap != LINT_WRAP && visit->has_concurrently && visit->has_transactional) {
        judge_file_aside(visit, "File", 0, 0);
        visit_find(visit, LINT_MIXED_TRANSACTIONAL, "", "");
    }
}

static void begin_file(struct visit *visit)
{
    struct visit fresh = { .options = visit->options,
                           .arena = visit->arena,
                           .catalog = visit->catalog,
                           .file = visit->file,
                           .file_number = visit->file_number,
                           .transaction = visit->transaction + 1,
                           .is_silent = visit->is_silent,
                           .text = "" };

    *visit = fresh;
    place_init(&visit->place, slice_of(visit->file->bytes, visit->file->length));
}

/* Where the first line begins that is not UTF-8; a line feed is never part of a longer character. */
static size_t find_bad_line(struct slice bytes)
{
    size_t at = 0;

    while (at < bytes.len) {
        const char *end = memchr(bytes.ptr + at, '\n', bytes.len - at);
        size_t len = end != NULL ? (size_t)(end - bytes.ptr) + 1 - at : bytes.len - at;

        if (!text_is_utf8(slice_of(bytes.ptr + at, len)))
            return at;
        at += len;
    }
    return at;
}

/* False, with a finding: not text that PostgreSQL could read. */
static bool judge_bytes(struct visit *visit)
{
    struct slice bytes = { .ptr = visit->file->bytes, .len = visit->file->length };
    const char *zero = memchr(bytes.ptr, '\0', bytes.len);
    size_t at = zero != NULL ? (size_t)(zero - bytes.ptr) : find_bad_line(bytes);

    if (zero == NULL && at == bytes.len)
        return true;
    judge_file_aside(visit, "File", at, 0);
    visit_find(visit, LINT_PARSE_ERROR, "",
               zero != NULL ? "there is a NUL byte in the file" : "the line is not UTF-8");
    return false;
}

static void judge_statements(struct visit *visit, const struct lexer *lexer,
                             struct lint_progress *progress)
{
    struct splitter splitter;
    struct lex_piece piece = { 0 };
    unsigned index = 0;

    splitter_init(&splitter, lexer);
    while (splitter_next(&splitter, &piece)) {
        (void)add_statement(visit, piece.start, piece.end - piece.start);
        visit->statement->index = ++index;
        if (progress != NULL)
            progress->line = visit->statement->line;
        judge_statement(visit, lexer, &piece);
    }
    splitter_fini(&splitter);
}

static void strip_mark(struct lint_file *file)
{
    if (file->length >= 3 && memcmp(file->bytes, "\xef\xbb\xbf", 3) == 0)
        memset(file->bytes, ' ', 3);
}

static void soften_contract(struct lint_file *file)
{
    for (struct lint_statement *at = file->statements; at != NULL; at = at->next)
        for (struct lint_finding *finding = at->findings; finding != NULL; finding = finding->next)
            if (finding->class == LINT_BREAKS_ROLLBACK)
                finding->class = LINT_CAUTION;
}

void judge_file(struct visit *visit, struct lint_progress *progress)
{
    struct lint_file *file = visit->file;
    struct slice bytes = { .ptr = file->bytes, .len = file->length };
    struct lexer lexer;

    strip_mark(file);
    begin_file(visit);
    catalog_set_schema(visit->catalog, "public"); /* each file has a session of its own */
    if (!judge_bytes(visit))
        return;
    lexer_run(&lexer, bytes);
    annotation_read(visit, &lexer, bytes);
    judge_statements(visit, &lexer, progress);
    judge_notes(visit, &lexer, file->bytes);
    judge_end(visit);
    annotation_apply(visit, &lexer, bytes);
    if (file->contract_after != NULL)
        soften_contract(file);
    lexer_fini(&lexer);
}

const char *judge_baseline(struct visit *visit, struct slice text)
{
    struct lint_file *file = catalog_alloc(visit->arena, sizeof *file);
    const char *problem = NULL;

    file->bytes = mem_text_of(text.ptr, text.len);
    file->length = text.len;
    visit->file = file;
    visit->file_number = 0;
    visit->is_silent = true;
    strip_mark(file);
    begin_file(visit);
    if (memchr(text.ptr, '\0', text.len) != NULL || !text_is_utf8(text)) {
        problem = "it is not UTF-8 text";
    } else {
        struct lexer lexer;

        lexer_run(&lexer, slice_of(file->bytes, file->length));
        judge_statements(visit, &lexer, NULL);
        for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
            if (!at->is_parsed && problem == NULL)
                problem = catalog_format(visit->arena, "the statement in line %u cannot be read",
                                         at->line);
        lexer_fini(&lexer);
    }
    free(file->bytes);
    file->bytes = NULL;
    visit->is_silent = false;
    visit->statement = NULL;
    catalog_set_schema(visit->catalog, "public");
    return problem;
}

/* --- order and score --- */

/* Most points first; the order of discovery stays among equals. */
static void sort_findings(struct lint_statement *statement)
{
    struct lint_finding *sorted = NULL;
    struct lint_finding *next = NULL;

    for (struct lint_finding *at = statement->findings; at != NULL; at = next) {
        struct lint_finding **place = &sorted;

        next = at->next;
        while (*place != NULL && (*place)->points >= at->points)
            place = &(*place)->next;
        at->next = *place;
        *place = at;
    }
    statement->findings = sorted;
}

/* Worst points, plus a tenth of the rest; advice adds little, or large files of harmless statements would frighten. */
struct tally {
    unsigned worst;
    unsigned sum;
    unsigned advice;
};

static void tally_add(struct tally *tally, const struct lint_finding *finding)
{
    if (finding->points > tally->worst)
        tally->worst = finding->points;
    if (finding->class == LINT_ADVICE)
        tally->advice += finding->points;
    else
        tally->sum += finding->points;
}

static unsigned tally_score(const struct tally *tally)
{
    unsigned advice = tally->advice < ADVICE_SUM_MAX ? tally->advice : ADVICE_SUM_MAX;
    unsigned all = tally->sum + advice;
    unsigned others = all > tally->worst ? all - tally->worst : 0;
    unsigned score = tally->worst + others / 10;

    return score < SCORE_MAX ? score : SCORE_MAX;
}

static void count_finding(struct lint_file *file, const struct lint_finding *finding)
{
    if (finding->is_suppressed)
        file->suppressed_count++;
    else if (finding->class == LINT_ADVICE)
        file->advice_count++;
    else
        file->finding_count++;
    if (!finding->is_suppressed && finding->class > LINT_ADVICE && finding->class > file->class)
        file->class = finding->class;
}

static int compare_places(const void *a, const void *b)
{
    const struct lint_statement *left = *(struct lint_statement *const *)a;
    const struct lint_statement *right = *(struct lint_statement *const *)b;

    if (left->offset != right->offset)
        return left->offset < right->offset ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

/* What was set aside comes to its place among the statements. */
static void sort_statements(struct lint_file *file)
{
    struct lint_statement **all = NULL;
    size_t count = 0;

    for (struct lint_statement *at = file->statements; at != NULL; at = at->next) {
        if ((count & (count + 1)) == 0)
            all = mem_grow(all, (count + 1) * 2, sizeof *all);
        all[count++] = at;
    }
    if (count > 1)
        qsort(all, count, sizeof *all, compare_places);
    for (size_t i = 0; i < count; i++)
        all[i]->next = i + 1 < count ? all[i + 1] : NULL;
    if (count > 0)
        file->statements = all[0];
    free(all);
}

void judge_file_score(struct lint_file *file)
{
    struct tally counted = { 0 };
    struct tally all = { 0 };

    sort_statements(file);
    for (struct lint_statement *at = file->statements; at != NULL; at = at->next) {
        for (const struct lint_finding *finding = at->findings; finding != NULL;
             finding = finding->next) {
            count_finding(file, finding);
            tally_add(&all, finding);
            if (!finding->is_suppressed)
                tally_add(&counted, finding);
        }
        sort_findings(at);
    }
    file->score = tally_score(&counted);
    file->score_unsuppressed = tally_score(&all);
    file->level = rule_level_of(file->score);
}

void judge_file_rescore(struct lint_file *file)
{
    file->class = LINT_SAFE;
    file->finding_count = file->advice_count = file->suppressed_count = 0;
    judge_file_score(file);
}
