/* Socket addresses as text and back: see base/address.h. */
#include "base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

#define NAME_MAX_LEN  253 /* RFC 1035 2.3.4, without the final dot */
#define LABEL_MAX_LEN 63

static const unsigned char mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_label_byte(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static bool is_label(struct slice label)
{
    if (label.len == 0 || label.len > LABEL_MAX_LEN || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_label_byte(label.ptr[i]))
            return false;
    return true;
}

/* Letters, digits, '-' and '_' in labels; a last label of digits would be a broken IPv4 literal. */
static bool is_host_name(struct slice host)
{
    struct slice rest = host;
    struct slice label = { NULL, 0 };
    bool numeric = true;

    if (host.len == 0 || host.len > NAME_MAX_LEN)
        return false;
    while (slice_next(&rest, '.', &label))
        if (!is_label(label))
            return false;
    for (size_t i = 0; i < label.len; i++)
        numeric = numeric && is_digit(label.ptr[i]);
    return !numeric;
}

static int parse_ip(struct slice text, struct address *out)
{
    struct address address = { .len = 0 };
    char host[INET6_ADDRSTRLEN];

    if (memchr(text.ptr, '\0', text.len) != NULL || !slice_copy(text, host, sizeof host))
        return ERR_INVALID;
    if (inet_pton(AF_INET, host, &address.sa.in.sin_addr) == 1) {
        address.sa.in.sin_family = AF_INET;
        address.len = sizeof address.sa.in;
    } else if (inet_pton(AF_INET6, host, &address.sa.in6.sin6_addr) == 1) {
        address.sa.in6.sin6_family = AF_INET6;
        address.len = sizeof address.sa.in6;
    } else {
        return ERR_INVALID;
    }
    *out = address;
    return ERR_OK;
}

static int parse_port(struct slice text, uint16_t *port)
{
    uint64_t value = 0;
    int err = num_parse_u64(text, 65535, &value);

    if (err == ERR_OK)
        *port = (uint16_t)value;
    return err;
}

static int parse_unix_endpoint(struct slice path, struct endpoint *out)
{
    struct endpoint endpoint = { .is_unix = true };

    if (path.len == 0 || path.ptr[0] != '/')
        return ERR_INVALID;
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.ptr[i] < 0x20 || path.ptr[i] == 0x7f)
            return ERR_INVALID;
    if (path.len >= sizeof(((struct sockaddr_un *)0)->sun_path) ||
        !slice_copy(path, endpoint.host, sizeof endpoint.host))
        return ERR_RANGE;
    *out = endpoint;
    return ERR_OK;
}

static int parse_bracketed(struct slice text, struct endpoint *out)
{
    struct endpoint endpoint = { .port = 0 };
    const char *close = memchr(text.ptr, ']', text.len);
    struct address address;
    struct slice host;
    struct slice rest;
    int err = ERR_OK;

    if (close == NULL)
        return ERR_INVALID;
    host = slice_of(text.ptr + 1, (size_t)(close - text.ptr) - 1);
    rest = slice_of(close + 1, text.len - host.len - 2);
    if (rest.len == 0 || rest.ptr[0] != ':')
        return ERR_INVALID;
    if (host.len == 0 || parse_ip(host, &address) != ERR_OK || address.sa.any.sa_family != AF_INET6)
        return ERR_INVALID;
    err = parse_port(slice_of(rest.ptr + 1, rest.len - 1), &endpoint.port);
    if (err != ERR_OK)
        return err;
    if (!slice_copy(host, endpoint.host, sizeof endpoint.host))
        return ERR_INVALID;
    *out = endpoint;
    return ERR_OK;
}

int address_parse_endpoint(struct slice text, struct endpoint *out)
{
    struct endpoint endpoint = { .port = 0 };
    const char *colon = NULL;
    struct address address;
    struct slice host;
    int err = ERR_OK;

    if (text.len == 0)
        return ERR_INVALID;
    if (slice_starts_with(text, SLICE("unix:")))
        return parse_unix_endpoint(slice_of(text.ptr + 5, text.len - 5), out);
    if (text.ptr[0] == '[')
        return parse_bracketed(text, out);
    colon = memchr(text.ptr, ':', text.len);
    if (colon == NULL)
        return ERR_INVALID;
    host = slice_of(text.ptr, (size_t)(colon - text.ptr));
    err = parse_port(slice_of(colon + 1, text.len - host.len - 1), &endpoint.port);
    if (err != ERR_OK)
        return err;
    if (host.len == 0 || parse_ip(host, &address) != ERR_OK) {
        if (!is_host_name(host))
            return ERR_INVALID;
        endpoint.is_name = true;
    }
    if (!slice_copy(host, endpoint.host, sizeof endpoint.host))
        return ERR_INVALID;
    *out = endpoint;
    return ERR_OK;
}

