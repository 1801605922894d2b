/* The PROXY protocol: vectors of both versions, cut at every place, and what we write ourselves. */
#include "http/proxy_header.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct header_case {
    const char *bytes;
    size_t count;
    enum parse parse;
    const char *source; /* NULL: local */
    const char *destination;
    size_t rest;
};

#define DONE(text, source, destination, rest)                                                      \
    {                                                                                              \
        text, sizeof(text) - 1, PARSE_DONE, source, destination, rest                              \
    }
#define LOCAL(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1, PARSE_DONE, NULL, NULL, 0                                          \
    }
#define BAD(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1, PARSE_BAD, NULL, NULL, 0                                           \
    }
#define MORE(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1, PARSE_MORE, NULL, NULL, 0                                          \
    }
#define SIG "\r\n\r\n\0\r\nQUIT\n"

/* "1.2.3.4:5", "[::1]:5" or "unix:/path" in a static buffer of two. */
static const char *show(const struct address *address)
{
    static char shown[2][160];
    static unsigned next;
    char host[INET6_ADDRSTRLEN] = "";
    char *out = shown[next++ % 2];

    switch (address->sa.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &address->sa.in.sin_addr, host, sizeof host);
        snprintf(out, 160, "%s:%u", host, ntohs(address->sa.in.sin_port));
        cr_assert_eq(address->len, sizeof address->sa.in);
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &address->sa.in6.sin6_addr, host, sizeof host);
        snprintf(out, 160, "[%s]:%u", host, ntohs(address->sa.in6.sin6_port));
        cr_assert_eq(address->len, sizeof address->sa.in6);
        break;
    case AF_UNIX: snprintf(out, 160, "unix:%s", address->sa.un.sun_path); break;
    default: snprintf(out, 160, "none"); break;
    }
    return out;
}

static enum parse read_copy(const char *bytes, size_t count, size_t *size,
                            struct proxy_header *header)
{
    char *copy = malloc(count > 0 ? count : 1);
    enum parse result = PARSE_BAD;

    cr_assert_not_null(copy);
    memcpy(copy, bytes, count);
    result = proxy_header_read(copy, count, size, header);
    free(copy);
    return result;
}

static void check_one(const struct header_case *one)
{
    struct proxy_header header;
    size_t size = 0;

    cr_assert_eq(read_copy(one->bytes, one->count, &size, &header), one->parse, "%s", one->bytes);
    if (one->parse == PARSE_DONE) {
        cr_assert_eq(one->count - size, one->rest, "%s", one->bytes);
        cr_assert_eq(header.is_local, one->source == NULL);
    }
    if (one->source != NULL) {
        cr_assert_str_eq(show(&header.source), one->source);
        cr_assert_str_eq(show(&header.destination), one->destination);
    }
    /* No beginning of a good header is refused or taken for all of it. */
    for (size_t count = 0; one->parse != PARSE_BAD && count < one->count - one->rest; count++)
        cr_assert_eq(read_copy(one->bytes, count, &size, &header), PARSE_MORE, "%zu of %s", count,
                     one->bytes);
}

