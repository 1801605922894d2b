/* One record as a line and back; every field counts for the hash, and the line has one form. */
#include "audit/audit_record.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "trail_folder.h"

static void make_line(const struct audit_record *record, const struct audit_key *key,
                      struct audit_proof *proof, struct text *out)
{
    text_init(out, AUDIT_RECORD_LINE_MAX);
    memset(proof->prev, 7, sizeof proof->prev);
    audit_record_prove(record, key, proof);
    audit_record_encode(record, proof, out);
}

static struct slice line_of(const struct text *text)
{
    return slice_of(text->bytes, text->len - 1);
}

Test(audit_record, comes_back_as_it_was)
{
    struct audit_record record;
    struct audit_record read;
    struct audit_proof proof = { 0 };
    struct audit_proof said;
    struct text line;

    trail_folder_record(12, &record);
    audit_record_set(record.reason, sizeof record.reason, "a \"b\" \\ \x01 \xc3\xa4");
    make_line(&record, NULL, &proof, &line);
    cr_assert_eq(audit_record_decode(line_of(&line), &read, &said), 0);
    cr_expect_eq(read.seq, 12);
    cr_expect_eq(read.epoch, 13);
    cr_expect_str_eq(read.actor, record.actor);
    cr_expect_str_eq(read.reason, record.reason);
    cr_expect(audit_record_is_whole(&read, &said, NULL));
    cr_expect_eq(memcmp(said.prev, proof.prev, sizeof said.prev), 0);
    text_fini(&line);
}

Test(audit_record, every_byte_of_a_line_counts)
{
    struct audit_record record;
    struct audit_record read;
    struct audit_proof proof = { 0 };
    struct audit_proof said;
    struct text line;

    trail_folder_record(3, &record);
    make_line(&record, NULL, &proof, &line);
    for (size_t i = 0; i + 1 < line.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            line.bytes[i] = (char)(line.bytes[i] ^ (1 << bit));
            /* the hash of the one before is a part of the hash, but another valid one is another chain */
            cr_expect(audit_record_decode(line_of(&line), &read, &said) != 0 ||
                          !audit_record_is_whole(&read, &said, NULL),
                      "byte %zu bit %u", i, bit);
            line.bytes[i] = (char)(line.bytes[i] ^ (1 << bit));
        }
    }
    cr_expect_eq(audit_record_decode(line_of(&line), &read, &said), 0);
    text_fini(&line);
}

Test(audit_record, lengths_keep_fields_apart)
{
    struct audit_record one = { .seq = 1 };
    struct audit_record other = { .seq = 1 };
    struct audit_proof first = { 0 };
    struct audit_proof second = { 0 };

    audit_record_set(one.actor, sizeof one.actor, "ab");
    audit_record_set(one.role, sizeof one.role, "c");
    audit_record_set(other.actor, sizeof other.actor, "a");
    audit_record_set(other.role, sizeof other.role, "bc");
    audit_record_prove(&one, NULL, &first);
    audit_record_prove(&other, NULL, &second);
    cr_expect_neq(memcmp(first.hash, second.hash, sizeof first.hash), 0);
}

Test(audit_record, other_forms_of_the_same_are_refused)
{
    static const char *const lines[] = {
        "", "{}", "[]", "null", "{\"v\":2}", "{\"v\":1,\"seq\":1}", "{\"v\":1,\"seq\":1,", "\xff",
    };
    struct audit_record record;
    struct audit_record read;
    struct audit_proof proof = { 0 };
    struct audit_proof said;
    struct text line;
    struct text spaced;

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_expect_neq(audit_record_decode(slice_from(lines[i]), &read, &said), 0, "%s", lines[i]);
    trail_folder_record(3, &record);
    make_line(&record, NULL, &proof, &line);
    text_init(&spaced, AUDIT_RECORD_LINE_MAX);
    text_add(&spaced, " ");
    text_add_slice(&spaced, line_of(&line));
    cr_expect_neq(audit_record_decode(text_slice(&spaced), &read, &said), 0);
    text_fini(&spaced);
    text_fini(&line);
}

static void make_key(struct audit_key *key, char fill)
{
    *key = (struct audit_key){ .len = 40 };
    memset(key->bytes, fill, key->len);
    audit_record_key_id(key);
}

Test(audit_record, a_seal_is_good_for_one_key)
{
    struct audit_record record;
    struct audit_record read;
    struct audit_proof proof = { 0 };
    struct audit_proof said;
    struct audit_key key;
    struct audit_key other;
    struct text line;

    make_key(&key, 'k');
    make_key(&other, 'o');
    cr_expect_str_neq(key.id, other.id);
    trail_folder_record(5, &record);
    make_line(&record, &key, &proof, &line);
    cr_assert_eq(audit_record_decode(line_of(&line), &read, &said), 0);
    cr_expect_str_eq(said.key_id, key.id);
    cr_expect(audit_record_is_whole(&read, &said, &key));
    cr_expect(audit_record_is_whole(&read, &said, &other), "another key's seal is not judged");
    said.seal[0] ^= 1;
    cr_expect_not(audit_record_is_whole(&read, &said, &key));
    text_fini(&line);
}

Test(audit_record, text_is_cut_at_a_character_and_made_utf8)
{
    char field[6];

    audit_record_set(field, sizeof field, "abcd\xc3\xa4");
    cr_expect_str_eq(field, "abcd");
    audit_record_set(field, sizeof field, "a\xff\xc3\xa4z");
    cr_expect_str_eq(field, "a?\xc3\xa4z");
    audit_record_set(field, sizeof field, NULL);
    cr_expect_str_eq(field, "");
}

Test(audit_record, the_longest_record_is_a_line)
{
    struct audit_record record = { .seq = UINT64_MAX >> 11 };
    struct audit_record read;
    struct audit_proof proof = { 0 };
    struct audit_proof said;
    struct text line;

    record.time_us = record.epoch = record.epoch_before = record.duration_us = UINT64_MAX >> 11;
#define FILL(name, bytes) memset(record.name, '\x01', (bytes)-1);
    AUDIT_RECORD_TEXTS(FILL)
    make_line(&record, NULL, &proof, &line);
    cr_expect_not(text_is_cut(&line));
    cr_expect_eq(audit_record_decode(line_of(&line), &read, &said), 0);
    text_fini(&line);
}