int address_from_endpoint(const struct endpoint *endpoint, struct address *out)
{
    struct address address = { .len = 0 };

    if (endpoint->is_name)
        return ERR_NOT_FOUND;
    if (endpoint->is_unix) {
        struct sockaddr_un *un = &address.sa.un;

        if (!slice_copy(slice_from(endpoint->host), un->sun_path, sizeof un->sun_path))
            return ERR_RANGE;
        un->sun_family = AF_UNIX;
        address.len =
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(un->sun_path) + 1);
        *out = address;
        return ERR_OK;
    }
    if (parse_ip(slice_from(endpoint->host), &address) != ERR_OK)
        return ERR_INVALID;
    if (address.sa.any.sa_family == AF_INET)
        address.sa.in.sin_port = htons(endpoint->port);
    else
        address.sa.in6.sin6_port = htons(endpoint->port);
    *out = address;
    return ERR_OK;
}

int address_parse(struct slice text, struct address *out)
{
    struct endpoint endpoint;
    int err = address_parse_endpoint(text, &endpoint);

    return err != ERR_OK ? err : address_from_endpoint(&endpoint, out);
}

/* The bytes of an IP address without its port; a mapped IPv4 address counts as IPv4. */
static struct slice ip_bytes(const struct address *address)
{
    const struct sockaddr_in6 *in6 = &address->sa.in6;

    if (address->sa.any.sa_family == AF_INET)
        return slice_of((const char *)&address->sa.in.sin_addr, 4);
    if (address->sa.any.sa_family != AF_INET6)
        return slice_of(NULL, 0);
    if (memcmp(&in6->sin6_addr, mapped_prefix, sizeof mapped_prefix) == 0)
        return slice_of((const char *)&in6->sin6_addr + sizeof mapped_prefix, 4);
    return slice_of((const char *)&in6->sin6_addr, 16);
}

static void clear_host_bits(unsigned char *bytes, size_t count, unsigned prefix_bits)
{
    for (size_t i = 0; i < count; i++) {
        unsigned first = (unsigned)i * 8;

        if (first >= prefix_bits)
            bytes[i] = 0;
        else if (prefix_bits - first < 8)
            bytes[i] &= (unsigned char)(0xff << (8 - (prefix_bits - first)));
    }
}

/* "::ffff:10.0.0.0/104" means 10.0.0.0/8. */
static void unmap_net(struct address_net *net)
{
    struct slice bytes = ip_bytes(&net->base);
    struct address plain = { .len = sizeof plain.sa.in };

    if (net->base.sa.any.sa_family != AF_INET6 || bytes.len != 4 || net->prefix_bits < 96)
        return;
    plain.sa.in.sin_family = AF_INET;
    memcpy(&plain.sa.in.sin_addr, bytes.ptr, bytes.len);
    net->base = plain;
    net->prefix_bits -= 96;
}

int address_parse_net(struct slice text, struct address_net *out)
{
    struct address_net net = { .prefix_bits = 0 };
    const char *slash = NULL;
    struct slice host = text;
    uint64_t bits = 0;
    int err = ERR_OK;

    if (slice_is_equal(text, SLICE("unix:"))) {
        net.base.sa.un.sun_family = AF_UNIX;
        net.base.len = (socklen_t)offsetof(struct sockaddr_un, sun_path);
        *out = net;
        return ERR_OK;
    }
    slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
    if (slash != NULL)
        host.len = (size_t)(slash - text.ptr);
    if (host.len == 0 || parse_ip(host, &net.base) != ERR_OK)
        return ERR_INVALID;
    bits = net.base.sa.any.sa_family == AF_INET ? 32 : 128;
    if (slash != NULL) {
        err = num_parse_u64(slice_of(slash + 1, text.len - host.len - 1), bits, &bits);
        if (err != ERR_OK)
            return err;
    }
    net.prefix_bits = (unsigned)bits;
    unmap_net(&net);
    if (net.base.sa.any.sa_family == AF_INET)
        clear_host_bits((unsigned char *)&net.base.sa.in.sin_addr, 4, net.prefix_bits);
    else
        clear_host_bits((unsigned char *)&net.base.sa.in6.sin6_addr, 16, net.prefix_bits);
    *out = net;
    return ERR_OK;
}