Test(proxy_header, version_1)
{
    static const struct header_case cases[] = {
        DONE("PROXY TCP4 1.2.3.4 5.6.7.8 9 65535\r\n", "1.2.3.4:9", "5.6.7.8:65535", 0),
        DONE("PROXY TCP4 255.255.255.255 0.0.0.0 0 1\r\nGET /", "255.255.255.255:0", "0.0.0.0:1",
             5),
        DONE("PROXY TCP6 ::1 2001:DB8::2 80 443\r\n", "[::1]:80", "[2001:db8::2]:443", 0),
        DONE("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
             "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
             "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
             "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", 0),
        LOCAL("PROXY UNKNOWN\r\n"),
        LOCAL("PROXY UNKNOWN anything at all\r\n"),
        MORE("PROXY TCP4 1.2.3.4"),
        BAD("GET / HTTP/1.1\r\n"),
        BAD("proxy TCP4 1.2.3.4 5.6.7.8 9 10\r\n"),
        BAD("PROXY\r\n"),
        BAD("PROXY \r\n"),
        BAD("PROXY TCP4\r\n"),
        BAD("PROXYTCP4 1.2.3.4 5.6.7.8 9 10\r\n"),
        BAD("PROXY TCP5 1.2.3.4 5.6.7.8 9 10\r\n"),
        BAD("PROXY tcp4 1.2.3.4 5.6.7.8 9 10\r\n"),
        BAD("PROXY UNKNOWNX\r\n"),
        BAD("PROXY TCP4 1.2.3.4 5.6.7.8 9\r\n"),
        BAD("PROXY TCP4 1.2.3.4 5.6.7.8 9 10 11\r\n"),
        BAD("PROXY TCP4 1.2.3.4 5.6.7.8 9 10 \r\n"),
        BAD("PROXY TCP4  1.2.3.4 5.6.7.8 9 10\r\n"),
        BAD("PROXY TCP4 1.2.3 5.6.7.8 9 10\r\n"),
        BAD("PROXY TCP4 1.2.3.256 5.6.7.8 9 10\r\n"),
        BAD("PROXY TCP4 ::1 ::2 9 10\r\n"),
        BAD("PROXY TCP6 1.2.3.4 5.6.7.8 9 10\r\n"),
        BAD("PROXY TCP4 1.2.3.4 5.6.7.8 65536 10\r\n"),
        BAD("PROXY TCP4 1.2.3.4 5.6.7.8 -1 10\r\n"),
        BAD("PROXY TCP4 1.2.3.4 5.6.7.8 09 10\r\n"),
        BAD("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\n"),
        BAD("PROXY TCP4 1.2.3.4 5.6.7.8 9 10\rX"),
        BAD("PROXY TCP4 1.2.3.4\0 5.6.7.8 9 10\r\n"),
        BAD("PROXY UNKNOWN "
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aa"
            "aaaaaaaaaaaa"),
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_one(&cases[i]);
}

Test(proxy_header, version_2)
{
    static const struct header_case cases[] = {
        DONE(SIG "\x21\x11\0\x0c\1\2\3\4\5\6\7\x8\0\x50\1\xbb", "1.2.3.4:80", "5.6.7.8:443", 0),
        DONE(SIG "\x21\x11\0\x0c\1\2\3\4\5\6\7\x8\0\x50\1\xbbrest", "1.2.3.4:80", "5.6.7.8:443", 4),
        DONE(SIG "\x21\x11\0\x13\1\2\3\4\5\6\7\x8\0\x50\1\xbb\4\0\0\1\0\1h", "1.2.3.4:80",
             "5.6.7.8:443", 0),
        DONE(SIG "\x21\x21\0\x24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0"
                 "\1\0\2",
             "[::1]:1", "[::2]:2", 0),
        LOCAL(SIG "\x20\0\0\0"),
        LOCAL(SIG "\x20\x11\0\x0c\1\2\3\4\5\6\7\x8\0\x50\1\xbb"),
        LOCAL(SIG "\x20\x99\0\3\1\2\3"),
        LOCAL(SIG "\x21\0\0\0"),
        LOCAL(SIG "\x21\0\0\3\1\2\3"),
        MORE(SIG),
        BAD("\r\n\r\n\0\r\nQUIT\r"),
        BAD("\r\n\r\nGET"),
        BAD(SIG "\x11\x11\0\x0c\1\2\3\4\5\6\7\x8\0\x50\1\xbb"),
        BAD(SIG "\x22\x11\0\x0c\1\2\3\4\5\6\7\x8\0\x50\1\xbb"),
        BAD(SIG "\x21\x12\0\x0c\1\2\3\4\5\6\7\x8\0\x50\1\xbb"),
        BAD(SIG "\x21\x41\0\x0c\1\2\3\4\5\6\7\x8\0\x50\1\xbb"),
        BAD(SIG "\x21\x11\0\x0b\1\2\3\4\5\6\7\x8\0\x50\1"),
        BAD(SIG "\x21\x21\0\x0c\1\2\3\4\5\6\7\x8\0\x50\1\xbb"),
        BAD(SIG "\x21\x11\0\x0e\1\2\3\4\5\6\7\x8\0\x50\1\xbb\4\0"),
        BAD(SIG "\x21\x11\0\x10\1\2\3\4\5\6\7\x8\0\x50\1\xbb\4\0\2x"),
        BAD(SIG "\x21\x11\x10\x01"),
        BAD(SIG "\x21\x11\xff\xff"),
        BAD(SIG "\x21\x11\0\x12\1\2\3\4\5\6\7\x8\0\x50\1\xbb\3\0\3abc"),
        BAD(SIG "\x21\x11\0\x13\1\2\3\4\5\6\7\x8\0\x50\1\xbb\3\0\4\0\0\0\0"),
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_one(&cases[i]);
}

/*
 * CRC-32C of the whole header, as another implementation computed it. Every change of a byte is
 * noticed, except of the one that says that this is a checksum (28).
 */
Test(proxy_header, checksum)
{
    char bytes[] = SIG "\x21\x11\0\x13\1\2\3\4\5\6\7\x8\0\x50\1\xbb\3\0\4\0\0\0\0";
    size_t count = sizeof bytes - 1;
    struct proxy_header header;
    size_t size = 0;

    memcpy(bytes + count - 4, "\x5c\x04\x43\xc9", 4);
    cr_assert_eq(proxy_header_read(bytes, count, &size, &header), PARSE_DONE);
    cr_assert_eq(size, count);
    for (size_t i = 16; i < count; i++) {
        bytes[i] ^= 1;
        cr_assert_eq(proxy_header_read(bytes, count, &size, &header) == PARSE_DONE, i == 28, "%zu",
                     i);
        bytes[i] ^= 1;
    }
}

static struct address make(const char *text, uint16_t port)
{
    struct address address = { .len = 0 };

    if (text[0] == '/') {
        address.sa.un.sun_family = AF_UNIX;
        snprintf(address.sa.un.sun_path, sizeof address.sa.un.sun_path, "%s", text);
        address.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) + 1);
    } else if (inet_pton(AF_INET, text, &address.sa.in.sin_addr) == 1) {
        address.sa.in.sin_family = AF_INET;
        address.sa.in.sin_port = htons(port);
        address.len = sizeof address.sa.in;
    } else {
        cr_assert_eq(inet_pton(AF_INET6, text, &address.sa.in6.sin6_addr), 1);
        address.sa.in6.sin6_family = AF_INET6;
        address.sa.in6.sin6_port = htons(port);
        address.len = sizeof address.sa.in6;
    }
    return address;
}

