/* R34: ten thousand records, each kind of manipulation, and the place that is named. */
#include "audit/audit_verify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_files.h"
#include "base/mem.h"
#include "trail_folder.h"

enum { RECORDS = 10000 };

/* The lines of a trail, to be pushed around. */
struct sheaf {
    struct trail_folder folder;
    char *bytes;
    char **lines; /* one more than there are */
    unsigned count;
};

static void make_sheaf(struct sheaf *sheaf, unsigned count, const struct audit_key *key)
{
    char *at = NULL;
    size_t size = 0;

    trail_folder_make(&sheaf->folder);
    trail_folder_write(sheaf->folder.path, count, key);
    sheaf->bytes = trail_folder_read(sheaf->folder.path, &size);
    sheaf->lines = mem_grow(NULL, count + 2, sizeof *sheaf->lines);
    sheaf->count = 0;
    for (at = strtok_r(sheaf->bytes, "\n", &sheaf->lines[count + 1]); at != NULL;
         at = strtok_r(NULL, "\n", &sheaf->lines[count + 1]))
        sheaf->lines[sheaf->count++] = at;
    cr_assert_eq(sheaf->count, count);
}

static void free_sheaf(struct sheaf *sheaf)
{
    trail_folder_remove(&sheaf->folder);
    free(sheaf->lines);
    free(sheaf->bytes);
}

static struct audit_finding check(const struct sheaf *sheaf, const struct audit_key *key)
{
    struct text out;
    struct audit_files_report report;

    text_init(&out, 64 * 1024 * 1024);
    for (unsigned i = 0; i < sheaf->count; i++) {
        text_add(&out, sheaf->lines[i]);
        text_add(&out, "\n");
    }
    trail_folder_put(sheaf->folder.path, out.bytes != NULL ? out.bytes : "", out.len);
    text_fini(&out);
    report = trail_folder_check(&sheaf->folder, key, true);
    return report.finding;
}

static void expect_found(const struct sheaf *sheaf, enum audit_defect defect, uint64_t seq)
{
    struct audit_finding finding = check(sheaf, NULL);

    cr_expect_eq(finding.defect, defect, "%s: %s", audit_defect_name(finding.defect),
                 finding.words);
    cr_expect_eq(finding.seq, seq, "record %lu: %s", finding.seq, finding.words);
    cr_expect(finding.words[0] != '\0');
}

static void put_anchor(const struct sheaf *sheaf, unsigned seq)
{
    struct audit_record record;
    struct audit_proof proof;
    char hex[65];
    char line[128];

    cr_assert_eq(audit_record_decode(slice_from(sheaf->lines[seq - 1]), &record, &proof), 0);
    audit_record_hex(proof.hash, hex);
    snprintf(line, sizeof line, "%u %s 2026-01-01T00:00:00.000Z\n", seq, hex);
    trail_folder_put(sheaf->folder.anchor, line, strlen(line));
}

Test(audit_verify, r34_a_whole_trail_is_whole)
{
    struct sheaf sheaf;
    struct audit_files_report report;

    make_sheaf(&sheaf, RECORDS, NULL);
    report = trail_folder_check(&sheaf.folder, NULL, true);
    cr_expect_eq(report.finding.defect, AUDIT_WHOLE);
    cr_expect_eq(report.records, RECORDS);
    cr_expect_eq(report.last_seq, RECORDS);
    cr_expect_str_eq(audit_defect_name(AUDIT_WHOLE), "whole");
    free_sheaf(&sheaf);
}

Test(audit_verify, r34_a_flipped_byte)
{
    static const unsigned places[] = { 1, 2, 777, 5000, RECORDS };
    struct sheaf sheaf;

    make_sheaf(&sheaf, RECORDS, NULL);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char *line = sheaf.lines[places[i] - 1];
        char *byte = line + (places[i] * 31) % strlen(line);

        *byte = (char)(*byte ^ 1);
        expect_found(&sheaf, AUDIT_CHANGED, places[i]);
        *byte = (char)(*byte ^ 1);
    }
    free_sheaf(&sheaf);
}

