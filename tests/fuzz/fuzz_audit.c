/* room: audit */
/*
 * Lines of an audit trail as a verifier and a reader of pages take them. Whatever they are, the check ends, and what is
 * decoded comes out again byte for byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_record.h"
#include "audit/audit_verify.h"
#include "base/check.h"
#include "base/mask.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_line(struct slice line)
{
    struct audit_record record;
    struct audit_proof proof;
    struct text again;

    if (audit_record_decode(line, &record, &proof) != 0)
        return;
    text_init(&again, 64 * 1024);
    audit_record_encode(&record, &proof, &again);
    CHECK(again.len == line.len + 1 && memcmp(again.bytes, line.ptr, line.len) == 0);
    text_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct audit_verify *verify = mem_zalloc(sizeof *verify);
    struct slice rest = slice_of((const char *)bytes, size);
    const struct audit_finding *finding = NULL;
    struct slice line = { 0 };
    struct text masked;
    uint64_t lines = 0;

    audit_verify_begin(verify, NULL, NULL, 0);
    audit_verify_file(verify, "fuzz");
    while (slice_next(&rest, '\n', &line)) {
        check_line(line);
        audit_verify_line(verify, line, rest.len == 0 && size > 0 && bytes[size - 1] != '\n');
        lines++;
    }
    finding = audit_verify_end(verify);
    CHECK(verify->records <= lines);
    CHECK(finding->defect == AUDIT_WHOLE || finding->words[0] != '\0');
    free(verify);
    text_init(&masked, size * 12 + 64);
    mask_text(slice_of((const char *)bytes, size), &masked);
    CHECK(!text_is_cut(&masked));
    text_fini(&masked);
    return 0;
}
