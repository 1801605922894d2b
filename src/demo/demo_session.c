/* One connection of the demo app as a small state machine: see demo_session.h. */
#include "demo/demo_session.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "demo/demo.h"
#include "demo/demo_answer.h"
#include "demo/demo_handle.h"
#include "demo/demo_request.h"
#include "demo/demo_websocket.h"

#define INPUT_MAX_BYTES  65536
#define OUTPUT_MAX_BYTES 65536
#define OUTPUT_LOW_BYTES 16384
#define PIECE_BYTES      16384
#define LINGER_US        1000000u

enum turn { TURN_AGAIN, TURN_WAIT, TURN_CLOSE };

enum session_state {
    SESSION_HEAD,   /* waits for a request */
    SESSION_BODY,   /* throws the request's body away */
    SESSION_ECHO,   /* sends it back as it comes */
    SESSION_WEB,    /* a WebSocket: sends its frames back */
    SESSION_RAW,    /* after "Upgrade: echo": sends every byte back */
    SESSION_DELAY,  /* waits before the answer */
    SESSION_ANSWER, /* sends it */
    SESSION_FLUSH,  /* the last answer is written: waits until it is gone */
    SESSION_LINGER, /* waits for the client to close, so that nothing of it is reset */
};

/* Owner: demo->sessions. Thread: the only one. Ends by demo_session_close. */
struct demo_session {
    struct demo *demo;
    TAILQ_ENTRY(demo_session) link;
    struct bufferevent *stream;
    struct evbuffer *input;
    struct evbuffer *output;
    struct event *timer;
    enum session_state state;
    struct demo_request request;
    struct demo_answer answer;
    struct demo_websocket websocket;
    uint64_t start_us;
    bool is_ended;   /* the client will send nothing more */
    bool is_pausing; /* the timer runs for a delay or a drip */
    bool is_last;    /* close after the present answer */
};

static void arm_timer(struct demo_session *session, uint64_t us)
{
    struct timeval tv = { .tv_sec = (time_t)(us / 1000000),
                          .tv_usec = (suseconds_t)(us % 1000000) };

    CHECK(event_add(session->timer, &tv) == 0);
}

static void arm_idle(struct demo_session *session)
{
    if (session->demo->idle_us > 0)
        arm_timer(session, session->demo->idle_us);
}

void demo_session_close(struct demo_session *session)
{
    evutil_socket_t fd = bufferevent_getfd(session->stream);

    if (session->answer.is_reset) {
        struct linger reset = { .l_onoff = 1, .l_linger = 0 };
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    TAILQ_REMOVE(&session->demo->sessions, session, link);
    event_free(session->timer);
    bufferevent_free(session->stream);
    demo_request_fini(&session->request);
    demo_answer_fini(&session->answer);
    if (session->demo->is_stopping && TAILQ_EMPTY(&session->demo->sessions))
        event_base_loopexit(session->demo->base, NULL);
    free(session);
}

static void add_date(struct evbuffer *output)
{
    char text[64] = "";
    struct tm parts = { 0 };
    time_t now = (time_t)(clock_wall_us() / 1000000);

    gmtime_r(&now, &parts);
    CHECK(strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts) > 0);
    evbuffer_add_printf(output, "%s", text);
}

static void add_head(struct demo_session *session)
{
    struct demo_answer *answer = &session->answer;
    const struct demo *demo = session->demo;

    evbuffer_add_printf(session->output, "HTTP/1.1 %u %s\r\n", answer->status,
                        demo_answer_reason(answer->status));
    add_date(session->output);
    if (answer->type != NULL)
        evbuffer_add_printf(session->output, "Content-Type: %s\r\n", answer->type);
    if (answer->status == 204 || answer->status == 304 || answer->is_unframed)
        ; /* no length: there is no body, or its end is the end of the connection */
    else if (answer->chunk_bytes > 0)
        evbuffer_add_printf(session->output, "Transfer-Encoding: chunked\r\n");
    else
        evbuffer_add_printf(session->output, "Content-Length: %" PRIu64 "\r\n", answer->length);
    evbuffer_add_printf(session->output,
                        "X-Slot: %s\r\nX-Version: %s\r\nX-Target-Pid: %ld\r\n"
                        "X-Start-Us: %" PRIu64 "\r\n",
                        demo->slot, demo->version, (long)getpid(), session->start_us);
    if (session->is_last)
        evbuffer_add_printf(session->output, "Connection: close\r\n");
    else if (session->request.is_old)
        evbuffer_add_printf(session->output, "Connection: keep-alive\r\n");
    evbuffer_add_printf(session->output, "\r\n");
}

