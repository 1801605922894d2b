/* The version of a schema and the contract of a release, of one slot: see word_priv.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/contract.h"
#include "store/look.h"
#include "store/word_priv.h"

enum { CONTRACT_LINES_MAX = 64 * 1024 };

static const struct schema_range *find_range(const struct word_side *side)
{
    if (side->schema != NULL)
        return side->schema;
    if (side->contract != NULL && contract_schema(side->contract)->term_count > 0)
        return contract_schema(side->contract);
    return NULL;
}

static void describe_range(const struct schema_range *range, char *out, size_t size)
{
    static const char *const signs[] = {
        [SCHEMA_LEAST] = ">=", [SCHEMA_ABOVE] = ">", [SCHEMA_MOST] = "<=",
        [SCHEMA_BELOW] = "<",  [SCHEMA_EQUAL] = "=",
    };
    size_t len = 0;

    snprintf(out, size, "any");
    for (unsigned i = 0; i < range->term_count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s%s", i > 0 ? " " : "",
                                signs[range->terms[i].relation], range->terms[i].version);
}

/* A contraction is there that this release is too old for. */
static bool is_contracted(const struct word_side *side, const struct look_versions *found)
{
    return found->contract_after[0] != '\0' && side->version[0] != '\0' &&
           schema_version_compare(side->version, found->contract_after) < 0;
}

static void check_range(const struct word_side *side, const struct schema_range *range,
                        bool is_strict, const struct look_versions *found, struct word_finding *out)
{
    char wanted[256];

    describe_range(range, wanted, sizeof wanted);
    if (!found->is_found)
        word_set(out, WORD_UNKNOWN, side->age_us,
                 "record the versions in the table that the database's option versions names",
                 "database %s records no version, %s needs %s", side->database, side->slot, wanted);
    else if (!schema_range_has(range, found->version, is_strict))
        word_set(out, WORD_FAIL, side->age_us,
                 "run the migrations that are missing, or deploy a release for this schema",
                 "database %s has version %s, %s needs %s%s", side->database, found->version,
                 side->slot, wanted, is_strict ? " exactly" : "");
    else
        word_set(out, WORD_PASS, side->age_us, "", "database %s has version %s, %s needs %s",
                 side->database, found->version, side->slot, wanted);
}

/* Without a table of versions and without a range there is nothing to say. One that cannot be read may tell of a migration
 * that has failed. */
static void check_unknown(const struct word_side *side, const struct schema_range *range,
                          const struct look_versions *found, struct word_finding *out)
{
    if (range != NULL || found->is_kept)
        word_set(out, WORD_UNKNOWN, side->age_us,
                 "say where versions are kept with the database's option versions",
                 "versions of database %s are not known: %s", side->database,
                 found->note.is_asked ? found->note.words : "it is not configured where they are");
}

void word_check_version(const struct word_question *question, const struct word_side *side,
                        struct word_finding *out)
{
    const struct schema_range *range = find_range(side);
    const struct look *look = NULL;
    struct look_versions found;

    look = word_fresh(side, out);
    if (look == NULL) {
        out->is_asked = range != NULL;
        return;
    }
    look_versions(look, "", &found);
    if (!found.note.is_known)
        check_unknown(side, range, &found, out);
    else if (found.bad_count > 0)
        word_set(out, question->is_back ? WORD_UNKNOWN : WORD_FAIL, side->age_us,
                 "finish or repair the migration with the tool that runs it",
                 "migration %s of database %s %s%s", found.bad, side->database, found.bad_words,
                 found.bad_count > 1 ? ", and others" : "");
    else if (is_contracted(side, &found))
        word_set(out, WORD_FAIL, side->age_us,
                 "deploy a newer release there; what was contracted does not come back",
                 "database %s was contracted for releases from %s on, %s is %s", side->database,
                 found.contract_after, side->slot, side->version);
    else if (range != NULL)
        check_range(side, range, question->is_strict, &found, out);
    else if (found.is_found)
        word_set(out, WORD_PASS, side->age_us, "", "database %s has version %s", side->database,
                 found.version);
}

/* The first lines in one; the command shows them all. */
static void join_lines(struct text *lines, char *out, size_t size)
{
    size_t len = 0;
    unsigned shown = 0;
    struct slice rest = text_slice(lines);
    struct slice line;

    out[0] = '\0';
    while (shown < 2 && len < size && slice_next(&rest, '\n', &line) && line.len > 0) {
        len += (size_t)snprintf(out + len, size - len, "%s%.*s", shown > 0 ? "; " : "",
                                (int)line.len, line.ptr);
        shown++;
    }
}

static void check_shape(const struct word_side *side, const struct look *look,
                        struct word_finding *out)
{
    const struct look_note *shape = look_shape(look);
    const char *release = contract_release(side->contract);
    struct text lines;
    char first[300];
    size_t failures = 0;

    if (!shape->is_known) {
        word_set(out, WORD_UNKNOWN, side->age_us, "", "the catalog of database %s is not known: %s",
                 side->database, shape->is_asked ? shape->words : "nobody asked for it yet");
        return;
    }
    text_init(&lines, CONTRACT_LINES_MAX);
    failures = contract_judge(side->contract, look, &lines);
    join_lines(&lines, first, sizeof first);
    text_fini(&lines);
    if (failures == 0)
        word_set(out, WORD_PASS, side->age_us, "", "database %s has all of %zu that %s%s%s needs",
                 side->database, contract_claim_count(side->contract), side->slot,
                 release[0] != '\0' ? " " : "", release);
    else
        word_set(out, WORD_FAIL, side->age_us, "switchctl db contract shows all of it",
                 "%s%s%s: %s%s", side->slot, release[0] != '\0' ? " " : "", release, first,
                 failures > 2 ? "; and more" : "");
}

void word_check_contract(const struct word_side *side, struct word_finding *out)
{
    const struct look *look = NULL;

    if (side->contract_trouble != NULL) {
        word_set(out, WORD_UNKNOWN, UINT64_MAX, "mend the file, then switchctl reload", "%s",
                 side->contract_trouble);
        return;
    }
    if (side->contract == NULL)
        return;
    look = word_fresh(side, out);
    if (look != NULL)
        check_shape(side, look, out);
}
