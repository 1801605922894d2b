/* Comments that speak to the linter: see annotation_priv.h. */
#include "lint/annotation_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lint/judge_file_priv.h"

/* An ignore comment and where it stands. */
struct ignore {
    struct visit *visit;
    const struct lex_note *note;
    struct slice names;
    struct slice reason;
    struct lint_statement *target; /* NULL: the whole file */
    bool is_file;
    bool is_squawk;
};

static struct slice trim(struct slice s)
{
    while (s.len > 0 && strchr(" \t\r\n", s.ptr[0]) != NULL) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && strchr(" \t\r\n", s.ptr[s.len - 1]) != NULL)
        s.len--;
    return s;
}

static struct slice skip(struct slice s, size_t count)
{
    return slice_of(s.ptr + count, s.len - count);
}

/* What is inside a comment, without its marks. */
static struct slice comment_text(struct slice bytes, const struct lex_note *note)
{
    struct slice text = slice_of(bytes.ptr + note->start, note->end - note->start);

    if (text.len >= 4 && slice_starts_with(text, SLICE("/*")) && text.ptr[text.len - 2] == '*' &&
        text.ptr[text.len - 1] == '/')
        text.len -= 2;
    return trim(skip(text, text.len < 2 ? text.len : 2));
}

static bool take_word(struct slice *text, struct slice word)
{
    if (!slice_starts_with(*text, word))
        return false;
    *text = skip(*text, word.len);
    return true;
}

static void read_one(struct visit *visit, struct slice text)
{
    struct slice value = { 0 };

    if (take_word(&text, SLICE("transaction="))) {
        value = trim(text);
        if (slice_is_equal(value, SLICE("wrap")))
            visit->file->wrap = LINT_WRAP;
        else if (slice_is_equal(value, SLICE("none")))
            visit->file->wrap = LINT_NO_WRAP;
        else if (!slice_is_equal(value, SLICE("auto")))
            visit_find(visit, LINT_UNUSED_IGNORE, "",
                       "switchyard:transaction is wrap, none or auto");
    } else if (take_word(&text, SLICE("contract"))) {
        value = trim(text);
        if (take_word(&value, SLICE("after=")) && value.len > 0 && value.len < 100) {
            char *copy = catalog_alloc(visit->arena, value.len + 1);

            memcpy(copy, value.ptr, value.len);
            visit->file->contract_after = copy;
        } else {
            visit_find(visit, LINT_UNUSED_IGNORE, "", "switchyard:contract needs after=VERSION");
        }
    } else if (!slice_starts_with(text, SLICE("ignore"))) {
        visit_find(visit, LINT_UNUSED_IGNORE, "",
                   "switchyard: knows ignore, ignore-file, contract and transaction");
    }
}

void annotation_read(struct visit *visit, const struct lexer *lexer, struct slice bytes)
{
    for (size_t i = 0; i < lexer->note_count; i++) {
        const struct lex_note *note = &lexer->notes[i];
        struct slice text = { 0 };

        if (note->kind != LEX_COMMENT)
            continue;
        text = comment_text(bytes, note);
        if (!take_word(&text, SLICE("switchyard:")))
            continue;
        judge_file_aside(visit, "Comment", note->start, note->end - note->start);
        read_one(visit, text);
    }
}

/* The statement that the comment stands before, in, or behind on its last line. */
static struct lint_statement *find_target(const struct lint_file *file, const struct lex_note *note,
                                          struct slice bytes)
{
    struct lint_statement *before = NULL;
    struct lint_statement *after = NULL;

    for (struct lint_statement *at = file->statements; at != NULL; at = at->next) {
        if (at->index == 0)
            continue;
        if (at->offset <= note->start)
            before = at;
        else if (after == NULL)
            after = at;
    }
    if (before == NULL || before->offset + before->length > note->start)
        return before != NULL ? before : after;
    if (memchr(bytes.ptr + before->offset + before->length, '\n',
               note->start - before->offset - before->length) == NULL)
        return before;
    return after;
}

static void complain(struct ignore *ignore, const char *what, struct slice name)
{
    char words[200];

    snprintf(words, sizeof words, "%s%.*s", what, (int)(name.len < 60 ? name.len : 60), name.ptr);
    judge_file_aside(ignore->visit, "Comment", ignore->note->start,
                     ignore->note->end - ignore->note->start);
    visit_find(ignore->visit, LINT_UNUSED_IGNORE, "", words);
}

