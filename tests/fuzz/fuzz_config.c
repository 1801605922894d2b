/* room: config
 * Any text as a configuration: it is refused with words, or it loads, and then its dump loads as the
 * same tree. No input may crash, leak or hang.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"
#include "base/text.h"
#include "config/config.h"
#include "config/dump_priv.h"
#include "config/loader.h"
#include "config/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* The dump of a text that must load; the caller frees it. */
static char *load_and_dump(struct slice text, bool must_load)
{
    struct report report;
    struct config *config = NULL;
    struct text out;
    char *dump = NULL;

    report_init(&report);
    text_init(&out, 64u << 20);
    if (loader_load_text(text, "fuzz.conf", &report, &config) == ERR_OK) {
        dump_with_secrets(config, &out);
        dump = text_take(&out);
        config_free(config);
    } else {
        CHECK(!must_load);
        CHECK(report.error_count > 0);
        report_print(&report, &out);
    }
    text_fini(&out);
    report_fini(&report);
    return dump;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char *once = load_and_dump(slice_of((const char *)bytes, count), false);
    char *twice = NULL;

    if (once == NULL)
        return 0;
    twice = load_and_dump(slice_from(once), true);
    CHECK(slice_is_equal(slice_from(once), slice_from(twice)));
    free(once);
    free(twice);
    return 0;
}