/* Settles framing and connection for the answer as it is now, and writes its head. */
static void begin_answer(struct demo_session *session)
{
    struct demo_answer *answer = &session->answer;

    answer->has_body = !session->request.is_head && answer->status != 204 && answer->status != 304;
    answer->is_unframed = session->request.is_old && answer->chunk_bytes > 0;
    session->is_last = session->is_last || answer->is_last || answer->is_unframed ||
                       session->request.is_last || session->demo->is_stopping;
    add_head(session);
    session->state = SESSION_ANSWER;
}

static enum turn refuse(struct demo_session *session, unsigned status, const char *words)
{
    demo_answer_set_text(&session->answer, status, "text/plain; charset=utf-8", words);
    session->is_last = true;
    begin_answer(session);
    return TURN_AGAIN;
}

static void begin_echo(struct demo_session *session)
{
    struct demo_answer *answer = &session->answer;

    answer->status = 200;
    answer->type = "application/octet-stream";
    answer->length = session->request.length;
    answer->chunk_bytes = session->request.is_chunked ? PIECE_BYTES : 0;
    begin_answer(session);
    session->state = SESSION_ECHO;
}

static void begin_upgrade(struct demo_session *session, enum session_state state,
                          const char *protocol)
{
    char accept[DEMO_WEBSOCKET_ACCEPT];

    evbuffer_add_printf(session->output,
                        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                        "Upgrade: %s\r\nX-Slot: %s\r\n",
                        protocol, session->demo->slot);
    if (state == SESSION_WEB) {
        demo_websocket_accept(session->request.websocket_key, accept);
        evbuffer_add_printf(session->output, "Sec-WebSocket-Accept: %s\r\n", accept);
    }
    evbuffer_add_printf(session->output, "\r\n");
    demo_request_fini(&session->request);
    session->request = (struct demo_request){ 0 };
    session->state = state;
}

/* Whether the request switches to another protocol. */
static bool try_upgrade(struct demo_session *session)
{
    const struct demo_request *request = &session->request;

    if (request->body != BODY_NONE)
        return false;
    if (demo_request_offers(request, SLICE("websocket")) && request->websocket_key.len > 0 &&
        slice_is_equal(request->path, SLICE("/ws")))
        begin_upgrade(session, SESSION_WEB, "websocket");
    else if (demo_request_offers(request, SLICE("echo")))
        begin_upgrade(session, SESSION_RAW, "echo");
    else
        return false;
    return true;
}

static enum turn do_head(struct demo_session *session)
{
    if (evbuffer_get_length(session->output) >= OUTPUT_MAX_BYTES)
        return TURN_WAIT;
    int err = demo_request_read(&session->request, session->input);
    if (err == ERR_AGAIN)
        return session->is_ended || session->demo->is_stopping ? TURN_CLOSE : TURN_WAIT;
    event_del(session->timer);
    session->start_us = clock_monotonic_us();
    if (err != ERR_OK)
        return refuse(session, err == ERR_RANGE ? 431 : 400, "no request\n");
    if (session->request.wants_continue && session->request.body != BODY_NONE &&
        evbuffer_get_length(session->input) == 0)
        evbuffer_add_printf(session->output, "HTTP/1.1 100 Continue\r\n\r\n");
    if (try_upgrade(session))
        return TURN_AGAIN;
    if (slice_is_equal(session->request.path, SLICE("/echo")))
        begin_echo(session);
    else
        session->state = SESSION_BODY;
    return TURN_AGAIN;
}

