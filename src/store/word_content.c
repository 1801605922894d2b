/* What is in a database: integrity of its objects and the statements of the user. See word_priv.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/look.h"
#include "store/word_priv.h"

static bool is_bad(const struct word_side *side, const struct look_count *count, const char *what,
                   const char *remedy, struct word_finding *out)
{
    if (!count->note.is_asked)
        return false;
    if (!count->note.is_known)
        word_set(out, WORD_UNKNOWN, side->age_us, "", "%s of database %s are not known: %s", what,
                 side->database, count->note.words);
    else if (count->count > 0)
        word_set(out, WORD_FAIL, side->age_us, remedy, "database %s has %" PRIu64 " %s, first %s",
                 side->database, count->count, what, count->words);
    else
        return false;
    return true;
}

void word_check_integrity(const struct word_side *side, struct word_finding *out)
{
    const struct look *look = word_fresh(side, out);
    const struct look_count *writers = NULL;
    const struct look_count *sequences = NULL;

    if (look == NULL)
        return;
    if (!look_invalid_indexes(look)->note.is_asked) {
        out->is_asked = false;
        return;
    }
    if (is_bad(side, look_invalid_indexes(look), "invalid indexes",
               "drop it and build it again CONCURRENTLY", out) ||
        is_bad(side, look_unvalidated(look), "constraints that are not validated",
               "ALTER TABLE … VALIDATE CONSTRAINT", out))
        return;
    writers = look_writers(look);
    sequences = look_sequences(look);
    if (sequences->note.is_known && sequences->count > 0)
        word_set(out, WORD_PASS, side->age_us, "",
                 "indexes and constraints of database %s are sound; sequence %s is nearly used up",
                 side->database, sequences->words);
    else if (writers->note.is_known && writers->count > 0)
        word_set(out, WORD_PASS, side->age_us, "",
                 "indexes and constraints of database %s are sound; a long transaction writes: %s",
                 side->database, writers->words);
    else
        word_set(out, WORD_PASS, side->age_us, "",
                 "indexes and constraints of database %s are sound", side->database);
}

static bool is_false(const struct word_side *side, const struct look_assertion *assertion,
                     struct word_finding *out)
{
    if (!assertion->note.is_known) {
        word_set(out, WORD_UNKNOWN, side->age_us, "",
                 "assertion %s of database %s is not known: %s", assertion->name, side->database,
                 assertion->note.words);
        return true;
    }
    if (assertion->is_compared || assertion->is_true)
        return false;
    word_set(out, WORD_FAIL, side->age_us, "",
             "assertion %s of database %s does not hold: it is %s", assertion->name, side->database,
             assertion->value);
    return true;
}

static const struct look_assertion *find(const struct look *look, const char *name)
{
    for (size_t i = 0; i < look_assertion_count(look); i++)
        if (strcmp(look_assertion_at(look, i)->name, name) == 0)
            return look_assertion_at(look, i);
    return NULL;
}

/* What must be the same on both sides and is not. */
static bool differs(const struct word_side *side, const struct word_side *other,
                    const struct look_assertion *assertion, struct word_finding *out)
{
    const struct look_assertion *twin =
        assertion->is_compared ? find(other->look, assertion->name) : NULL;

    if (twin == NULL || !assertion->note.is_known || !twin->note.is_known ||
        strcmp(twin->value, assertion->value) == 0)
        return false;
    word_set(out, WORD_FAIL, side->age_us, "", "%s is %s in database %s and %s in database %s",
             assertion->name, assertion->value, side->database, twin->value, other->database);
    return true;
}

/* A fail counts more than what is unknown; the first of a kind is told. */
static bool check_side(const struct word_side *side, const struct word_side *other,
                       struct word_finding *out)
{
    struct word_finding finding = { 0 };

    for (size_t i = 0; i < look_assertion_count(side->look); i++) {
        const struct look_assertion *assertion = look_assertion_at(side->look, i);

        if (!is_false(side, assertion, &finding) &&
            (other == NULL || !differs(side, other, assertion, &finding)))
            continue;
        if (!out->is_asked || (out->answer == WORD_UNKNOWN && finding.answer == WORD_FAIL))
            *out = finding;
    }
    return out->is_asked;
}

void word_check_assertions(const struct word_side *side, const struct word_side *other,
                           struct word_finding *out)
{
    struct word_finding finding = { 0 };
    size_t count = 0;

    if ((side->look == NULL || look_assertion_count(side->look) == 0) &&
        (other == NULL || other->look == NULL || look_assertion_count(other->look) == 0))
        return;
    if (word_fresh(side, out) == NULL || (other != NULL && word_fresh(other, out) == NULL))
        return;
    check_side(side, other, &finding);
    if (other != NULL)
        check_side(other, NULL, &finding);
    count = look_assertion_count(side->look);
    if (finding.is_asked)
        *out = finding;
    else
        word_set(out, WORD_PASS, side->age_us, "", "%zu assertions of database %s hold", count,
                 side->database);
}
