/* room: http */
/*
 * Time per head: parsing and writing a small request (three fields, as load generators send it), a
 * browser's request (15 fields, 1 KiB) and a response. One line per result: name, ns/op.
 * Usage: bench_head [iterations [name]]; with few iterations it suits callgrind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/chunk.h"
#include "http/parse_head.h"
#include "http/write_head.h"

#define FIELDS_MAX 100

static const char small_request[] = "GET /plaintext HTTP/1.1\r\n"
                                    "Host: 127.0.0.1:8080\r\n"
                                    "User-Agent: wrk/4.1.0\r\n"
                                    "Accept: */*\r\n"
                                    "\r\n";

static const char browser_request[] =
    "GET /shop/catalogue/index.html?category=lamps&sort=price&page=3 HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"126\", \"Not-A.Brand\";v=\"24\", \"Browser\";v=\"126\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    "\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Referer: https://shop.example.com/shop/catalogue/index.html?category=lamps&page=2\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; tenant=acme; theme=dark; consent=1; "
    "basket=eyJpdGVtcyI6W3siaWQiOjQyLCJuIjoxfSx7ImlkIjo3LCJuIjoyfV19; uid=c9f0f895fb98ab9159f5\r\n"
    "If-None-Match: W/\"6f2-18f4f2a9c40\"\r\n"
    "\r\n";

static const char response[] = "HTTP/1.1 200 OK\r\n"
                               "Server: demo\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Length: 100\r\n"
                               "Date: Sat, 21 Nov 2026 09:00:00 GMT\r\n"
                               "\r\n";

static const struct head_limits limits = { 32768, 8192, FIELDS_MAX };
static struct field fields[FIELDS_MAX];
static char out[8192];
static size_t sink; /* so that no work is optimised away */

static struct head head = { .fields = fields, .field_capacity = FIELDS_MAX };

static void parse_request(struct slice text)
{
    size_t searched = 0;
    enum fault fault = FAULT_NONE;

    if (parse_head_request(text.ptr, text.len, &searched, &limits, &head, &fault) != PARSE_DONE)
        abort();
    sink += head.size;
}

static void parse_response(struct slice text)
{
    size_t searched = 0;
    enum fault fault = FAULT_NONE;

    if (parse_head_response(text.ptr, text.len, &searched, &limits, METHOD_GET, &head, &fault) !=
        PARSE_DONE)
        abort();
    sink += head.size;
}

static void write_request(void)
{
    struct write_request how = {
        .client_host = SLICE("127.0.0.1"),
        .proto = SLICE("http"),
        .request_id = SLICE("4b9b3f0e5a7c4d21"),
        .forwarded = true,
        .via = true,
        .framing = head.framing,
        .length = head.length,
    };
    long size = write_head_request(&head, &how, out, sizeof out);

    if (size < 0)
        abort();
    sink += (size_t)size;
}

static void write_response(void)
{
    struct write_response how = {
        .client_minor = 1,
        .framing = head.framing,
        .length = head.length,
    };
    long size = write_head_response(&head, &how, out, sizeof out);

    if (size < 0)
        abort();
    sink += (size_t)size;
}

static void bench_parse_small(unsigned long count)
{
    for (unsigned long i = 0; i < count; i++)
        parse_request(SLICE(small_request));
}

static void bench_parse_browser(unsigned long count)
{
    for (unsigned long i = 0; i < count; i++)
        parse_request(SLICE(browser_request));
}

static void bench_parse_response(unsigned long count)
{
    for (unsigned long i = 0; i < count; i++)
        parse_response(SLICE(response));
}

static void bench_write_small(unsigned long count)
{
    parse_request(SLICE(small_request));

    for (unsigned long i = 0; i < count; i++)
        write_request();
}

static void bench_write_browser(unsigned long count)
{
    parse_request(SLICE(browser_request));

    for (unsigned long i = 0; i < count; i++)
        write_request();
}

static void bench_write_response(unsigned long count)
{
    parse_response(SLICE(response));

    for (unsigned long i = 0; i < count; i++)
        write_response();
}

/* A body of 16 chunks of 256 bytes. */
static void bench_chunked(unsigned long count)
{
    static char body[16 * (256 + 7) + 5];
    size_t size = 0;

    for (unsigned i = 0; i < 16; i++) {
        size += chunk_write_head(256, body + size) + 256;
        memcpy(body + size, "\r\n", 2);
        size += 2;
    }
    memcpy(body + size, "0\r\n\r\n", 5);
    size += 5;
    for (unsigned long i = 0; i < count; i++) {
        struct chunk_reader reader;
        struct slice span = { NULL, 0 };
        enum chunk_event event = CHUNK_DATA;

        chunk_reader_init(&reader, 1024);
        for (size_t at = 0, used = 0; event == CHUNK_DATA; at += used)
            event = chunk_read(&reader, body + at, size - at, &used, &span);
        if (event != CHUNK_DONE)
            abort();
        sink += reader.total;
    }
}

struct bench {
    const char *name;
    void (*run)(unsigned long count);
};

static const struct bench benches[] = {
    { "parse_request_small", bench_parse_small },
    { "parse_request_browser", bench_parse_browser },
    { "parse_response", bench_parse_response },
    { "write_request_small", bench_write_small },
    { "write_request_browser", bench_write_browser },
    { "write_response", bench_write_response },
    { "chunked_16x256", bench_chunked },
};

static double now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000000;

    for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++) {
        double start = 0;

        if (argc > 2 && strcmp(argv[2], benches[i].name) != 0)
            continue;
        start = now_ns();
        benches[i].run(count);
        printf("%-24s %8.1f ns/op\n", benches[i].name, (now_ns() - start) / (double)count);
    }
    return sink == 0;
}