static enum turn do_body(struct demo_session *session)
{
    size_t moved = 0;
    int err = demo_request_read_body(&session->request, session->input, NULL, SIZE_MAX, &moved);

    if (err != ERR_OK)
        return refuse(session, 400, "broken chunks\n");
    if (session->request.body != BODY_NONE)
        return session->is_ended ? TURN_CLOSE : TURN_WAIT;
    demo_handle(session->demo, &session->request, &session->answer);
    session->state = SESSION_DELAY;
    if (session->answer.delay_us > 0) {
        session->is_pausing = true;
        arm_timer(session, session->answer.delay_us);
    }
    return TURN_AGAIN;
}

static enum turn do_delay(struct demo_session *session)
{
    if (session->is_pausing)
        return TURN_WAIT;
    if (session->answer.is_drop)
        return TURN_CLOSE;
    begin_answer(session);
    return TURN_AGAIN;
}

/* After an answer: the next request, or the way out. */
static enum turn finish_answer(struct demo_session *session)
{
    if (session->is_last) {
        session->state = SESSION_FLUSH;
        return TURN_AGAIN;
    }
    demo_request_fini(&session->request);
    demo_answer_fini(&session->answer);
    session->state = SESSION_HEAD;
    arm_idle(session);
    return TURN_AGAIN;
}

static void add_echo(struct demo_session *session, struct evbuffer *piece, size_t count)
{
    bool is_framed = session->request.is_chunked && !session->answer.is_unframed;

    if (!session->answer.has_body || count == 0) {
        evbuffer_drain(piece, count);
        return;
    }
    if (is_framed)
        evbuffer_add_printf(session->output, "%zx\r\n", count);
    evbuffer_add_buffer(session->output, piece);
    if (is_framed)
        evbuffer_add(session->output, "\r\n", 2);
}

static enum turn do_echo(struct demo_session *session)
{
    size_t moved = 0;

    if (evbuffer_get_length(session->output) >= OUTPUT_MAX_BYTES)
        return TURN_WAIT;
    struct evbuffer *piece = evbuffer_new();
    CHECK(piece != NULL);
    int err = demo_request_read_body(&session->request, session->input, piece, PIECE_BYTES, &moved);
    add_echo(session, piece, moved);
    evbuffer_free(piece);
    if (err != ERR_OK)
        return TURN_CLOSE;
    if (session->request.body == BODY_NONE) {
        if (session->request.is_chunked && session->answer.has_body && !session->answer.is_unframed)
            evbuffer_add(session->output, "0\r\n\r\n", 5);
        return finish_answer(session);
    }
    if (moved > 0)
        return TURN_AGAIN;
    return session->is_ended ? TURN_CLOSE : TURN_WAIT;
}

static enum turn do_web(struct demo_session *session)
{
    if (evbuffer_get_length(session->output) >= OUTPUT_MAX_BYTES)
        return TURN_WAIT;
    size_t before = evbuffer_get_length(session->input);
    if (demo_websocket_step(&session->websocket, session->input, session->output, PIECE_BYTES) ==
        WEBSOCKET_OVER) {
        session->state = SESSION_FLUSH;
        return TURN_AGAIN;
    }
    if (evbuffer_get_length(session->input) < before)
        return TURN_AGAIN;
    if (session->is_ended)
        session->state = SESSION_FLUSH;
    return session->is_ended ? TURN_AGAIN : TURN_WAIT;
}

static enum turn do_raw(struct demo_session *session)
{
    if (evbuffer_get_length(session->output) >= OUTPUT_MAX_BYTES)
        return TURN_WAIT;
    if (evbuffer_remove_buffer(session->input, session->output, PIECE_BYTES) > 0)
        return TURN_AGAIN;
    if (session->is_ended)
        session->state = SESSION_FLUSH;
    return session->is_ended ? TURN_AGAIN : TURN_WAIT;
}

