/* room: http */
/*
 * PROXY headers of both versions. Oracles: no beginning of a good header is refused or taken for all
 * of it, bytes behind it do not matter, and what is written from it reads back as the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/proxy_header.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "fuzz_proxy_header: %d: %s\n", __LINE__, #condition);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static bool is_same_address(const struct address *a, const struct address *b)
{
    return a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0;
}

static void check_round_trip(const struct proxy_header *header, int version)
{
    char bytes[PROXY_HEADER_SIZE];
    struct proxy_header again;
    size_t read = 0;
    size_t size = proxy_header_write(version, &header->source, &header->destination, bytes);

    REQUIRE(size <= sizeof bytes);
    REQUIRE(proxy_header_read(bytes, size, &read, &again) == PARSE_DONE && read == size);
    if (again.is_local) {
        REQUIRE(header->is_local || (version == 1 && header->source.sa.any.sa_family == AF_UNIX));
        return;
    }
    REQUIRE(is_same_address(&again.source, &header->source));
    REQUIRE(is_same_address(&again.destination, &header->destination));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count)
{
    struct proxy_header whole, part;
    size_t size = 0, ignored = 0;
    char *bytes = malloc(count + 1);
    enum parse result = PARSE_BAD;

    REQUIRE(bytes != NULL);
    memcpy(bytes, input, count);
    result = proxy_header_read(bytes, count, &size, &whole);
    if (result == PARSE_DONE) {
        REQUIRE(size <= count);
        for (size_t i = 0; i < size; i++)
            REQUIRE(proxy_header_read(bytes, i, &ignored, &part) == PARSE_MORE);
        REQUIRE(proxy_header_read(bytes, size, &ignored, &part) == PARSE_DONE && ignored == size);
        check_round_trip(&whole, 1);
        check_round_trip(&whole, 2);
    }
    if (result == PARSE_BAD && count > 0)
        REQUIRE(proxy_header_read(bytes, count - 1, &ignored, &part) != PARSE_DONE);
    free(bytes);
    return 0;
}
