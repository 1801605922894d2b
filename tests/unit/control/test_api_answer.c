/* Outcomes as statuses: src/control/api_answer.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "control/api_answer_priv.h"

Test(api_answer, outcomes_have_their_status)
{
    static const struct {
        enum outcome outcome;
        enum fault fault;
        const char *gate;
        int status;
    } cases[] = {
        { OUTCOME_DONE, FAULT_NONE, "", 200 },
        { OUTCOME_VOLATILE, FAULT_NOT_DURABLE, "", 200 },
        { OUTCOME_USAGE, FAULT_USAGE, "", 400 },
        { OUTCOME_DENIED, FAULT_NOT_AUTHORISED, "", 403 },
        { OUTCOME_REFUSED, FAULT_UNKNOWN_NAME, "", 404 },
        { OUTCOME_REFUSED, FAULT_UNCONFIRMED, "", 409 },
        { OUTCOME_CONFLICT, FAULT_CONFLICT, "", 409 },
        { OUTCOME_CONFLICT, FAULT_CONFLICT, "overtaken", 409 },
        { OUTCOME_CONFLICT, FAULT_CONFLICT, "epoch", 412 },
        { OUTCOME_REFUSED, FAULT_GATE_REFUSED, "target", 422 },
        { OUTCOME_REFUSED, FAULT_NO_TARGET, "target", 422 },
        { OUTCOME_REFUSED, FAULT_CONFIG_BAD, "", 422 },
        { OUTCOME_CONFLICT, FAULT_LOCKED, "", 423 },
        { OUTCOME_TIMEOUT, FAULT_LOCKED, "", 423 },
        { OUTCOME_TIMEOUT, FAULT_WAIT_TIMEOUT, "", 504 },
        { OUTCOME_REVERTED, FAULT_ROLLED_BACK, "", 409 },
        { OUTCOME_INCONCLUSIVE, FAULT_INCONCLUSIVE, "", 409 },
        { OUTCOME_UNREACHABLE, FAULT_CONNECT_REFUSED, "", 503 },
        { OUTCOME_FAILED, FAULT_SHUTTING_DOWN, "", 503 },
        { OUTCOME_REFUSED, FAULT_SHUTTING_DOWN, "", 503 },
        { OUTCOME_FAILED, FAULT_NOT_DURABLE, "", 503 },
        { OUTCOME_FAILED, FAULT_ACTION_FAILED, "", 500 },
        { OUTCOME_FAILED, FAULT_UNKNOWN_NAME, "", 500 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply reply;

        reply_init(&reply);
        reply_fail(&reply, cases[i].outcome, cases[i].fault, "words");
        snprintf(reply.gate, sizeof reply.gate, "%s", cases[i].gate);
        cr_expect_eq(api_answer_status(&reply, false), cases[i].status, "%zu: %d", i,
                     api_answer_status(&reply, false));
        reply_fini(&reply);
    }
}

Test(api_answer, stranger_is_asked_who_he_is)
{
    struct api_exchange exchange = { .is_anonymous = true };
    struct reply reply;

    reply_init(&reply);
    reply.epoch = 7;
    reply_fail(&reply, OUTCOME_DENIED, FAULT_NOT_AUTHORISED, "no \"way\"");
    api_exchange_begin(&exchange);
    api_answer(&exchange, &reply);
    cr_expect_eq(exchange.status, 401);
    cr_expect_not_null(strstr(exchange.extra.bytes, "WWW-Authenticate: Bearer"));
    cr_expect_not_null(strstr(exchange.extra.bytes, "ETag: \"7\"\r\n"));
    cr_expect_not_null(strstr(exchange.answer.bytes, "\"code\":\"not_authorised\""));
    cr_expect_not_null(strstr(exchange.answer.bytes, "Authorization: Bearer"));
    cr_expect_not_null(strstr(exchange.answer.bytes, "no \\\"way\\\""));
    api_exchange_fini(&exchange);
    reply_fini(&reply);
}

Test(api_answer, a_token_is_for_the_same_request)
{
    struct text text;
    struct reply reply;

    reply_init(&reply);
    reply_fail(&reply, OUTCOME_REFUSED, FAULT_UNCONFIRMED, "with a token only");
    reply_hint(&reply, "\"action run x --token t1\" does it");
    text_init(&text, 4096);
    api_answer_write(&reply, 409, &text);
    cr_expect_not_null(strstr(text.bytes, "\"next\":\"GET /v1/history\""), "%s", text.bytes);
    cJSON_AddStringToObject(reply_result(&reply), "token", "t1");
    cJSON_AddStringToObject(reply_result(&reply), "command", "/bin/true");
    text_clear(&text);
    api_answer_write(&reply, 409, &text);
    cr_expect_not_null(
        strstr(text.bytes, "\"next\":\"POST the same again with {\\\"token\\\": \\\"t1\\\"}\""),
        "%s", text.bytes);
    cr_expect_not_null(strstr(text.bytes, "it runs /bin/true; the token is good once"), "%s",
                       text.bytes);
    cr_expect_null(strstr(text.bytes, "action run"), "%s", text.bytes);
    text_fini(&text);
    reply_fini(&reply);
}

Test(api_answer, failures_say_where_to_look)
{
    struct text text;
    struct reply reply;

    reply_init(&reply);
    reply_fail(&reply, OUTCOME_CONFLICT, FAULT_LOCKED, "held");
    text_init(&text, 4096);
    api_answer_write(&reply, 423, &text);
    cr_expect_not_null(strstr(text.bytes, "\"next\":\"GET /v1/locks\""), "%s", text.bytes);
    cr_expect_not_null(strstr(text.bytes, "\"hint\":null"));
    text_fini(&text);
    reply_fini(&reply);
}
