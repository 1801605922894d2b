/* See post_request_priv.h. */
#include "control/post_request_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "control/event_face_priv.h"
#include "control/post_sign_priv.h"
#include "control/post_spec_priv.h"
#include "control/post_template_priv.h"

enum { ANSWER_BYTES_MAX = 256 * 1024 };

struct post_request {
    CURLM *multi;
    CURL *easy;
    struct curl_slist *fields;
    struct text body;
    size_t received; /* of head and body of the answer */
    uint64_t began_us;
    char error[CURL_ERROR_SIZE];
};

static size_t on_answer(char *bytes, size_t size, size_t count, void *arg)
{
    struct post_request *request = arg;

    (void)bytes;
    request->received += size * count;
    return request->received <= ANSWER_BYTES_MAX ? size * count : 0;
}

static void add_field(struct post_request *request, const char *field)
{
    struct curl_slist *longer = curl_slist_append(request->fields, field);

    CHECK(longer != NULL);
    request->fields = longer;
}

static void add_signature(struct post_request *request, const struct post_spec *spec)
{
    char field[POST_SIGN_SIZE + 32] = "X-Switchyard-Signature: ";
    size_t len = strlen(field);

    post_sign(slice_of(spec->key.bytes, spec->key.len), clock_wall_us() / 1000000,
              text_slice(&request->body), field + len);
    add_field(request, field);
}

static void add_fields(struct post_request *request, const struct post_spec *spec,
                       const struct event_face *face)
{
    char field[128];

    add_field(request, "Content-Type: application/json");
    add_field(request, "Expect:");
    snprintf(field, sizeof field, "X-Switchyard-Event-Id: %s", face->id);
    add_field(request, field);
    snprintf(field, sizeof field, "X-Switchyard-Event: %s", face->word);
    add_field(request, field);
    if (spec->key.bytes != NULL)
        add_signature(request, spec);
    if (spec->authorization.bytes != NULL)
        add_field(request, spec->authorization.bytes);
    for (size_t i = 0; i < spec->header_count; i++)
        add_field(request, spec->headers[i]);
}

/* A library that lacks one of these could do what we promise it does not. */
#define SET(request, option, value)                                                                \
    CHECK(curl_easy_setopt((request)->easy, option, value) == CURLE_OK)

static void set_bounds(struct post_request *request, const struct post_spec *spec)
{
    SET(request, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(request, CURLOPT_FOLLOWLOCATION, 0L);
    SET(request, CURLOPT_PROXY, ""); /* not by the environment either */
    SET(request, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(request, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(request, CURLOPT_NOSIGNAL, 1L);
    SET(request, CURLOPT_QUICK_EXIT, 1L); /* who asks a slow resolver is not waited for */
    SET(request, CURLOPT_TIMEOUT_MS, (long)(spec->timeout_us / 1000));
    SET(request, CURLOPT_CONNECTTIMEOUT_MS, (long)(spec->timeout_us / 1000));
    SET(request, CURLOPT_WRITEFUNCTION, on_answer);
    SET(request, CURLOPT_WRITEDATA, request);
    SET(request, CURLOPT_HEADERFUNCTION, on_answer);
    SET(request, CURLOPT_HEADERDATA, request);
}

static void set_trust(struct post_request *request, const struct post_spec *spec)
{
    struct curl_blob blob = { .data = spec->ca, .len = spec->ca_len, .flags = CURL_BLOB_COPY };

    SET(request, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(request, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(request, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (spec->ca == NULL)
        return;
    SET(request, CURLOPT_CAINFO_BLOB, &blob);
    SET(request, CURLOPT_CAPATH, NULL);
}

struct post_request *post_request_begin(CURLM *multi, const struct post_spec *spec,
                                        const struct event_face *face)
{
    struct post_request *request = mem_zalloc(sizeof *request);

    request->multi = multi;
    request->began_us = clock_monotonic_us();
    request->easy = curl_easy_init();
    CHECK(request->easy != NULL);
    text_init(&request->body, POST_BODY_BYTES);
    post_template_fill(spec->template, face, &request->body);
    add_fields(request, spec, face);
    SET(request, CURLOPT_URL, spec->url.bytes);
    SET(request, CURLOPT_USERAGENT, "switchyard/" SWITCHYARD_VERSION);
    SET(request, CURLOPT_POST, 1L);
    SET(request, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    SET(request, CURLOPT_POSTFIELDS, request->body.bytes);
    SET(request, CURLOPT_HTTPHEADER, request->fields);
    SET(request, CURLOPT_ERRORBUFFER, request->error);
    SET(request, CURLOPT_PRIVATE, request);
    set_bounds(request, spec);
    set_trust(request, spec);
    CHECK(curl_multi_add_handle(multi, request->easy) == CURLM_OK);
    return request;
}

/* What was sent may be secret. */
static void wipe_fields(struct curl_slist *fields)
{
    for (struct curl_slist *field = fields; field != NULL; field = field->next)
        explicit_bzero(field->data, strlen(field->data));
    curl_slist_free_all(fields);
}

void post_request_free(struct post_request *request)
{
    if (request == NULL)
        return;
    curl_multi_remove_handle(request->multi, request->easy);
    curl_easy_cleanup(request->easy);
    wipe_fields(request->fields);
    text_fini(&request->body);
    free(request);
}

CURL *post_request_handle(const struct post_request *request)
{
    return request->easy;
}

static bool is_worth_trying(long status)
{
    return status < 300 || status >= 500 || status == 408 || status == 429;
}

static void judge_status(struct post_result *out)
{
    bool is_redirect = out->status >= 300 && out->status < 400;

    if (out->status >= 200 && out->status < 300)
        out->fate = POST_DELIVERED;
    else
        out->fate = is_worth_trying(out->status) ? POST_FAILED : POST_REFUSED;
    snprintf(out->words, sizeof out->words, "status %ld%s", out->status,
             is_redirect ? ", a redirect, which is not followed; put the address that it leads to "
                           "into url"
                         : "");
}

void post_request_judge(struct post_request *request, CURLcode code, struct post_result *out)
{
    curl_off_t asked = 0;

    memset(out, 0, sizeof *out);
    out->duration_us = clock_monotonic_us() - request->began_us;
    (void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &out->status);
    if (curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &asked) == CURLE_OK && asked > 0)
        out->asked_s = (uint64_t)asked;
    /* an answer that is longer than anybody reads is one all the same */
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && out->status >= 200)) {
        judge_status(out);
        return;
    }
    out->fate = POST_FAILED;
    snprintf(out->words, sizeof out->words, "%.190s",
             request->error[0] != '\0' ? request->error : curl_easy_strerror(code));
}