static bool needs_reason(const struct ignore *ignore, enum lint_class class)
{
    return !ignore->visit->options->is_reason_optional && ignore->reason.len == 0 &&
           (class == LINT_BREAKS_ROLLBACK || class == LINT_BLOCKS_WRITES);
}

/* Whether a finding of that rule was there; *problem when it stays nevertheless. */
static bool suppress_in(const struct ignore *ignore, struct lint_statement *statement,
                        enum lint_rule_id rule, const char **problem)
{
    bool was_found = false;

    for (struct lint_finding *at = statement->findings; at != NULL; at = at->next) {
        if (at->rule != rule)
            continue;
        was_found = true;
        if (at->class == LINT_INVALID) {
            *problem = "what PostgreSQL refuses cannot be ignored: ";
        } else if (needs_reason(ignore, at->class)) {
            *problem = "a reason is needed (-- why, behind the name): ";
        } else {
            char *reason = catalog_alloc(ignore->visit->arena, ignore->reason.len + 1);

            if (ignore->reason.len > 0)
                memcpy(reason, ignore->reason.ptr, ignore->reason.len);
            at->is_suppressed = true;
            at->reason = reason;
        }
    }
    return was_found;
}

static bool suppress_rule(const struct ignore *ignore, enum lint_rule_id rule, const char **problem)
{
    bool was_found = false;

    if (!ignore->is_file)
        return ignore->target != NULL && suppress_in(ignore, ignore->target, rule, problem);
    for (struct lint_statement *at = ignore->visit->file->statements; at != NULL; at = at->next)
        was_found = suppress_in(ignore, at, rule, problem) || was_found;
    return was_found;
}

static void suppress_name(struct ignore *ignore, struct slice name)
{
    const char *problem = NULL;
    bool was_found = false;
    enum lint_rule_id rule = ignore->is_squawk ? rule_find_squawk(name, 0) : rule_find(name);

    if (rule == LINT_RULES) {
        if (!ignore->is_squawk) /* squawk has rules that we have not */
            complain(ignore, "there is no rule of this name: ", name);
        return;
    }
    for (unsigned nth = 1; rule != LINT_RULES; nth++) {
        was_found = suppress_rule(ignore, rule, &problem) || was_found;
        rule = ignore->is_squawk ? rule_find_squawk(name, nth) : LINT_RULES;
    }
    if (problem != NULL)
        complain(ignore, problem, name);
    else if (!was_found)
        complain(ignore, "nothing is ignored by it: ", name);
}

static void suppress_names(struct ignore *ignore)
{
    struct slice names = ignore->names;
    size_t at = 0;
    bool was_any = false;

    while (at < names.len) {
        size_t start = at;

        while (at < names.len && strchr(", \t\r\n", names.ptr[at]) == NULL)
            at++;
        if (at > start)
            suppress_name(ignore, slice_of(names.ptr + start, at - start));
        was_any = was_any || at > start;
        at++;
    }
    if (!was_any && !ignore->is_squawk)
        complain(ignore, "it names no rule", SLICE(""));
}

/* False: the comment is none of ours. */
static bool read_ignore(struct slice text, struct ignore *ignore)
{
    const char *cut = NULL;

    ignore->is_squawk = slice_starts_with(text, SLICE("squawk-"));
    if (!take_word(&text, SLICE("switchyard:ignore")) && !take_word(&text, SLICE("squawk-ignore")))
        return false;
    ignore->is_file = take_word(&text, SLICE("-file"));
    if (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) == NULL)
        return false;
    cut = memmem(text.ptr, text.len, "--", 2);
    ignore->names = text;
    ignore->reason = SLICE("");
    if (cut != NULL) {
        ignore->names.len = (size_t)(cut - text.ptr);
        ignore->reason = trim(skip(text, ignore->names.len + 2));
    }
    return true;
}

void annotation_apply(struct visit *visit, const struct lexer *lexer, struct slice bytes)
{
    for (size_t i = 0; i < lexer->note_count; i++) {
        struct ignore ignore = { .visit = visit, .note = &lexer->notes[i] };

        if (ignore.note->kind != LEX_COMMENT ||
            !read_ignore(comment_text(bytes, ignore.note), &ignore))
            continue;
        if (!ignore.is_file)
            ignore.target = find_target(visit->file, ignore.note, bytes);
        suppress_names(&ignore);
    }
}
