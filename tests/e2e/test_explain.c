/*
 * What `explain` says of a request is what happens to it: random requests are explained and then sent, between
 * random switches, pins, canary shares and maintenance. Two thousand of them, in the full form a million.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/client.h"
#include "support/ctl.h"
#include "support/scene.h"

enum { WAIT_MS = 8000, CHANGE_EVERY = 40, TENANTS = 12, USERS = 200 };

static const struct stage_options options = {
    .lines = "health { enabled = false }\n"
             "hosts = { \"a.test\", \"*.b.test\" }\n"
             "tenant { from = { \"header:X-Tenant\", \"cookie:tenant\", \"query:tenant\" } }\n"
             "canary { key = { \"tenant\", \"cookie:uid\", \"client-ip\" } }\n"
             "preview { header = \"X-Preview\"  cookie = \"preview\"  secret = \"open-sesame\" }\n"
             "maint { pass = { \"/passes\" } }\n"
             "slot spare { targets = { \"127.0.0.1:1\" }  role = \"staging\" }\n",
};

struct walk {
    struct stage stage;
    struct ctl_line line;
    struct client client;
    uint64_t random;
    unsigned changes;
};

static unsigned draw(struct walk *walk, unsigned below)
{
    return (unsigned)(hash_random(&walk->random) >> 16) % below;
}

/* Some change; refused ones are as good. */
static void change(struct walk *walk)
{
    char words[128] = "";

    switch (draw(walk, 9)) {
    case 0: snprintf(words, sizeof words, "switch shop --to green"); break;
    case 1: snprintf(words, sizeof words, "switch shop --to blue"); break;
    case 2: snprintf(words, sizeof words, "tenant pin t%u green", draw(walk, TENANTS)); break;
    case 3: snprintf(words, sizeof words, "tenant pin t%u blue", draw(walk, TENANTS)); break;
    case 4: snprintf(words, sizeof words, "tenant unpin t%u", draw(walk, TENANTS)); break;
    case 5: snprintf(words, sizeof words, "canary start shop %u%%", draw(walk, 101)); break;
    case 6: snprintf(words, sizeof words, "canary set shop %u%%", draw(walk, 101)); break;
    case 7: snprintf(words, sizeof words, "canary abort shop"); break;
    case 8:
        snprintf(words, sizeof words, "maint %s shop", draw(walk, 3) == 0 ? "on" : "off");
        break;
    }
    cr_assert(ctl_say(&walk->line, words, WAIT_MS) != NULL, "no answer to %s", words);
    walk->changes++;
}

struct request {
    const char *host;
    char path[64];
    const char *method;
    char tenant[96];
    char cookie[96];
    char preview[48];
};

static void make_request(struct walk *walk, struct request *out)
{
    static const char *const hosts[] = { "a.test", "x.b.test", "y.x.b.test:81", "b.test",
                                         "elsewhere.test" };
    static const char *const methods[] = { "GET", "POST", "DELETE" };
    static const char *const previews[] = { "green:open-sesame", "blue:open-sesame", "green:wrong",
                                            "green", "nowhere:open-sesame" };

    memset(out, 0, sizeof *out);
    out->host = hosts[draw(walk, draw(walk, 4) == 0 ? COUNT_OF(hosts) : 1)];
    out->method = methods[draw(walk, COUNT_OF(methods))];
    snprintf(out->path, sizeof out->path, "/%s", draw(walk, 8) == 0 ? "passes" : "some/where");
    if (draw(walk, 6) == 0)
        snprintf(out->path, sizeof out->path, "/q?a=1&tenant=t%u", draw(walk, TENANTS));
    if (draw(walk, 3) == 0)
        snprintf(out->tenant, sizeof out->tenant, draw(walk, 8) == 0 ? "not/an id%u" : "t%u",
                 draw(walk, TENANTS));
    if (draw(walk, 2) == 0)
        snprintf(out->cookie, sizeof out->cookie, "z=1; uid=u%u%s", draw(walk, USERS),
                 draw(walk, 9) == 0 ? "; preview=green:open-sesame" : "");
    if (draw(walk, 9) == 0)
        snprintf(out->preview, sizeof out->preview, "%s", previews[draw(walk, COUNT_OF(previews))]);
}

