/* room: health
 *
 * Any bytes as the body of an answer, judged by assertions. When the input begins with a line that is an assertion, that
 * one is asked, too, and a path in front of the same. Words stay within their room and are printable; a fault always has
 * words.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/assertion.h"
#include "base/check.h"
#include "health/probe_body_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static const char *const rivals[] = { "green", "staging" };

static void check_result(const struct probe_result *result)
{
    size_t len = strnlen(result->words, sizeof result->words);

    CHECK(len < sizeof result->words);
    CHECK((len > 0) == (result->fault != FAULT_NONE));
    for (size_t i = 0; i < len; i++)
        CHECK((unsigned char)result->words[i] >= ' ');
}

static void judge(const char *first, const char *path, struct slice body)
{
    const char *assertions[] = { first,
                                 "status=healthy",
                                 "environment=$slot",
                                 "version!=$version",
                                 "checks.database.pools[0]>=1.5",
                                 "uptime?" };
    const char *gauges[] = { path, "uptime", "pools[1]" };
    const struct probe_body_spec spec = {
        .assertion_count = sizeof assertions / sizeof *assertions,
        .assertions = assertions,
        .slot = "blue",
        .version = "v1",
        .rival_count = 2,
        .rivals = rivals,
        .timestamp = path,
        .skew_us = 30000000,
        .database = path,
        .gauge_count = 3,
        .gauges = gauges,
    };

    for (unsigned only = 0; only <= spec.assertion_count; only++) {
        struct probe_body_spec part = spec;
        struct probe_result result = { .fault = FAULT_NONE };

        part.assertion_count = only < spec.assertion_count ? 1 : 0;
        part.assertions = only < spec.assertion_count ? &spec.assertions[only] : NULL;
        probe_body_judge(&part, body, false, 1772323200000000, &result);
        check_result(&result);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct slice body = slice_of((const char *)bytes, count);
    const char *end = count > 0 ? memchr(bytes, '\n', count) : NULL;
    struct assertion assertion;
    const char *why = NULL;
    char first[ASSERTION_BYTES_MAX + 1] = "status?";
    char path[ASSERTION_BYTES_MAX + 1] = "timestamp";
    struct slice line = slice_of(body.ptr, end != NULL ? (size_t)(end - body.ptr) : 0);

    if (line.len > 0 && memchr(line.ptr, '\0', line.len) == NULL &&
        assertion_parse(line, &assertion, &why) == 0) {
        CHECK(slice_copy(line, first, sizeof first));
        CHECK(slice_copy(assertion.path, path, sizeof path));
        body = slice_of(end + 1, count - line.len - 1);
    }
    judge(first, path, body);
    return 0;
}
