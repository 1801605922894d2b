/* Endpoints, addresses and networks as text: base/address.h. */
#include "base/address.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

struct endpoint_case {
    const char *text;
    int err;
    const char *host;
    unsigned port;
    bool is_unix;
    bool is_name;
};

static const struct endpoint_case endpoint_cases[] = {
    { "127.0.0.1:80", ERR_OK, "127.0.0.1", 80, false, false },
    { "0.0.0.0:0", ERR_OK, "0.0.0.0", 0, false, false },
    { "[::1]:8080", ERR_OK, "::1", 8080, false, false },
    { "[2001:DB8::a]:65535", ERR_OK, "2001:DB8::a", 65535, false, false },
    { "[::ffff:10.0.0.1]:1", ERR_OK, "::ffff:10.0.0.1", 1, false, false },
    { "unix:/run/app.sock", ERR_OK, "/run/app.sock", 0, true, false },
    { "unix:/run/with space:9", ERR_OK, "/run/with space:9", 0, true, false },
    { "app:5000", ERR_OK, "app", 5000, false, true },
    { "blue-1.shop_x.internal:5000", ERR_OK, "blue-1.shop_x.internal", 5000, false, true },
    { "1host:80", ERR_OK, "1host", 80, false, true },
    { "", ERR_INVALID, NULL, 0, false, false },
    { ":80", ERR_INVALID, NULL, 0, false, false },
    { "127.0.0.1", ERR_INVALID, NULL, 0, false, false },
    { "127.0.0.1:", ERR_INVALID, NULL, 0, false, false },
    { "127.0.0.1:80 ", ERR_INVALID, NULL, 0, false, false },
    { "127.0.0.1:+80", ERR_INVALID, NULL, 0, false, false },
    { "127.0.0.1:65536", ERR_RANGE, NULL, 0, false, false },
    { "127.0.0.1:99999999999999999999", ERR_RANGE, NULL, 0, false, false },
    { "256.0.0.1:80", ERR_INVALID, NULL, 0, false, false },
    { "127.0.0:80", ERR_INVALID, NULL, 0, false, false },
    { "1.2.3.4.5:80", ERR_INVALID, NULL, 0, false, false },
    { "::1:80", ERR_INVALID, NULL, 0, false, false },
    { "[::1]", ERR_INVALID, NULL, 0, false, false },
    { "[::1]80", ERR_INVALID, NULL, 0, false, false },
    { "[::1:80", ERR_INVALID, NULL, 0, false, false },
    { "[]:80", ERR_INVALID, NULL, 0, false, false },
    { "[127.0.0.1]:80", ERR_INVALID, NULL, 0, false, false },
    { "[fe80::1%eth0]:80", ERR_INVALID, NULL, 0, false, false },
    { "[::1]:70000", ERR_RANGE, NULL, 0, false, false },
    { "a..b:80", ERR_INVALID, NULL, 0, false, false },
    { "-a:80", ERR_INVALID, NULL, 0, false, false },
    { "a-:80", ERR_INVALID, NULL, 0, false, false },
    { "a b:80", ERR_INVALID, NULL, 0, false, false },
    { "*:80", ERR_INVALID, NULL, 0, false, false },
    { "http://a:80", ERR_INVALID, NULL, 0, false, false },
    { "unix:", ERR_INVALID, NULL, 0, false, false },
    { "unix:relative", ERR_INVALID, NULL, 0, false, false },
    { "unix:/run/\n", ERR_INVALID, NULL, 0, false, false },
};

Test(address, parses_endpoints)
{
    for (size_t i = 0; i < sizeof endpoint_cases / sizeof endpoint_cases[0]; i++) {
        const struct endpoint_case *c = &endpoint_cases[i];
        struct endpoint out = { .port = 7 };

        cr_expect_eq(address_parse_endpoint(slice_from(c->text), &out), c->err, "%s", c->text);
        if (c->err != ERR_OK) {
            cr_expect_eq(out.port, 7, "%s: written in spite of an error", c->text);
            continue;
        }
        cr_expect_str_eq(out.host, c->host, "%s", c->text);
        cr_expect_eq(out.port, c->port, "%s", c->text);
        cr_expect_eq(out.is_unix, c->is_unix, "%s", c->text);
        cr_expect_eq(out.is_name, c->is_name, "%s", c->text);
    }
}