struct pair {
    const char *source;
    const char *destination;
    const char *line; /* version 1 */
    bool is_known[2]; /* read back with its addresses, in version 1 and 2 */
};

Test(proxy_header, writes_what_it_reads)
{
    static const struct pair pairs[] = {
        { "1.2.3.4", "5.6.7.8", "PROXY TCP4 1.2.3.4 5.6.7.8 1 65535\r\n", { true, true } },
        { "::1", "2001:db8::1", "PROXY TCP6 ::1 2001:db8::1 1 65535\r\n", { true, true } },
        { "1.2.3.4", "::1", "PROXY UNKNOWN\r\n", { false, false } },
        { "/a/b", "/c", "PROXY UNKNOWN\r\n", { false, true } },
        { "/a/b", "1.2.3.4", "PROXY UNKNOWN\r\n", { false, false } },
    };

    for (size_t i = 0; i < 2 * sizeof pairs / sizeof pairs[0]; i++) {
        const struct pair *pair = &pairs[i / 2];
        struct address source = make(pair->source, 1), destination = make(pair->destination, 65535);
        struct proxy_header header;
        char bytes[PROXY_HEADER_SIZE + 1];
        size_t count = 0, size = 0;

        bytes[PROXY_HEADER_SIZE] = '~';
        count = proxy_header_write(1 + (int)(i % 2), &source, &destination, bytes);
        cr_assert_leq(count, PROXY_HEADER_SIZE);
        cr_assert_eq(bytes[PROXY_HEADER_SIZE], '~');
        if (i % 2 == 0)
            cr_assert(count == strlen(pair->line) && memcmp(bytes, pair->line, count) == 0);
        cr_assert_eq(proxy_header_read(bytes, count, &size, &header), PARSE_DONE);
        cr_assert_eq(size, count);
        cr_assert_eq(header.is_local, !pair->is_known[i % 2]);
        if (!header.is_local) {
            cr_assert_str_eq(show(&header.source), show(&source));
            cr_assert_str_eq(show(&header.destination), show(&destination));
        }
    }
}

Test(proxy_header, unnamed_unix_peer)
{
    struct address nameless = { .len = offsetof(struct sockaddr_un, sun_path) };
    struct address named = make("/run/app.sock", 0);
    struct proxy_header header;
    char bytes[PROXY_HEADER_SIZE];
    size_t size = 0;

    nameless.sa.un.sun_family = AF_UNIX;
    cr_assert_eq(proxy_header_write(2, &nameless, &named, bytes), PROXY_HEADER_SIZE);
    cr_assert_eq(proxy_header_read(bytes, sizeof bytes, &size, &header), PARSE_DONE);
    cr_assert_eq(header.source.len, offsetof(struct sockaddr_un, sun_path));
    cr_assert_str_eq(show(&header.destination), "unix:/run/app.sock");
}
