/* Commands of API clients: see api_call_priv.h. */
#include "control/api_call_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "control/api_answer_priv.h"
#include "control/api_client_priv.h"
#include "control/call_priv.h"
#include "net/loop.h"
#include "net/timer.h"

/* One command. While somebody waits for it there is an exchange, else it is an operation. */
struct running {
    TAILQ_ENTRY(running) link;
    struct api_calls *calls;
    struct call *call;
    struct api_exchange *exchange; /* NULL: nobody waits */
    uint64_t wait_until_us;        /* monotonic; 0: to its end */
    uint64_t operation;            /* 0: it is none */
    bool is_anonymous;
    bool is_starved; /* of an answer in pieces: the next one is not ready */
};

/* What became of an operation. */
struct operation {
    uint64_t id;      /* 0: this place is free */
    int status;       /* 0: it goes on */
    enum level level; /* whoever may run the command may see its answer */
    char *answer;
};

struct api_calls {
    const struct control_room *room;
    struct timer *timer;
    TAILQ_HEAD(, running) running;
    unsigned running_count;
    uint64_t next_operation;
    struct operation operations[API_OPERATIONS]; /* number i at i % API_OPERATIONS */
};

static void on_tick(void *arg);

struct api_calls *api_calls_new(const struct control_room *room)
{
    struct api_calls *calls = mem_zalloc(sizeof *calls);

    calls->room = room;
    calls->next_operation = 1;
    TAILQ_INIT(&calls->running);
    calls->timer = timer_new(room->loop, on_tick, calls);
    return calls;
}

static void free_running(struct running *running)
{
    call_release(running->call);
    free(running);
}

/* The call is over, or nobody wants its answer. */
static void end(struct running *running)
{
    TAILQ_REMOVE(&running->calls->running, running, link);
    running->calls->running_count--;
    free_running(running);
}

void api_calls_free(struct api_calls *calls)
{
    struct running *running = NULL;
    struct running *next = NULL;

    if (calls == NULL)
        return;
    for (running = TAILQ_FIRST(&calls->running); running != NULL; running = next) {
        next = TAILQ_NEXT(running, link);
        free_running(running);
    }
    for (unsigned i = 0; i < API_OPERATIONS; i++)
        free(calls->operations[i].answer);
    timer_free(calls->timer);
    free(calls);
}

unsigned api_calls_count(const struct api_calls *calls)
{
    return calls->running_count;
}

/* A shutdown that is decided is carried out, whoever has left: it is recorded as done. */
static void on_gone(void *arg)
{
    struct running *running = arg;
    const struct control_room *room = running->calls->room;
    bool is_shutdown = running->call->is_done && running->call->wants_shutdown;
    bool is_now = running->call->is_shutdown_now;

    end(running);
    if (is_shutdown && room->quit != NULL)
        room->quit(room->arg, is_now);
}

/* The answer of an operation is kept; too long a one is not. */
static void keep(struct running *running)
{
    struct operation *operation = &running->calls->operations[running->operation % API_OPERATIONS];
    struct text text;

    if (operation->id != running->operation)
        return; /* others came since; this one is forgotten */
    operation->status = api_answer_status(&running->call->reply, running->is_anonymous);
    text_init(&text, API_OPERATION_BYTES);
    api_answer_write(&running->call->reply, operation->status, &text);
    operation->answer = text_is_cut(&text) ? NULL : text_take(&text);
    text_fini(&text);
}

static void give_answer(struct running *running)
{
    struct api_exchange *exchange = running->exchange;
    const struct call *call = running->call;

    if (exchange == NULL)
        return;
    api_answer(exchange, &call->reply);
    exchange->wants_quit = call->wants_shutdown;
    exchange->is_quit_now = call->is_shutdown_now;
}

static void on_done(void *owner)
{
    struct running *running = owner;
    struct api_exchange *exchange = running->exchange;

    give_answer(running);
    if (running->operation != 0)
        keep(running);
    end(running);
    if (exchange != NULL)
        api_client_resume(exchange->client);
}

/* From now on it is an operation; whoever waited is told its number. */
static void detach(struct running *running)
{
    struct api_calls *calls = running->calls;
    struct api_exchange *exchange = running->exchange;
    struct operation *operation = NULL;

    running->operation = calls->next_operation++;
    running->exchange = NULL;
    operation = &calls->operations[running->operation % API_OPERATIONS];
    free(operation->answer);
    *operation =
        (struct operation){ .id = running->operation, .level = running->call->command->level };
    text_add_format(&exchange->extra, "Location: /v1/operations/%" PRIu64 "\r\n",
                    running->operation);
    text_add_format(&exchange->answer,
                    "{\"ok\":true,\"outcome\":\"accepted\",\"error\":null,\"operation\":%" PRIu64
                    ",\"next\":\"GET /v1/operations/%" PRIu64 "\"}\n",
                    running->operation, running->operation);
    api_exchange_answer(exchange, 202, "application/json");
}

/* What is decided is no operation: it is only being written down, which does not take long. */
static bool may_go_on_alone(const struct running *running)
{
    return running->exchange != NULL && !running->call->is_done;
}

static void look_at(struct running *running, uint64_t now_us)
{
    struct api_exchange *exchange = running->exchange;

    if (may_go_on_alone(running) && running->wait_until_us != 0 &&
        now_us >= running->wait_until_us) {
        detach(running);
        api_client_resume(exchange->client);
    } else if (exchange != NULL && running->is_starved) {
        running->is_starved = false;
        api_client_resume(exchange->client); /* may end it */
    } else if (exchange != NULL) {
        api_client_check(exchange->client); /* likewise */
    }
}

