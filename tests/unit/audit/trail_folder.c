/* See trail_folder.h. */
#include "trail_folder.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void trail_folder_make(struct trail_folder *folder)
{
    snprintf(folder->folder, sizeof folder->folder, "/tmp/unit-audit-XXXXXX");
    cr_assert_not_null(mkdtemp(folder->folder));
    snprintf(folder->path, sizeof folder->path, "%s/audit.jsonl", folder->folder);
    snprintf(folder->anchor, sizeof folder->anchor, "%s/anchor", folder->folder);
}

static int remove_item(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void trail_folder_remove(const struct trail_folder *folder)
{
    nftw(folder->folder, remove_item, 16, FTW_DEPTH | FTW_PHYS);
}

void trail_folder_record(unsigned seq, struct audit_record *out)
{
    *out = (struct audit_record){
        .seq = seq,
        .time_us = 1700000000000000 + seq,
        .epoch_before = seq,
        .epoch = seq + 1,
        .duration_us = 42,
    };
    snprintf(out->actor, sizeof out->actor, "uid=%u(\"an\\n\") pid=%u", seq % 7, seq);
    audit_record_set(out->verb, sizeof out->verb, seq % 2 == 0 ? "switch" : "canary start");
    audit_record_set(out->service, sizeof out->service, seq % 3 == 0 ? "shop" : "pay");
    audit_record_set(out->outcome, sizeof out->outcome, "done");
}

void trail_folder_write(const char *path, unsigned count, const struct audit_key *key)
{
    struct audit_proof proof = { 0 };
    struct audit_record record;
    struct text out;

    text_init(&out, 64 * 1024 * 1024);
    for (unsigned i = 1; i <= count; i++) {
        trail_folder_record(i, &record);
        audit_record_prove(&record, key, &proof);
        audit_record_encode(&record, &proof, &out);
        memcpy(proof.prev, proof.hash, sizeof proof.prev);
    }
    trail_folder_put(path, out.bytes, out.len);
    text_fini(&out);
}

char *trail_folder_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "re");
    char *bytes = NULL;

    cr_assert_not_null(file, "%s", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = mem_zalloc(*size + 1);
    cr_assert_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

void trail_folder_put(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "we");

    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
}

struct audit_files_report trail_folder_check(const struct trail_folder *folder,
                                             const struct audit_key *key, bool with_anchor)
{
    struct audit_files_check check = { .path = folder->path,
                                       .key = key,
                                       .anchor = with_anchor ? folder->anchor : NULL };
    struct audit_files_report report = { 0 };
    char words[AUDIT_FILES_WORDS] = "";

    cr_assert_eq(audit_files_verify(&check, &report, words), 0, "%s", words);
    return report;
}

unsigned trail_folder_lines(const char *path)
{
    size_t size = 0;
    char *bytes = trail_folder_read(path, &size);
    unsigned count = 0;

    for (size_t i = 0; i < size; i++)
        count += bytes[i] == '\n';
    free(bytes);
    return count;
}
