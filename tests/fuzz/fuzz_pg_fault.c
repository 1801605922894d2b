/* room: store
 *
 * Any bytes as the words of a server: one line of UTF-8 comes out, within its bounds, and a state that is one or none.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/pg_fault_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct pg_fault fault;
    char *message = mem_text_of((const char *)bytes, count);

    pg_fault_read(&fault, PG_FAULT_REFUSED, message);
    CHECK(fault.words[0] != '\0' && strlen(fault.words) < sizeof fault.words);
    CHECK(text_is_utf8(slice_from(fault.words)));
    CHECK(strlen(fault.sqlstate) == 0 || strlen(fault.sqlstate) == 5);
    for (const char *at = fault.words; *at != '\0'; at++)
        CHECK((unsigned char)*at >= 0x20 && *at != 0x7f);
    free(message);
    return 0;
}