static void on_tick(void *arg)
{
    struct api_calls *calls = arg;
    struct running *running = TAILQ_FIRST(&calls->running);
    uint64_t now_us = clock_monotonic_us();

    while (running != NULL) {
        struct running *next = TAILQ_NEXT(running, link);

        call_tick(running->call);
        running = next;
    }
    running = TAILQ_FIRST(&calls->running);
    while (running != NULL) {
        struct running *next = TAILQ_NEXT(running, link);

        look_at(running, now_us);
        running = next;
    }
    if (calls->running_count > 0)
        timer_arm(calls->timer, CALL_TICK_MS);
}

static enum api_pull on_pull(void *arg, struct text *out)
{
    struct running *running = arg;

    if (call_write_more(running->call, out) != CALL_PARKED)
        return API_PULL_END;
    running->is_starved = out->len == 0;
    return running->is_starved ? API_PULL_WAIT : API_PULL_MORE;
}

/* The lines of the command, all at once. */
static enum call_step feed(struct call *call, const char *lines)
{
    struct slice rest = slice_from(lines);
    struct slice line = { NULL, 0 };
    enum call_step step = CALL_PARKED;

    while (step == CALL_PARKED && slice_next(&rest, '\n', &line)) {
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len > 0)
            step = call_feed(call, line);
    }
    return step == CALL_PARKED ? call_feed_end(call, true) : step;
}

/* A command that does something is not begun when it could not be waited for. */
static bool is_full(const struct api_calls *calls, const struct api_words *words)
{
    const struct command *command = NULL;
    const char *nearest = NULL;
    unsigned taken = 0;

    if (calls->running_count < API_CALLS_MAX)
        return false;
    command = command_lookup(words->words, words->count, &taken, &nearest);
    return command != NULL && command->effect != COMMAND_READS;
}

static void refuse_full(struct api_exchange *exchange)
{
    struct api_error error = { 429, "overloaded", "wait for one of them to end", NULL };

    text_add(&exchange->extra, "Retry-After: 1\r\n");
    api_exchange_refuse(exchange, &error, "too many commands run already");
}

/* One that goes on and has no place any more; one that changes something was not begun then. */
static bool is_beyond(const struct running *running)
{
    unsigned max = running->call->command->effect == COMMAND_READS ? API_READS_MAX : API_CALLS_MAX;

    return may_go_on_alone(running) && running->calls->running_count > max;
}

static struct running *make(struct api_calls *calls, struct api_exchange *exchange,
                            const struct api_words *words)
{
    struct running *running = mem_zalloc(sizeof *running);

    running->calls = calls;
    running->exchange = exchange;
    running->is_anonymous = exchange->is_anonymous;
    running->call = call_new(calls->room, &exchange->peer, words->words, words->count);
    running->call->is_json = true;
    running->call->has_payload = words->lines != NULL;
    TAILQ_INSERT_TAIL(&calls->running, running, link);
    calls->running_count++;
    return running;
}

void api_calls_run(struct api_calls *calls, struct api_exchange *exchange,
                   const struct api_words *words, int64_t wait_us)
{
    struct running *running = NULL;
    enum call_step step = CALL_DONE;

    if (is_full(calls, words)) {
        refuse_full(exchange);
        return;
    }
    running = make(calls, exchange, words);
    step = call_start(running->call, on_done, running);
    if (step == CALL_PARKED && words->lines != NULL)
        step = feed(running->call, words->lines);
    if (step == CALL_DONE) {
        give_answer(running);
        end(running);
    } else if (is_beyond(running)) {
        refuse_full(exchange);
        end(running);
    } else if (running->call->write_more != NULL) {
        api_exchange_stream(exchange, "application/json", on_pull, on_gone, running);
    } else if (wait_us == 0 && may_go_on_alone(running)) {
        detach(running);
    } else {
        if (wait_us > 0)
            running->wait_until_us = clock_monotonic_us() + (uint64_t)wait_us;
        exchange->is_long = true;
        api_exchange_park(exchange, on_gone, running);
    }
    if (calls->running_count > 0 && !timer_is_armed(calls->timer))
        timer_arm(calls->timer, CALL_TICK_MS);
}

void api_calls_tell(struct api_calls *calls, struct api_exchange *exchange, const char *text)
{
    struct api_error unknown = { 404, "unknown_name",
                                 "only the last 64 are kept; the history knows every change",
                                 "GET /v1/history" };
    const struct operation *operation = NULL;
    uint64_t id = 0;

    if (num_parse_u64(slice_from(text), UINT64_MAX, &id) == 0 && id != 0)
        operation = &calls->operations[id % API_OPERATIONS];
    if (operation == NULL || operation->id != id) {
        api_exchange_refuse(exchange, &unknown, "there is no operation %.20s", text);
    } else if (exchange->peer.level < operation->level) {
        struct api_error denied = { exchange->is_anonymous ? 401 : 403, "not_authorised", NULL,
                                    NULL };

        api_exchange_refuse(exchange, &denied, "operation %.20s needs level %s", text,
                            level_name(operation->level));
    } else if (operation->status == 0) {
        text_add_format(&exchange->answer,
                        "{\"ok\":true,\"outcome\":\"accepted\",\"error\":null,"
                        "\"operation\":%" PRIu64 "}\n",
                        id);
        api_exchange_answer(exchange, 202, "application/json");
    } else {
        text_add(&exchange->answer, operation->answer != NULL
                                        ? operation->answer
                                        : "{\"ok\":true,\"error\":null,\"result\":null}\n");
        api_exchange_answer(exchange, operation->status, "application/json");
    }
}
