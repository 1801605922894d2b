/*
 * One attempt to post something, with libcurl: begun, and later ended with what became of it. Nothing of the answer is kept
 * but its status; redirects are not followed. Owner: a post_box; ends by post_request_free. Thread: the postman's.
 */
#ifndef CONTROL_POST_REQUEST_PRIV_H
#define CONTROL_POST_REQUEST_PRIV_H

#include <curl/curl.h>
#include <stdint.h>

struct event_face;
struct post_spec;

enum post_fate {
    POST_DELIVERED,
    POST_REFUSED, /* trying again would not help */
    POST_FAILED,
};

struct post_result {
    enum post_fate fate;
    long status; /* 0: there was no answer */
    uint64_t duration_us;
    uint64_t asked_s; /* Retry-After; 0: none */
    char words[200];  /* never with more of the address than its host */
};

struct post_request;

/* Added to multi; spec may go before it ends. */
struct post_request *post_request_begin(CURLM *multi, const struct post_spec *spec,
                                        const struct event_face *face);
void post_request_free(
    struct post_request *request); /* NULL: nothing; also while it is under way */

CURL *post_request_handle(const struct post_request *request);

/* What became of it, by the message of the multi handle. */
void post_request_judge(struct post_request *request, CURLcode code, struct post_result *out);

#endif
