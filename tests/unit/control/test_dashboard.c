/* The files of the page for people and how they are answered: src/control/dashboard.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/api_exchange_priv.h"
#include "control/api_route_priv.h"
#include "control/dashboard_priv.h"
#include "http/parse_head.h"

static struct api_exchange exchange;
static struct text head;

static void stop(void)
{
    api_exchange_fini(&exchange);
    text_fini(&head);
}

TestSuite(dashboard, .fini = stop);

/* Asks for a path; fields: lines with their CRLF. The head of the answer. */
static const char *ask(const char *path, const char *fields)
{
    static const struct head_limits limits = { 4096, 2048, API_FIELDS_MAX };
    static char request[1024];
    enum fault fault = FAULT_NONE;
    size_t searched = 0;
    char allow[32];

    api_exchange_begin(&exchange);
    exchange.head = (struct head){ .fields = exchange.fields, .field_capacity = API_FIELDS_MAX };
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, fields);
    cr_assert_eq(
        parse_head_request(request, strlen(request), &searched, &limits, &exchange.head, &fault),
        PARSE_DONE);
    cr_assert_eq(api_route_find(&exchange, allow), API_MATCH_ONE, "%s", path);
    cr_assert_eq(exchange.route->purpose, API_PAGE);
    dashboard_answer(&exchange);
    text_fini(&head);
    text_init(&head, 1 << 16);
    api_exchange_write_head(&exchange, false, &head);
    return head.bytes;
}

static const struct dashboard_file *file_of(const char *name)
{
    const struct dashboard_file *file = dashboard_find(slice_from(name));

    cr_assert_not_null(file, "%s", name);
    return file;
}

/* What is in the program is what lies in the folder. */
Test(dashboard, files_are_those_of_the_folder)
{
    cr_assert_geq(dashboard_file_count, 4);
    for (unsigned i = 0; i < dashboard_file_count; i++) {
        const struct dashboard_file *file = &dashboard_files[i];
        char path[512];
        FILE *stream = NULL;
        char *bytes = malloc(file->size + 1);

        snprintf(path, sizeof path, "%s/src/control/dashboard/%s", SOURCE_DIR, file->name);
        stream = fopen(path, "rb");
        cr_assert_not_null(stream, "%s", path);
        cr_expect_eq(fread(bytes, 1, file->size + 1, stream), file->size, "%s", path);
        cr_expect_eq(memcmp(bytes, file->bytes, file->size), 0, "%s", path);
        fclose(stream);
        free(bytes);
        for (unsigned k = 0; k < i; k++)
            cr_expect_str_neq(dashboard_files[k].etag, file->etag, "%s", file->name);
    }
}

Test(dashboard, root_is_the_page)
{
    const char *answer = ask("/", "");

    cr_expect_eq(exchange.status, 200);
    cr_expect_eq(strncmp(exchange.answer.bytes, "<!doctype html>", 15), 0);
    cr_expect_not_null(strstr(answer, "Content-Type: text/html; charset=utf-8\r\n"));
    cr_expect_not_null(strstr(answer, "Cache-Control: no-cache\r\n"));
    cr_expect_not_null(strstr(answer, "X-Content-Type-Options: nosniff\r\n"));
    cr_expect_not_null(strstr(answer, "X-Frame-Options: DENY\r\n"));
}

Test(dashboard, policy_lets_nothing_else_in)
{
    static const char *const parts[] = { "default-src 'none'",     "script-src 'self'",
                                         "style-src 'self'",       "connect-src 'self'",
                                         "frame-ancestors 'none'", "base-uri 'none'",
                                         "form-action 'none'",     "require-trusted-types-for" };

    for (unsigned i = 0; i < dashboard_file_count; i++) {
        char path[128];
        const char *policy = NULL;

        snprintf(path, sizeof path, "/dashboard/%s", dashboard_files[i].name);
        policy = strstr(ask(path, ""), "Content-Security-Policy: ");
        cr_assert_not_null(policy, "%s", path);
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
            cr_expect_not_null(strstr(policy, parts[k]), "%s: %s", path, parts[k]);
        cr_expect_null(strstr(policy, "unsafe"), "%s", path);
    }
}

Test(dashboard, types_are_those_of_the_files)
{
    cr_expect_str_eq(file_of("app.js")->type, "text/javascript; charset=utf-8");
    cr_expect_str_eq(file_of("style.css")->type, "text/css; charset=utf-8");
    cr_expect_str_eq(file_of("icon.svg")->type, "image/svg+xml");
}

Test(dashboard, who_has_it_gets_no_body)
{
    const char *etag = file_of("app.js")->etag;
    static const char *const forms[] = { "%s", "W/%s", "\"other\", %s", "\"other\",W/%s ,\"x\"" };
    char fields[256];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *percent = strchr(forms[i], '%');

        snprintf(fields, sizeof fields, "If-None-Match: %.*s%s%s\r\n", (int)(percent - forms[i]),
                 forms[i], etag, percent + 2);
        ask("/dashboard/app.js", fields);
        cr_expect_eq(exchange.status, 304, "%s", fields);
        cr_expect_eq(exchange.answer.len, 0);
        cr_expect_null(strstr(head.bytes, "Content-Length"));
        cr_expect_not_null(strstr(head.bytes, etag));
    }
    ask("/dashboard/app.js", "If-None-Match: *\r\n");
    cr_expect_eq(exchange.status, 304);
    snprintf(fields, sizeof fields, "If-None-Match: %s\r\n", file_of("style.css")->etag);
    ask("/dashboard/app.js", fields);
    cr_expect_eq(exchange.status, 200, "the tag of another file");
    cr_expect_eq(exchange.answer.len, file_of("app.js")->size);
}

Test(dashboard, other_files_are_not_there)
{
    static const char *const paths[] = { "/dashboard/embed.cmake", "/dashboard/app.j",
                                         "/dashboard/app.jsx", "/dashboard/.." };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const char *answer = ask(paths[i], "");

        cr_expect_eq(exchange.status, 404, "%s", paths[i]);
        cr_expect_not_null(strstr(answer, "Cache-Control: no-store\r\n"));
        cr_expect_not_null(strstr(exchange.answer.bytes, "\"not_found\""));
    }
}