bool address_net_contains(const struct address_net *net, const struct address *address)
{
    unsigned char masked[16] = { 0 };
    struct slice base = ip_bytes(&net->base);
    struct slice peer = ip_bytes(address);

    if (address_is_unix(&net->base))
        return address_is_unix(address);
    if (base.len == 0 || base.len != peer.len)
        return false;
    memcpy(masked, peer.ptr, peer.len);
    clear_host_bits(masked, peer.len, net->prefix_bits);
    return memcmp(masked, base.ptr, base.len) == 0;
}

/* The path of a unix address with its true length: empty, or with a first NUL when abstract. */
static struct slice unix_path(const struct address *address)
{
    size_t start = offsetof(struct sockaddr_un, sun_path);
    const char *path = address->sa.un.sun_path;

    if (address->len <= start)
        return slice_of(path, 0);
    if (path[0] == '\0')
        return slice_of(path, address->len - start);
    return slice_of(path, strnlen(path, address->len - start));
}

bool address_is_equal(const struct address *a, const struct address *b)
{
    if (a->sa.any.sa_family != b->sa.any.sa_family)
        return false;
    if (a->sa.any.sa_family == AF_INET)
        return a->sa.in.sin_port == b->sa.in.sin_port &&
               a->sa.in.sin_addr.s_addr == b->sa.in.sin_addr.s_addr;
    if (a->sa.any.sa_family == AF_INET6)
        return a->sa.in6.sin6_port == b->sa.in6.sin6_port &&
               a->sa.in6.sin6_scope_id == b->sa.in6.sin6_scope_id &&
               memcmp(&a->sa.in6.sin6_addr, &b->sa.in6.sin6_addr, 16) == 0;
    if (a->sa.any.sa_family == AF_UNIX)
        return slice_is_equal(unix_path(a), unix_path(b));
    return true;
}

bool address_is_unix(const struct address *address)
{
    return address->sa.any.sa_family == AF_UNIX;
}

uint16_t address_port(const struct address *address)
{
    if (address->sa.any.sa_family == AF_INET)
        return ntohs(address->sa.in.sin_port);
    if (address->sa.any.sa_family == AF_INET6)
        return ntohs(address->sa.in6.sin6_port);
    return 0;
}

static size_t format_unix(const struct address *address, char *out)
{
    struct slice path = unix_path(address);
    size_t at = 5;

    memcpy(out, "unix:", at);
    for (size_t i = 0; i < path.len && at + 1 < ADDRESS_TEXT_SIZE; i++) {
        unsigned char c = (unsigned char)path.ptr[i];

        if (i == 0 && c == '\0')
            out[at++] = '@';
        else
            out[at++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    out[at] = '\0';
    return at;
}

size_t address_format(const struct address *address, char *out)
{
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = address_port(address);
    int len = 0;

    if (address_is_unix(address))
        return format_unix(address, out);
    if (address->sa.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->sa.in.sin_addr, host, sizeof host);
        len = snprintf(out, ADDRESS_TEXT_SIZE, "%s:%u", host, port);
    } else if (address->sa.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->sa.in6.sin6_addr, host, sizeof host);
        len = snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", host, port);
    } else {
        len = snprintf(out, ADDRESS_TEXT_SIZE, "none");
    }
    return (size_t)len;
}

size_t address_format_host(const struct address *address, char *out)
{
    struct slice bytes = ip_bytes(address);

    snprintf(out, ADDRESS_TEXT_SIZE, "%s", address_is_unix(address) ? "unix" : "none");
    if (bytes.len > 0)
        inet_ntop(bytes.len == 4 ? AF_INET : AF_INET6, bytes.ptr, out, ADDRESS_TEXT_SIZE);
    return strlen(out);
}
