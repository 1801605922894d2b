/*
 * See word.h: which gates there are for a move, over both of its sides, and the light. What one side fails, fails; what
 * is unknown on one side is unknown, unless the other one fails.
 */
#include "store/word.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/look.h"
#include "store/word_priv.h"

static const char *const gate_names[] = {
    [WORD_GATE_DATABASE] = "database",       [WORD_GATE_SAME_DATABASE] = "same-database",
    [WORD_GATE_VERSION] = "schema-version",  [WORD_GATE_CONTRACT] = "contract",
    [WORD_GATE_REPLICATION] = "replication", [WORD_GATE_INTEGRITY] = "integrity",
    [WORD_GATE_ASSERTIONS] = "assertions",   [WORD_GATE_LINT] = "lint",
    [WORD_GATE_SNAPSHOT] = "snapshot",
};

const char *word_gate_name(enum word_gate gate)
{
    return gate_names[gate];
}

const char *word_answer_name(enum word_answer answer)
{
    switch (answer) {
    case WORD_UNKNOWN: return "unknown";
    case WORD_PASS: return "pass";
    case WORD_FAIL: return "fail";
    }
    CHECK(!"an answer that is not known");
    return "";
}

void word_set(struct word_finding *finding, enum word_answer answer, uint64_t age_us,
              const char *remedy, const char *format, ...)
{
    va_list args;

    finding->is_asked = true;
    finding->answer = answer;
    finding->age_us = age_us;
    snprintf(finding->remedy, sizeof finding->remedy, "%s", remedy);
    va_start(args, format);
    vsnprintf(finding->words, sizeof finding->words, format, args);
    va_end(args);
}

const struct look *word_fresh(const struct word_side *side, struct word_finding *finding)
{
    if (side->look != NULL && side->age_us <= WORD_AGE_MAX_US)
        return side->look;
    if (side->look == NULL)
        word_set(finding, WORD_UNKNOWN, UINT64_MAX, side->remedy,
                 "database %s was not seen yet%s%s", side->database,
                 side->trouble[0] != '\0' ? ": " : "", side->trouble);
    else
        word_set(finding, WORD_UNKNOWN, side->age_us, side->remedy,
                 "database %s was last seen %.1f s ago%s%s", side->database,
                 (double)side->age_us / 1e6, side->trouble[0] != '\0' ? ": " : "", side->trouble);
    return NULL;
}

static void check_database(const struct word_side *side, struct word_finding *out)
{
    const struct look_facts *facts = NULL;
    const struct look *look = NULL;

    if (side->trouble[0] != '\0') {
        word_set(out, WORD_UNKNOWN, side->look != NULL ? side->age_us : UINT64_MAX, side->remedy,
                 "database %s cannot be asked: %s", side->database, side->trouble);
        return;
    }
    look = word_fresh(side, out);
    if (look == NULL)
        return;
    facts = look_facts(look);
    if (!facts->note.is_known)
        word_set(out, WORD_UNKNOWN, side->age_us, "", "database %s: %s", side->database,
                 facts->note.words);
    else if (facts->is_standby)
        word_set(out, WORD_FAIL, side->age_us, "promote it, or name the primary in the dsn",
                 "database %s is a standby that only reads", side->database);
    else
        word_set(out, WORD_PASS, side->age_us, "", "database %s answers", side->database);
}

static bool is_same_look(const struct word_side *a, const struct word_side *b)
{
    return a->look == b->look && strcmp(a->database, b->database) == 0;
}

static void check_same(const struct word_side *to, const struct word_side *from,
                       struct word_finding *out)
{
    const struct look *left = word_fresh(to, out);
    const struct look *right = left != NULL ? word_fresh(from, out) : NULL;
    const struct look_facts *a = NULL;
    const struct look_facts *b = NULL;
    uint64_t age_us = to->age_us > from->age_us ? to->age_us : from->age_us;

    if (right == NULL)
        return;
    a = look_facts(left);
    b = look_facts(right);
    if (!a->note.is_known || !b->note.is_known)
        word_set(out, WORD_UNKNOWN, age_us, "", "%s",
                 a->note.is_known ? b->note.words : a->note.words);
    else if (strcmp(a->system_id, b->system_id) != 0 || strcmp(a->database, b->database) != 0)
        word_set(out, WORD_FAIL, age_us,
                 "name the same database in both slots, or schema { same_database = false }",
                 "%s (%s: %s of cluster %s) is another database than %s (%s: %s of cluster %s)",
                 to->slot, to->database, a->database, a->system_id, from->slot, from->database,
                 b->database, b->system_id);
    else
        word_set(out, WORD_PASS, age_us, "", "both slots have %s of cluster %s", a->database,
                 a->system_id);
}

