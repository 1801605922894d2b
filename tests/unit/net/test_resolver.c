/* Names to addresses without waiting: net/resolver.h. Only what needs no name server is asked. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "drive.h"
#include "net/resolver.h"

enum { QUESTIONS = 20 };

struct reply {
    unsigned calls;
    int err;
    struct address first;
    unsigned count;
};

static struct reply replies[QUESTIONS];

static void on_answer(void *arg, const struct resolver_answer *answer)
{
    struct reply *reply = arg;

    reply->calls++;
    reply->err = answer->err;
    reply->count = answer->count;
    reply->first = answer->addresses[0];
}

static bool is_answered(void *arg)
{
    const unsigned *count = arg;

    for (unsigned i = 0; i < *count; i++)
        if (replies[i].calls == 0)
            return false;
    return true;
}

static struct endpoint parse(const char *text)
{
    struct endpoint endpoint;

    cr_assert_eq(address_parse_endpoint(slice_from(text), &endpoint), 0);
    return endpoint;
}

Test(resolver, numbers_are_answered_at_once)
{
    struct endpoint endpoint = parse("127.0.0.1:8080");
    struct resolver_answer answer;

    cr_assert_eq(resolver_ask_now(&endpoint, &answer), 0);
    cr_assert_eq(answer.count, 1);
    cr_assert_eq(answer.addresses[0].sa.in.sin_port, htons(8080));
}

Test(resolver, every_question_is_answered_once_and_later)
{
    struct loop *loop = loop_new();
    struct resolver *resolver = resolver_new(loop);
    struct endpoint endpoint = parse("localhost:81");
    unsigned count = QUESTIONS;

    for (unsigned i = 0; i < QUESTIONS; i++)
        resolver_ask(resolver, &endpoint, on_answer, &replies[i]);
    for (unsigned i = 0; i < QUESTIONS; i++)
        cr_assert_eq(replies[i].calls, 0, "not from inside the question");
    cr_assert(drive_until(loop, is_answered, &count));
    for (unsigned i = 0; i < QUESTIONS; i++) {
        cr_assert_eq(replies[i].calls, 1);
        cr_assert_eq(replies[i].err, 0);
        cr_assert(replies[i].count > 0);
        cr_assert_eq(replies[i].first.sa.in.sin_port, htons(81));
    }
    resolver_free(resolver);
    loop_free(loop);
}

Test(resolver, ends_with_open_questions)
{
    struct loop *loop = loop_new();
    struct resolver *resolver = resolver_new(loop);
    struct endpoint endpoint = parse("localhost:81");

    for (unsigned i = 0; i < QUESTIONS; i++)
        resolver_ask(resolver, &endpoint, on_answer, &replies[i]);
    resolver_free(resolver); /* the leak check speaks */
    drive_for(loop, 5);
    for (unsigned i = 0; i < QUESTIONS; i++)
        cr_assert_eq(replies[i].calls, 0);
    resolver_free(NULL);
    loop_free(loop);
}