static enum turn do_answer(struct demo_session *session)
{
    struct demo_answer *answer = &session->answer;

    if (session->is_pausing || evbuffer_get_length(session->output) >= OUTPUT_MAX_BYTES)
        return TURN_WAIT;
    if (answer->has_body && demo_answer_add_body(answer, session->output, PIECE_BYTES)) {
        if (answer->drip_bytes > 0) {
            session->is_pausing = true;
            arm_timer(session, answer->drip_us);
        }
        return TURN_AGAIN;
    }
    if (demo_answer_is_cut(answer) || answer->is_reset)
        session->is_last = true;
    return finish_answer(session);
}

static enum turn do_flush(struct demo_session *session)
{
    if (evbuffer_get_length(session->output) > 0)
        return TURN_WAIT;
    if (session->is_ended || session->answer.is_reset)
        return TURN_CLOSE;
    (void)shutdown(bufferevent_getfd(session->stream), SHUT_WR);
    session->state = SESSION_LINGER;
    arm_timer(session, LINGER_US);
    return TURN_AGAIN;
}

static enum turn do_linger(struct demo_session *session)
{
    evbuffer_drain(session->input, evbuffer_get_length(session->input));
    return session->is_ended ? TURN_CLOSE : TURN_WAIT;
}

static void step(struct demo_session *session)
{
    enum turn turn = TURN_AGAIN;

    while (turn == TURN_AGAIN) {
        switch (session->state) {
        case SESSION_HEAD: turn = do_head(session); break;
        case SESSION_BODY: turn = do_body(session); break;
        case SESSION_ECHO: turn = do_echo(session); break;
        case SESSION_WEB: turn = do_web(session); break;
        case SESSION_RAW: turn = do_raw(session); break;
        case SESSION_DELAY: turn = do_delay(session); break;
        case SESSION_ANSWER: turn = do_answer(session); break;
        case SESSION_FLUSH: turn = do_flush(session); break;
        case SESSION_LINGER: turn = do_linger(session); break;
        }
    }
    if (turn == TURN_CLOSE)
        demo_session_close(session);
}

static void on_bytes(struct bufferevent *stream, void *arg)
{
    (void)stream;
    step(arg);
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
    struct demo_session *session = arg;

    (void)stream;
    if ((what & BEV_EVENT_ERROR) != 0) {
        demo_session_close(session);
        return;
    }
    session->is_ended = true;
    step(session);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct demo_session *session = arg;

    (void)fd;
    (void)what;
    if (session->is_pausing) {
        session->is_pausing = false;
        step(session);
        return;
    }
    demo_session_close(session); /* idle, or lingered long enough */
}

void demo_session_start(struct demo *demo, evutil_socket_t fd)
{
    struct demo_session *session = mem_zalloc(sizeof *session);

    session->demo = demo;
    session->stream = bufferevent_socket_new(demo->base, fd, BEV_OPT_CLOSE_ON_FREE);
    CHECK(session->stream != NULL);
    session->input = bufferevent_get_input(session->stream);
    session->output = bufferevent_get_output(session->stream);
    session->timer = evtimer_new(demo->base, on_timer, session);
    CHECK(session->timer != NULL);
    TAILQ_INSERT_TAIL(&demo->sessions, session, link);
    bufferevent_setwatermark(session->stream, EV_READ, 0, INPUT_MAX_BYTES);
    bufferevent_setwatermark(session->stream, EV_WRITE, OUTPUT_LOW_BYTES, 0);
    bufferevent_setcb(session->stream, on_bytes, on_bytes, on_event, session);
    CHECK(bufferevent_enable(session->stream, EV_READ | EV_WRITE) == 0);
    arm_idle(session);
}

void demo_session_stop_all(struct demo *demo)
{
    struct demo_session *next = NULL;

    for (struct demo_session *s = TAILQ_FIRST(&demo->sessions); s != NULL; s = next) {
        next = TAILQ_NEXT(s, link);
        if (s->state == SESSION_HEAD || s->state == SESSION_LINGER)
            step(s);
    }
}