Test(audit_verify, r34_a_deleted_line)
{
    static const unsigned places[] = { 1, 2, 777, 5000, RECORDS - 1 };
    struct sheaf sheaf;

    make_sheaf(&sheaf, RECORDS, NULL);
    sheaf.count--;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        unsigned at = places[i] - 1;
        char *line = sheaf.lines[at];
        size_t rest = (RECORDS - at - 1) * sizeof *sheaf.lines;

        memmove(sheaf.lines + at, sheaf.lines + at + 1, rest);
        expect_found(&sheaf, AUDIT_REMOVED, places[i]);
        memmove(sheaf.lines + at + 1, sheaf.lines + at, rest);
        sheaf.lines[at] = line;
    }
    free_sheaf(&sheaf);
}

Test(audit_verify, r34_two_lines_swapped)
{
    static const unsigned places[][2] = { { 1, 2 }, { 10, 9000 }, { 4999, 5000 }, { 1, RECORDS } };
    struct sheaf sheaf;

    make_sheaf(&sheaf, RECORDS, NULL);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        unsigned a = places[i][0] - 1;
        unsigned b = places[i][1] - 1;
        char *line = sheaf.lines[a];

        sheaf.lines[a] = sheaf.lines[b];
        sheaf.lines[b] = line;
        expect_found(&sheaf, AUDIT_REORDERED, places[i][0]);
        sheaf.lines[b] = sheaf.lines[a];
        sheaf.lines[a] = line;
    }
    free_sheaf(&sheaf);
}

static void insert(struct sheaf *sheaf, unsigned at, char *line)
{
    memmove(sheaf->lines + at + 1, sheaf->lines + at, (sheaf->count - at) * sizeof *sheaf->lines);
    sheaf->lines[at] = line;
    sheaf->count++;
}

static void take_out(struct sheaf *sheaf, unsigned at)
{
    sheaf->count--;
    memmove(sheaf->lines + at, sheaf->lines + at + 1, (sheaf->count - at) * sizeof *sheaf->lines);
}

/* A record of an attacker's own, with a good hash, for the place behind record seq. */
static char *forge(const struct sheaf *sheaf, unsigned seq)
{
    struct audit_record record;
    struct audit_proof proof;
    struct text out;

    text_init(&out, AUDIT_RECORD_LINE_MAX);
    cr_assert_eq(audit_record_decode(slice_from(sheaf->lines[seq - 1]), &record, &proof), 0);
    memcpy(proof.prev, proof.hash, sizeof proof.prev);
    record.seq++;
    audit_record_set(record.actor, sizeof record.actor, "mallory");
    audit_record_prove(&record, NULL, &proof);
    audit_record_encode(&record, &proof, &out);
    out.bytes[out.len - 1] = '\0';
    return text_take(&out);
}

Test(audit_verify, r34_an_inserted_line)
{
    static const unsigned places[] = { 1, 500, RECORDS - 1 };
    struct sheaf sheaf;
    char words[] = "not a record at all";

    make_sheaf(&sheaf, RECORDS, NULL);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        insert(&sheaf, places[i], words);
        expect_found(&sheaf, AUDIT_INSERTED, places[i] + 1);
        take_out(&sheaf, places[i]);
        insert(&sheaf, places[i], sheaf.lines[places[i] - 1]); /* twice the same */
        expect_found(&sheaf, AUDIT_INSERTED, places[i] + 1);
        take_out(&sheaf, places[i]);
    }
    free_sheaf(&sheaf);
}

/* It fits in itself; what it pushed away does not follow it. */
Test(audit_verify, r34_a_forged_line_with_a_good_hash)
{
    struct sheaf sheaf;
    struct audit_finding finding;
    char *line = NULL;

    make_sheaf(&sheaf, RECORDS, NULL);
    line = forge(&sheaf, 6000);
    insert(&sheaf, 6000, line);
    finding = check(&sheaf, NULL);
    cr_expect_neq(finding.defect, AUDIT_WHOLE);
    cr_expect(finding.seq == 6001 || finding.seq == 6002, "%lu", finding.seq);
    free(line);
    free_sheaf(&sheaf);
}

