/*
 * A socket address as people write it: "127.0.0.1:80", "[::1]:80", "unix:/run/app.sock", and the text
 * form "name:port", which needs a resolver (net/resolver.h) before it is an address. Values, any thread.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/check.h"
#include "base/slice.h"

struct address {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } sa;
};

/* The text parts of an endpoint before it is resolved. */
struct endpoint {
    char host[256]; /* name, literal without brackets, or path after "unix:" */
    uint16_t port;
    bool is_unix;
    bool is_name; /* neither a literal nor a path */
};

struct address_net { /* "10.0.0.0/8", "::1", "unix:" (every local peer) */
    struct address base;
    unsigned prefix_bits;
};

/* ERR_INVALID (grammar), ERR_RANGE (port 0..65535, path length). Port 0 is allowed here. */
MUST_CHECK int address_parse_endpoint(struct slice text, struct endpoint *out);

/* A literal or unix endpoint as an address; ERR_NOT_FOUND for a name. */
MUST_CHECK int address_from_endpoint(const struct endpoint *endpoint, struct address *out);
MUST_CHECK int address_parse(struct slice text, struct address *out); /* both steps */
MUST_CHECK int address_parse_net(struct slice text, struct address_net *out);

bool address_net_contains(const struct address_net *net, const struct address *address);
bool address_is_equal(const struct address *a, const struct address *b);
bool address_is_unix(const struct address *address);
uint16_t address_port(const struct address *address); /* 0 for unix */

/* "127.0.0.1:80", "[::1]:80", "unix:/path", "unix:" for an unnamed peer; out has ADDRESS_TEXT_SIZE. */
#define ADDRESS_TEXT_SIZE 128
size_t address_format(const struct address *address, char *out);

/* Without the port: "127.0.0.1", "::1", "unix". */
size_t address_format_host(const struct address *address, char *out);

#endif