Test(address, bounds_names_and_paths)
{
    struct endpoint out;
    char text[400];

    memset(text, 'a', sizeof text);
    memcpy(text, "unix:/", 6);
    cr_expect_eq(address_parse_endpoint(slice_of(text, 5 + 107), &out), ERR_OK);
    cr_expect_eq(address_parse_endpoint(slice_of(text, 5 + 108), &out), ERR_RANGE);
    memset(text, 'a', sizeof text);
    memcpy(text + 63, ":80", 3);
    cr_expect_eq(address_parse_endpoint(slice_of(text, 66), &out), ERR_OK);
    cr_expect_eq(strlen(out.host), 63);
    memcpy(text + 63, "a:80", 4);
    cr_expect_eq(address_parse_endpoint(slice_of(text, 67), &out), ERR_INVALID);
    for (size_t i = 0; i < 300; i++)
        text[i] = i % 2 == 0 ? 'a' : '.';
    memcpy(text + 253, ":80", 3);
    cr_expect_eq(address_parse_endpoint(slice_of(text, 256), &out), ERR_OK);
    text[253] = '.';
    text[254] = 'a';
    memcpy(text + 255, ":80", 3);
    cr_expect_eq(address_parse_endpoint(slice_of(text, 258), &out), ERR_INVALID);
    cr_expect_eq(address_parse_endpoint(slice_of("127.0.0.1\0:80", 13), &out), ERR_INVALID);
}

Test(address, formats_what_it_parses)
{
    static const char *const same[] = { "127.0.0.1:80", "[::1]:8080", "unix:/run/app.sock",
                                        "[2001:db8::a]:0", "[::ffff:10.0.0.1]:99" };

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct address address;
        char out[ADDRESS_TEXT_SIZE];

        cr_assert_eq(address_parse(slice_from(same[i]), &address), ERR_OK, "%s", same[i]);
        cr_expect_eq(address_format(&address, out), strlen(same[i]));
        cr_expect_str_eq(out, same[i]);
    }
}

Test(address, a_name_is_not_an_address)
{
    struct address address;

    cr_expect_eq(address_parse(SLICE("app:80"), &address), ERR_NOT_FOUND);
    cr_expect_eq(address_parse(SLICE("app"), &address), ERR_INVALID);
}

static void expect_host(const char *text, const char *host, unsigned port)
{
    struct address address;
    char out[ADDRESS_TEXT_SIZE];

    cr_assert_eq(address_parse(slice_from(text), &address), ERR_OK, "%s", text);
    cr_expect_eq(address_format_host(&address, out), strlen(host), "%s", text);
    cr_expect_str_eq(out, host);
    cr_expect_eq(address_port(&address), port);
}

Test(address, formats_hosts)
{
    expect_host("127.0.0.1:80", "127.0.0.1", 80);
    expect_host("[::1]:8080", "::1", 8080);
    expect_host("[::ffff:10.0.0.1]:99", "10.0.0.1", 99);
    expect_host("unix:/run/x", "unix", 0);
}

Test(address, formats_odd_unix_peers)
{
    struct address address = { .len = sizeof(sa_family_t) };
    char out[ADDRESS_TEXT_SIZE];

    address.sa.un.sun_family = AF_UNIX;
    address_format(&address, out);
    cr_expect_str_eq(out, "unix:");
    memcpy(address.sa.un.sun_path, "\0ab\nc", 5);
    address.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 5);
    address_format(&address, out);
    cr_expect_str_eq(out, "unix:@ab?c");
    memset(address.sa.un.sun_path, 'x', sizeof address.sa.un.sun_path); /* no terminator */
    address.len = sizeof address.sa.un;
    cr_expect_eq(address_format(&address, out), 5 + 108);
    memset(&address, 0, sizeof address);
    address_format(&address, out);
    cr_expect_str_eq(out, "none");
}

