/*
 * Connect, send, read, judge: see probe_priv.h. Callbacks note what happened and step; the step that ends the
 * probe cuts stream and timer, hands the memory to the end of the turn, and only then tells.
 */
#include "health/probe_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "health/probe_answer_priv.h"
#include "health/probe_body_priv.h"
#include "health/probe_spec_priv.h"
#include "http/proxy_header.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/timer.h"
#include "net/tls_dial.h"

enum { PROBE_MAGIC = 0x70726f62, REQUEST_MAX = 65536 };

enum phase {
    PHASE_CONNECT,
    PHASE_SECURE, /* TLS */
    PHASE_SEND,
    PHASE_ANSWER,
    PHASE_ENDED, /* the result is there and will be told by the timer */
};

/* Owner: health.c. Thread: the loop's. Ends by its result or probe_cancel. */
struct probe {
    uint32_t magic;
    enum phase phase;
    struct loop *loop;
    struct probe_order order;
    struct stream stream;
    struct timer *timer;
    uint64_t started_us;
    struct text request; /* with the PROXY header in front */
    size_t sent;
    struct probe_result result;
    struct text body;              /* when the spec asks for something in it */
    struct probe_want of_database; /* the field that tells of it */
    struct probe_answer answer;
};

const char *probe_database_name(enum probe_database database)
{
    switch (database) {
    case PROBE_DATABASE_UNKNOWN: return "unknown";
    case PROBE_DATABASE_GOOD: return "good";
    case PROBE_DATABASE_BAD: return "bad";
    }
    return "unknown";
}

static void reap(void *arg)
{
    struct probe *probe = arg;

    text_fini(&probe->request);
    text_fini(&probe->body);
    free(probe);
}

/* Nothing calls back any more; the memory lives to the end of the turn. */
static void close_probe(struct probe *probe)
{
    CHECK(probe->magic == PROBE_MAGIC);
    probe->magic = 0;
    stream_close(&probe->stream);
    timer_free(probe->timer);
    probe->timer = NULL;
    loop_reap(probe->loop, reap, probe);
}

void probe_cancel(struct probe *probe)
{
    if (probe != NULL)
        close_probe(probe);
}

static void finish(struct probe *probe)
{
    struct probe_order order = probe->order;

    probe->result.duration_us = clock_monotonic_us() - probe->started_us;
    close_probe(probe);
    order.done(order.arg, &probe->result);
}

static void set_result(struct probe *probe, enum fault fault, const char *words)
{
    probe->result.fault = fault;
    probe->result.status = probe->answer.status;
    snprintf(probe->result.words, sizeof probe->result.words, "%s", words);
}

static void finish_with(struct probe *probe, enum fault fault, const char *words)
{
    set_result(probe, fault, words);
    finish(probe);
}

/* What the probe is waiting for, as the end of a sentence. */
static const char *doing(const struct probe *probe)
{
    if (probe->phase == PHASE_CONNECT)
        return "connecting";
    if (probe->phase == PHASE_SECURE)
        return "in the TLS handshake";
    if (probe->phase == PHASE_SEND)
        return "sending the request";
    if (probe->answer.has_head)
        return "reading the response body";
    return probe->answer.count > 0 ? "reading the response head" : "waiting for the response head";
}

static void note_connect_failure(struct probe *probe, int err, int error_number)
{
    char words[PROBE_WORDS_SIZE];

    if (err == ERR_NO_FD) {
        set_result(probe, FAULT_OVERLOADED, "no descriptor was left for a probe");
    } else if (error_number == EADDRNOTAVAIL) {
        set_result(probe, FAULT_OVERLOADED, "no local port was left for a probe");
    } else if (err == ERR_REFUSED) {
        set_result(probe, FAULT_CONNECT_REFUSED, "connect refused");
    } else if (err == ERR_TIMEOUT) {
        set_result(probe, FAULT_CONNECT_TIMEOUT, "connect timed out");
    } else {
        snprintf(words, sizeof words, "connect failed: %s", err_name(err));
        set_result(probe, FAULT_CONNECT_FAILED, words);
    }
}

static void judge_status(struct probe *probe)
{
    struct text words;

    text_init(&words, PROBE_WORDS_SIZE - 1);
    text_add_format(&words, "status %u, expected ", probe->answer.status);
    probe_spec_format_statuses(probe->order.spec, &words);
    finish_with(probe, FAULT_PROBE_STATUS, words.bytes);
    text_fini(&words);
}

