/* Ids of tenants from every source, and what is no id. */
#include "route/tenant.h"

#include <criterion/criterion.h>
#include <string.h>

#include "picture.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct id_case {
    const char *id;
    bool is_valid;
};

static const struct id_case ids[] = {
    { "a", true },
    { "acme-2.eu_x~@b:c+d=", true },
    { "0123456789012345678901234567890123456789012345678901234567890123", true },
    { "01234567890123456789012345678901234567890123456789012345678901234", false },
    { "", false },
    { "a b", false },
    { "a/b", false },
    { "a%41", false },
    { "a,b", false },
    { "\"a\"", false },
    { "caf\xc3\xa9", false },
    { "a\x7f", false },
};

Test(tenant, knows_an_id)
{
    for (size_t i = 0; i < COUNT(ids); i++)
        cr_expect_eq(tenant_is_valid(slice_from(ids[i].id)), ids[i].is_valid, "%s", ids[i].id);
    cr_expect_not(tenant_is_valid(slice_of("a\0b", 3)));
    cr_expect_not(tenant_is_valid(slice_of(NULL, 0)));
}

static const struct tenant_source sources[] = {
    { .kind = TENANT_HEADER, .name = "X-Tenant-Id" },
    { .kind = TENANT_COOKIE, .name = "tenant" },
    { .kind = TENANT_QUERY, .name = "t" },
    { .kind = TENANT_PATH_SEGMENT, .index = 2 },
    { .kind = TENANT_HOST_LABEL, .index = 3 },
};

struct find_case {
    const char *request;
    const char *id; /* NULL: none */
};

static const struct find_case finds[] = {
    { "GET / HTTP/1.1\r\nHost: example.com\r\nX-Tenant-Id: acme\r\n\r\n", "acme" },
    { "GET / HTTP/1.1\r\nHost: example.com\r\nx-tenant-id:  Acme \r\n\r\n", "Acme" },
    { "GET / HTTP/1.1\r\nHost: a.b\r\nX-Tenant-Id: a b\r\nCookie: x=1; tenant=c\r\n\r\n", "c" },
    { "GET /?t=q HTTP/1.1\r\nHost: a.b\r\nX-Tenant-Id:\r\nCookie: tenant=\r\n\r\n", "q" },
    { "GET /?a=1&t=q&t=r HTTP/1.1\r\nHost: a.b\r\n\r\n", "q" },
    { "GET /?tt=1&t HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL },
    { "GET /?t=%61 HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL },
    { "GET /v1/seg/x HTTP/1.1\r\nHost: a.b\r\n\r\n", "seg" },
    { "GET /v1/seg?x=/y HTTP/1.1\r\nHost: a.b\r\n\r\n", "seg" },
    { "GET /v1//x HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL },
    { "GET /v1/ HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL },
    { "GET /v1 HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL },
    { "GET / HTTP/1.1\r\nHost: a.b.acme.com:8080\r\n\r\n", "acme" },
    { "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL },
    { "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", NULL },
    { "OPTIONS * HTTP/1.1\r\nHost: a.b\r\n\r\n", NULL },
    { "GET / HTTP/1.0\r\n\r\n", NULL },
};

Test(tenant, comes_from_the_first_source_that_yields_an_id)
{
    struct picture picture;

    picture_init(&picture, 1, 1);
    for (size_t i = 0; i < COUNT(finds); i++) {
        struct slice id;

        picture_ask(&picture, finds[i].request);
        id = tenant_find(sources, COUNT(sources), &picture.head);
        if (finds[i].id == NULL)
            cr_expect_null(id.ptr, "case %zu", i);
        else
            cr_expect(slice_is_equal(id, slice_from(finds[i].id)), "case %zu: %.*s", i,
                      SLICE_ARG(id));
    }
    picture_fini(&picture);
}

Test(tenant, is_nobody_without_sources)
{
    struct picture picture;

    picture_init(&picture, 1, 1);
    picture_ask(&picture, finds[0].request);
    cr_expect_null(tenant_find(NULL, 0, &picture.head).ptr);
    picture_fini(&picture);
}