struct net_case {
    const char *net;
    const char *address;
    bool inside;
};

static const struct net_case net_cases[] = {
    { "10.0.0.0/8", "10.255.0.1:1", true },
    { "10.0.0.0/8", "11.0.0.1:1", false },
    { "10.9.9.9/8", "10.1.2.3:1", true }, /* host bits do not count */
    { "192.168.1.128/25", "192.168.1.200:1", true },
    { "192.168.1.128/25", "192.168.1.100:1", false },
    { "127.0.0.1", "127.0.0.1:9", true },
    { "127.0.0.1", "127.0.0.2:9", false },
    { "0.0.0.0/0", "1.2.3.4:1", true },
    { "0.0.0.0/0", "[::1]:1", false },
    { "0.0.0.0/0", "unix:/x", false },
    { "::/0", "[2001:db8::1]:1", true },
    { "::/0", "1.2.3.4:1", false },
    { "::1", "[::1]:1", true },
    { "::1/128", "[::2]:1", false },
    { "2001:db8::/33", "[2001:db8:7fff::1]:1", true },
    { "2001:db8::/33", "[2001:db8:8000::1]:1", false },
    { "10.0.0.0/8", "[::ffff:10.1.2.3]:1", true }, /* a dual-stack listener sees these */
    { "::ffff:10.0.0.0/104", "10.1.2.3:1", true },
    { "::ffff:10.0.0.0/104", "[::ffff:11.1.2.3]:1", false },
    { "unix:", "unix:/run/x", true },
    { "unix:", "127.0.0.1:1", false },
};

Test(address, nets_contain)
{
    for (size_t i = 0; i < sizeof net_cases / sizeof net_cases[0]; i++) {
        const struct net_case *c = &net_cases[i];
        struct address_net net;
        struct address address;

        cr_assert_eq(address_parse_net(slice_from(c->net), &net), ERR_OK, "%s", c->net);
        cr_assert_eq(address_parse(slice_from(c->address), &address), ERR_OK, "%s", c->address);
        cr_expect_eq(address_net_contains(&net, &address), c->inside, "%s in %s", c->address,
                     c->net);
    }
}

Test(address, refuses_bad_nets)
{
    static const char *const bad[] = { "",          "10.0.0.0/", "10.0.0/8",
                                       "/8",        "a.b/8",     "10.0.0.0/-1",
                                       "[::1]/128", "unix:/x",   "::1/8/8" };
    struct address_net net;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(address_parse_net(slice_from(bad[i]), &net), ERR_INVALID, "%s", bad[i]);
    cr_expect_eq(address_parse_net(SLICE("10.0.0.0/33"), &net), ERR_RANGE);
    cr_expect_eq(address_parse_net(SLICE("::/129"), &net), ERR_RANGE);
}

static bool are_equal(const char *a, const char *b)
{
    struct address x;
    struct address y;

    cr_assert_eq(address_parse(slice_from(a), &x), ERR_OK);
    cr_assert_eq(address_parse(slice_from(b), &y), ERR_OK);
    return address_is_equal(&x, &y);
}

Test(address, compares)
{
    cr_expect(are_equal("127.0.0.1:80", "127.0.0.1:80"));
    cr_expect_not(are_equal("127.0.0.1:80", "127.0.0.1:81"));
    cr_expect_not(are_equal("127.0.0.1:80", "127.0.0.2:80"));
    cr_expect_not(are_equal("127.0.0.1:80", "[::1]:80"));
    cr_expect(are_equal("[::1]:80", "[0:0::1]:80"));
    cr_expect_not(are_equal("[::1]:80", "[::1]:81"));
    cr_expect(are_equal("unix:/a", "unix:/a"));
    cr_expect_not(are_equal("unix:/a", "unix:/ab"));
}