static void finish_bad(struct probe *probe)
{
    char words[PROBE_WORDS_SIZE];
    enum fault fault = probe->answer.fault;

    if (fault == FAULT_TARGET_CLOSED || fault == FAULT_TARGET_TRUNCATED)
        snprintf(words, sizeof words, "closed by the target while %s", doing(probe));
    else if (fault == FAULT_RESPONSE_BAD && !probe->answer.has_head)
        snprintf(words, sizeof words, "malformed response head");
    else if (fault == FAULT_RESPONSE_BAD)
        snprintf(words, sizeof words, "malformed response body");
    else
        snprintf(words, sizeof words, "%s", fault_words(fault));
    finish_with(probe, fault, words);
}

/* Everything came: what it says. An app that says it has no database need not say that all is well. */
static void judge_whole(struct probe *probe)
{
    const struct probe_body_spec *spec = &probe->order.spec->body;
    struct probe_result *result = &probe->result;
    bool is_without = probe_spec_is_without_database(probe->order.spec, probe->answer.status);

    set_result(probe, FAULT_NONE, "");
    if (probe->of_database.is_there)
        result->database = probe_body_database(slice_from(probe->of_database.value));
    if (is_without)
        result->database = PROBE_DATABASE_BAD;
    if (probe_body_is_wanted(spec))
        probe_body_judge(spec, text_slice(&probe->body), probe_answer_is_cut(&probe->answer),
                         clock_wall_us(), result);
    if (is_without && result->fault == FAULT_HEALTH_ASSERTION)
        set_result(probe, FAULT_NONE, "");
    finish(probe);
}

static bool is_welcome(const struct probe *probe)
{
    return probe_spec_expects(probe->order.spec, probe->answer.status) ||
           probe_spec_is_without_database(probe->order.spec, probe->answer.status);
}

/* True: the probe is gone. */
static bool judge(struct probe *probe, enum probe_answer_step step)
{
    if (step == PROBE_ANSWER_STATUS && !is_welcome(probe))
        judge_status(probe);
    else if (step == PROBE_ANSWER_STATUS)
        return judge(probe, probe_answer_read(&probe->answer));
    else if (step == PROBE_ANSWER_DONE)
        judge_whole(probe);
    else if (step == PROBE_ANSWER_BAD)
        finish_bad(probe);
    else
        return false;
    return true;
}

static void finish_broken(struct probe *probe, ssize_t err)
{
    char words[PROBE_WORDS_SIZE];
    const char *alert = tls_dial_alert(&probe->stream);

    if (alert != NULL) { /* with TLS 1.3 a certificate of ours is judged so late */
        finish_with(probe, FAULT_TARGET_TLS, alert);
        return;
    }
    snprintf(words, sizeof words, "%s while %s",
             err == ERR_RESET ? "reset by the target" : "connection failed", doing(probe));
    finish_with(probe, FAULT_TARGET_RESET, words);
}

static void step_answer(struct probe *probe)
{
    bool is_gone = false;

    while (!is_gone) {
        size_t size = 0;
        char *room = probe_answer_room(&probe->answer, &size);
        ssize_t count = stream_recv(&probe->stream, room, size);

        if (count == ERR_AGAIN)
            return;
        if (count < 0) {
            finish_broken(probe, count);
            return;
        }
        probe_answer_take(&probe->answer, (size_t)count);
        is_gone = judge(probe, count == 0 ? probe_answer_end(&probe->answer)
                                          : probe_answer_read(&probe->answer));
    }
}

static void step_send(struct probe *probe)
{
    while (probe->sent < probe->request.len) {
        struct iovec part = { probe->request.bytes + probe->sent,
                              probe->request.len - probe->sent };
        ssize_t count = stream_send(&probe->stream, &part, 1, false);

        if (count == ERR_AGAIN)
            return;
        if (count < 0) {
            finish_broken(probe, count);
            return;
        }
        probe->sent += (size_t)count;
    }
    if (probe->order.spec->kind == PROBE_TCP) {
        finish_with(probe, FAULT_NONE, "");
        return;
    }
    probe->phase = PHASE_ANSWER;
    step_answer(probe);
}

static void write_proxy_header(struct probe *probe)
{
    const struct target *target = probe->order.target;

    text_init(&probe->request, REQUEST_MAX);
    if (target->proxy_protocol != 0) {
        char header[PROXY_HEADER_SIZE];
        struct address local;
        struct address peer;

        stream_local_address(&probe->stream, &local);
        stream_peer_address(&probe->stream, &peer);
        text_add_slice(
            &probe->request,
            slice_of(header, proxy_header_write(target->proxy_protocol, &local, &peer, header)));
    }
}