void word_join(struct word_finding *into, const struct word_finding *other)
{
    bool is_worse = other->is_asked &&
                    (!into->is_asked || (other->answer == WORD_FAIL && into->answer != WORD_FAIL) ||
                     (other->answer == WORD_UNKNOWN && into->answer == WORD_PASS));

    if (is_worse)
        *into = *other;
    else if (other->is_asked && into->answer == other->answer && other->age_us > into->age_us)
        into->age_us = other->age_us;
}

static void check_links(const struct word_question *question, struct word_finding *out)
{
    for (unsigned i = 0; i < question->link_count; i++) {
        struct word_finding finding = { 0 };

        word_judge_link(&question->links[i], &finding);
        word_join(out, &finding);
    }
}

static bool has_database(const struct word_side *side)
{
    return side != NULL && side->database != NULL;
}

static void judge_side(const struct word_question *question, const struct word_side *side,
                       struct word *out)
{
    struct word_finding findings[WORD_GATE_COUNT] = { 0 };

    if (!has_database(side))
        return;
    check_database(side, &findings[WORD_GATE_DATABASE]);
    word_check_version(question, side, &findings[WORD_GATE_VERSION]);
    word_check_contract(side, &findings[WORD_GATE_CONTRACT]);
    if (question->has_integrity)
        word_check_integrity(side, &findings[WORD_GATE_INTEGRITY]);
    for (int i = 0; i < WORD_GATE_COUNT; i++)
        word_join(&out->gates[i], &findings[i]);
}

void word_judge(const struct word_question *question, struct word *out)
{
    const struct word_side *to = question->to;
    const struct word_side *from = question->from;
    bool has_both = has_database(to) && has_database(from);

    memset(out, 0, sizeof *out);
    judge_side(question, to, out);
    judge_side(question, from, out);
    if (has_both && question->is_same_database)
        check_same(to, from, &out->gates[WORD_GATE_SAME_DATABASE]);
    if (has_database(to))
        word_check_assertions(to, has_both && !is_same_look(to, from) ? from : NULL,
                              &out->gates[WORD_GATE_ASSERTIONS]);
    check_links(question, &out->gates[WORD_GATE_REPLICATION]);
    if (question->lint != NULL)
        out->gates[WORD_GATE_LINT] = *question->lint;
    if (question->snapshot != NULL)
        out->gates[WORD_GATE_SNAPSHOT] = *question->snapshot;
}

static void judge_schema(const struct word_question *question, struct word_finding *out)
{
    struct word_finding finding = { 0 };

    *out = finding;
    if (!has_database(question->to))
        return;
    word_check_version(question, question->to, out);
    word_check_contract(question->to, &finding);
    word_join(out, &finding);
}

/* Two databases, and nothing says that what is written to one reaches the other. */
static void check_apart(const struct word_question *question, struct word_finding *out)
{
    struct word_finding finding = { 0 };
    const struct word_side *to = question->to;

    check_same(to, question->from, &finding);
    if (finding.answer != WORD_FAIL)
        *out = finding;
    else
        word_set(out, WORD_UNKNOWN, finding.age_us,
                 "name the publisher and the subscription of the database",
                 "it is not known whether what is written to database %s reaches database %s",
                 question->from->database, to->database);
}

/* A database that does not answer takes nothing away from the release: it is unknown what would happen. */
static void find_light(const struct word_question *question, struct word_finding *out)
{
    struct word_finding finding = { 0 };

    judge_schema(question, out);
    check_database(question->to, &finding);
    word_join(out, &finding);
    finding = (struct word_finding){ 0 };
    if (has_database(question->from) && question->is_same_database)
        check_same(question->to, question->from, &finding);
    else if (has_database(question->from) && question->link_count == 0)
        check_apart(question, &finding);
    word_join(out, &finding);
    check_links(question, out);
}

void word_shine(const struct word_question *question, struct word_light *out)
{
    struct word_finding finding = { 0 };
    struct word_question back = *question;
    const struct word_side *to = question->to;

    back.is_back = true;
    *out = (struct word_light){ .is_asked = has_database(to), .age_us = UINT64_MAX };
    if (!out->is_asked)
        return;
    find_light(&back, &finding);
    out->answer = finding.answer;
    out->age_us = finding.age_us;
    if (finding.answer == WORD_PASS && to->contract == NULL && to->schema == NULL) {
        out->answer = WORD_UNKNOWN;
        snprintf(out->words, sizeof out->words,
                 "nothing says what %s needs: give the slot a contract, or a schema", to->slot);
        return;
    }
    if (finding.answer == WORD_PASS)
        snprintf(out->words, sizeof out->words, "database %s has what %s%s%s needs", to->database,
                 to->slot, to->version[0] != '\0' ? " " : "", to->version);
    else
        snprintf(out->words, sizeof out->words, "%s", finding.words);
}