Test(audit_verify, r34_a_cut_tail_is_found_by_the_anchor)
{
    struct sheaf sheaf;
    char *last = NULL;

    make_sheaf(&sheaf, RECORDS, NULL);
    put_anchor(&sheaf, RECORDS);
    sheaf.count = RECORDS - 50;
    expect_found(&sheaf, AUDIT_CUT, RECORDS - 49);
    sheaf.count = 0;
    expect_found(&sheaf, AUDIT_CUT, 1);
    sheaf.count = RECORDS;
    last = sheaf.lines[RECORDS - 1];
    sheaf.lines[RECORDS - 1] = forge(&sheaf, RECORDS - 1); /* written anew, good in itself */
    expect_found(&sheaf, AUDIT_CHANGED, RECORDS);
    free(sheaf.lines[RECORDS - 1]);
    sheaf.lines[RECORDS - 1] = last;
    cr_expect_eq(check(&sheaf, NULL).defect, AUDIT_WHOLE);
    free_sheaf(&sheaf);
}

Test(audit_verify, a_torn_last_line_is_a_cut)
{
    struct sheaf sheaf;
    struct audit_files_report report;
    size_t size = 0;
    char *bytes = NULL;

    make_sheaf(&sheaf, 5, NULL);
    bytes = trail_folder_read(sheaf.folder.path, &size);
    trail_folder_put(sheaf.folder.path, bytes, size - 10);
    report = trail_folder_check(&sheaf.folder, NULL, false);
    cr_expect_eq(report.finding.defect, AUDIT_CUT);
    cr_expect_eq(report.finding.seq, 5);
    free(bytes);
    free_sheaf(&sheaf);
}

static void make_key(struct audit_key *key, char fill)
{
    *key = (struct audit_key){ .len = 40 };
    memset(key->bytes, fill, key->len);
    audit_record_key_id(key);
}

/* Who has no key can make a chain that is good in itself, but no seals. */
Test(audit_verify, with_a_key_a_new_chain_is_found)
{
    struct audit_key key;
    struct audit_key other;
    struct sheaf sheaf;
    char *line = NULL;

    make_key(&key, 'k');
    make_key(&other, 'o');
    make_sheaf(&sheaf, 20, &key);
    cr_expect_eq(check(&sheaf, &key).defect, AUDIT_WHOLE);
    cr_expect_eq(check(&sheaf, &other).defect, AUDIT_UNSEALED);
    line = sheaf.lines[19];
    sheaf.lines[19] = forge(&sheaf, 19);
    cr_expect_eq(check(&sheaf, NULL).defect, AUDIT_WHOLE, "without the key it looks good");
    cr_expect_eq(check(&sheaf, &key).defect, AUDIT_UNSEALED);
    cr_expect_eq(check(&sheaf, &key).seq, 20);
    free(sheaf.lines[19]);
    sheaf.lines[19] = line;
    free_sheaf(&sheaf);
}

Test(audit_verify, a_trail_may_begin_later_when_that_is_said)
{
    struct sheaf sheaf;
    struct audit_files_check check_all = { 0 };
    struct audit_files_report report;
    const char *names[1];
    char words[AUDIT_FILES_WORDS];

    make_sheaf(&sheaf, 20, NULL);
    memmove(sheaf.lines, sheaf.lines + 5, 15 * sizeof *sheaf.lines);
    sheaf.count = 15;
    expect_found(&sheaf, AUDIT_REMOVED, 1);
    names[0] = sheaf.folder.path;
    check_all = (struct audit_files_check){ .names = names, .name_count = 1, .first = 6 };
    cr_assert_eq(audit_files_verify(&check_all, &report, words), 0);
    cr_expect_eq(report.finding.defect, AUDIT_WHOLE, "%s", report.finding.words);
    cr_expect_eq(report.records, 15);
    check_all.first = 7;
    cr_assert_eq(audit_files_verify(&check_all, &report, words), 0);
    cr_expect_neq(report.finding.defect, AUDIT_WHOLE);
    free_sheaf(&sheaf);
}

Test(audit_verify, every_defect_has_a_name)
{
    for (int i = AUDIT_WHOLE; i <= AUDIT_UNSEALED; i++)
        cr_expect_str_neq(audit_defect_name((enum audit_defect)i), "unknown");
}