/* "Name: value" between the two texts, when there is a value. */
static void add_field(struct text *out, const char *before, const char *name, const char *value,
                      const char *behind)
{
    if (value[0] != '\0')
        text_add_format(out, "%s%s: %s%s", before, name, value, behind);
}

/* The status and slot that explain foretells; slot is "" when no app answers. */
static void foretell(struct walk *walk, const struct request *request, int *status, char slot[64])
{
    struct text words;
    const char *answer = NULL;
    cJSON *json = NULL;
    const cJSON *result = NULL;

    text_init(&words, 4096);
    text_add_format(&words, "json explain --host %s --path %s --method %s --client-ip 127.0.0.1",
                    request->host, request->path, request->method);
    add_field(&words, " --header \"", "X-Tenant", request->tenant, "\"");
    add_field(&words, " --header \"", "Cookie", request->cookie, "\"");
    add_field(&words, " --header \"", "X-Preview", request->preview, "\"");
    answer = ctl_say(&walk->line, words.bytes, WAIT_MS);
    json = answer != NULL ? cJSON_Parse(answer) : NULL;
    result = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "result"),
                                              "explain");
    cr_assert(result != NULL, "%s: %s", words.bytes, answer != NULL ? answer : "no answer");
    *status = cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(result, "status"))
                  ? cJSON_GetObjectItemCaseSensitive(result, "status")->valueint
                  : 200;
    slot[0] = '\0';
    if (*status == 200)
        snprintf(slot, 64, "%s",
                 cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(result, "slot")));
    cJSON_Delete(json);
    text_fini(&words);
}

static void send_request(struct walk *walk, const struct request *request, struct reply *reply)
{
    struct text out;

    text_init(&out, 4096);
    text_add_format(&out, "%s %s HTTP/1.1\r\nHost: %s\r\n", request->method, request->path,
                    request->host);
    add_field(&out, "", "X-Tenant", request->tenant, "\r\n");
    add_field(&out, "", "Cookie", request->cookie, "\r\n");
    add_field(&out, "", "X-Preview", request->preview, "\r\n");
    text_add(&out, strcmp(request->method, "POST") == 0 ? "Content-Length: 0\r\n\r\n" : "\r\n");
    if (walk->client.ended) {
        client_close(&walk->client);
        client_open(&walk->client, daemon_front(walk->stage.daemon));
    }
    cr_assert(client_send(&walk->client, out.bytes, out.len));
    cr_assert_eq(client_reply(&walk->client, false, WAIT_MS, reply), REPLY_WHOLE, "%s", out.bytes);
    text_fini(&out);
}

static void compare(struct walk *walk, unsigned long number)
{
    struct request request;
    struct reply reply = { 0 };
    struct slice got;
    char slot[64];
    int status = 0;

    make_request(walk, &request);
    foretell(walk, &request, &status, slot);
    send_request(walk, &request, &reply);
    got = reply_value(&reply, "X-Slot");
    cr_assert_eq(reply.status, status, "request %lu (%s %s%s): %d came, %d was foretold", number,
                 request.method, request.host, request.path, reply.status, status);
    cr_assert(slice_is_equal(got, slice_from(slot)),
              "request %lu (%s%s tenant '%s' cookie '%s' preview '%s'): %.*s answered, %s was "
              "foretold",
              number, request.host, request.path, request.tenant, request.cookie, request.preview,
              SLICE_ARG(got), slot);
    reply_fini(&reply);
}

Test(explain, foretells_every_request)
{
    unsigned long count = scene_scale(2000, 1000000);
    struct walk walk = { .random = 20261121 };

    stage_open(&walk.stage, &options);
    cr_assert(ctl_open(&walk.line, walk.stage.daemon));
    client_open(&walk.client, daemon_front(walk.stage.daemon));
    for (unsigned long i = 0; i < count; i++) {
        if (i % CHANGE_EVERY == 0)
            change(&walk);
        compare(&walk, i);
    }
    cr_expect_gt(walk.changes, 0);
    client_close(&walk.client);
    ctl_close(&walk.line);
    STOP_STAGE(&walk.stage);
}