static void begin_send(struct probe *probe)
{
    if (probe->order.spec->kind == PROBE_HTTP)
        probe_spec_write_request(probe->order.spec, probe->order.target, &probe->request);
    probe->phase = PHASE_SEND;
    step_send(probe);
}

/* No session is resumed: each probe sees the certificate as it is now. */
static void step_secure(struct probe *probe)
{
    enum fault fault = FAULT_NONE;
    int err = tls_dial_handshake(&probe->stream, &fault);

    if (err == ERR_AGAIN)
        return;
    if (err != ERR_OK)
        finish_with(probe, fault, tls_dial_words());
    else
        begin_send(probe);
}

/* A PROXY header goes in clear in front of TLS; a new connection takes so little at once. */
static void begin_secure(struct probe *probe)
{
    const struct target *target = probe->order.target;
    struct iovec header = { probe->request.bytes, probe->request.len };

    if (header.iov_len > 0 &&
        stream_send(&probe->stream, &header, 1, true) != (ssize_t)header.iov_len) {
        finish_with(probe, FAULT_CONNECT_FAILED, "the PROXY header could not be sent");
        return;
    }
    text_clear(&probe->request);
    tls_dial_begin(&probe->stream, target->tls, slice_from(target->authority), NULL);
    probe->phase = PHASE_SECURE;
    step_secure(probe);
}

static void step_connect(struct probe *probe)
{
    int err = stream_connect_result(&probe->stream);

    if (err == ERR_AGAIN)
        return;
    if (err != 0) {
        note_connect_failure(probe, err, 0);
        finish(probe);
        return;
    }
    write_proxy_header(probe);
    if (probe->order.target->tls != NULL)
        begin_secure(probe);
    else
        begin_send(probe);
}

static void on_ready(struct stream *stream)
{
    struct probe *probe = container_of(stream, struct probe, stream);

    CHECK(probe->magic == PROBE_MAGIC);
    switch (probe->phase) {
    case PHASE_CONNECT: step_connect(probe); break;
    case PHASE_SECURE: step_secure(probe); break;
    case PHASE_SEND: step_send(probe); break;
    case PHASE_ANSWER: step_answer(probe); break;
    case PHASE_ENDED: break;
    }
}

static const struct stream_ops stream_ops = { .on_ready = on_ready };

static void on_deadline(void *arg)
{
    struct probe *probe = arg;
    char words[PROBE_WORDS_SIZE];
    char timeout[32];

    CHECK(probe->magic == PROBE_MAGIC);
    if (probe->phase == PHASE_ENDED) {
        finish(probe);
        return;
    }
    num_format_duration(probe->order.spec->timeout_us, timeout);
    snprintf(words, sizeof words, "timeout after %s %s", timeout, doing(probe));
    finish_with(probe, probe->phase <= PHASE_SECURE ? FAULT_CONNECT_TIMEOUT : FAULT_PROBE_TIMEOUT,
                words);
}

/* What of the answer is kept. */
static void set_up_answer(struct probe *probe)
{
    const struct probe_order *order = &probe->order;
    struct probe_answer *answer = &probe->answer;

    probe_answer_init(answer, order->spec->method);
    text_init(&probe->body, PROBE_ANSWER_BODY_MAX + 1);
    if (probe_body_is_wanted(&order->spec->body))
        answer->body = &probe->body;
    answer->wants = order->wants;
    answer->want_count = order->want_count;
    probe->of_database.name = order->spec->body.database_header;
    if (order->wants != NULL || probe->of_database.name == NULL)
        return;
    answer->wants = &probe->of_database;
    answer->want_count = 1;
}

struct probe *probe_start(struct loop *loop, const struct probe_order *order)
{
    struct probe *probe = mem_alloc(sizeof *probe);
    struct address address = probe_spec_address(order->spec, order->target);
    uint64_t timeout_ms = (order->spec->timeout_us + 999) / 1000;
    int err = 0;

    memset(probe, 0, offsetof(struct probe, answer));
    probe->magic = PROBE_MAGIC;
    probe->loop = loop;
    probe->order = *order;
    set_up_answer(probe);
    probe->started_us = clock_monotonic_us();
    probe->timer = timer_new(loop, on_deadline, probe);
    err = stream_connect(&probe->stream, loop, &address, &stream_ops);
    if (err != 0) {
        note_connect_failure(probe, err, err == ERR_UNREACHABLE ? errno : 0);
        probe->phase = PHASE_ENDED;
        timeout_ms = 0;
    }
    timer_arm(probe->timer, timeout_ms);
    return probe;
}
