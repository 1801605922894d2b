/* A client of the admin socket: see admin_client_priv.h. */
#include "control/admin_client_priv.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "control/call_priv.h"
#include "control/words_priv.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/timer.h"

enum {
    MAGIC = 0x41444d43,
    COMMANDS_PER_TURN = 64,        /* then other events get their turn */
    PAYLOAD_PER_TURN = 64 * 1024,  /* bytes, likewise */
    OUT_MAX = 2 * REPLY_BYTES_MAX, /* an answer with its own text inside, escaped */
};

/* What the one timer waits for. */
enum watch { WATCH_NOTHING, WATCH_LINE, WATCH_SEND };

/* What becomes of the lines behind a command. */
enum payload { PAYLOAD_NONE, PAYLOAD_FEED /* they go to the call */, PAYLOAD_DROP };

/* What one turn has done so far. */
struct turn {
    unsigned commands;
    unsigned pieces; /* of an answer that is written in pieces */
    size_t payload_bytes;
};

struct admin_client {
    uint32_t magic;
    TAILQ_ENTRY(admin_client) link;
    struct admin_client_owner owner;
    struct admin_client_list *list;
    struct peer peer;
    struct stream stream;
    int fd; /* the stream's: asked with poll only */
    struct timer *timer;
    enum watch watch;
    bool is_watch_over; /* what it waited for has come: the same wait would begin anew */
    uint64_t idle_since_us;
    size_t in_len;
    char *line; /* the commands under way, NULL: none */
    struct words words;
    unsigned next_command;
    struct call *call; /* NULL: none under way */
    enum payload payload;
    uint64_t payload_bytes;
    bool has_payload;         /* the line under way announces one */
    bool is_inside_long_line; /* of a payload: its rest is dropped */
    struct text out;
    size_t sent;
    bool is_json;
    bool has_prompt;
    bool is_half_closed;
    bool wants_close; /* once everything is sent */
    bool wants_shutdown;
    bool is_shutdown_now;
    bool is_closed;
    char in[ADMIN_LINE_MAX + 2];
};

static struct admin_client *client_of(struct stream *stream)
{
    struct admin_client *client = container_of(stream, struct admin_client, stream);

    CHECK(client->magic == MAGIC);
    return client;
}

static void step(struct admin_client *client);

static void free_client(void *arg)
{
    struct admin_client *client = arg;

    text_fini(&client->out);
    free(client->line);
    client->magic = 0;
    free(client);
}

static void take_shutdown(struct admin_client *client, const struct call *call)
{
    client->wants_shutdown = client->wants_shutdown || call->wants_shutdown;
    client->is_shutdown_now = client->is_shutdown_now || call->is_shutdown_now;
}

/* The answer that said so is sent, or nobody hears it; it has its record, so the daemon stops. */
static void carry_out_shutdown(struct admin_client *client)
{
    const struct control_room *room = client->owner.room;

    client->wants_shutdown = false;
    if (room->quit != NULL)
        room->quit(room->arg, client->is_shutdown_now);
}

void admin_client_close(struct admin_client *client)
{
    if (client->is_closed)
        return;
    client->is_closed = true;
    if (client->call != NULL && client->call->is_done)
        take_shutdown(client, client->call);
    if (client->call != NULL)
        call_release(client->call);
    client->call = NULL;
    if (client->wants_shutdown)
        carry_out_shutdown(client);
    timer_free(client->timer);
    client->timer = NULL;
    stream_close(&client->stream);
    TAILQ_REMOVE(client->list, client, link);
    loop_reap(client->owner.room->loop, free_client, client);
    client->owner.on_close(client->owner.arg, client);
}

static void on_ready(struct stream *stream)
{
    step(client_of(stream));
}

static const struct stream_ops client_stream_ops = { .on_ready = on_ready };

static void on_timer(void *arg)
{
    admin_client_close(arg); /* silent for too long, or it does not read */
}

/* Sets what the timer waits for; a line must be complete in time, however slowly its bytes drip. */
static void watch_for(struct admin_client *client, enum watch watch)
{
    uint64_t line_ms = client->has_prompt ? client->owner.prompt_idle_ms : client->owner.idle_ms;

    if (client->watch == watch && !client->is_watch_over)
        return;
    client->watch = watch;
    client->is_watch_over = false;
    client->idle_since_us = watch == WATCH_NOTHING ? 0 : loop_now_us(client->owner.room->loop);
    if (watch == WATCH_NOTHING)
        timer_disarm(client->timer);
    else
        timer_arm(client->timer, watch == WATCH_LINE ? line_ms : client->owner.send_ms);
}

int admin_client_open(const struct admin_client_owner *owner, int fd, const struct peer *peer,
                      struct admin_client_list *list)
{
    struct admin_client *client = mem_zalloc(sizeof *client);

    client->magic = MAGIC;
    client->owner = *owner;
    client->list = list;
    client->peer = *peer;
    client->fd = fd;
    if (stream_open(&client->stream, owner->room->loop, fd, &client_stream_ops) < 0) {
        free(client);
        return ERR_IO;
    }
    text_init(&client->out, OUT_MAX);
    client->timer = timer_new(owner->room->loop, on_timer, client);
    watch_for(client, WATCH_LINE);
    TAILQ_INSERT_TAIL(list, client, link);
    stream_wake(&client->stream);
    return 0;
}

/* Sends what is there: 0 all of it, ERR_AGAIN not yet, else the client is gone. */
static int flush(struct admin_client *client)
{
    while (client->sent < client->out.len) {
        struct iovec part = { .iov_base = client->out.bytes + client->sent,
                              .iov_len = client->out.len - client->sent };
        ssize_t sent = stream_send(&client->stream, &part, 1, false);

        if (sent <= 0)
            return sent < 0 ? (int)sent : ERR_RESET;
        client->sent += (size_t)sent;
        client->is_watch_over = true; /* progress: the time to send begins anew */
    }
    client->sent = 0;
    if (client->out.capacity > 64 * 1024)
        text_fini(&client->out); /* a large answer is not kept */
    else
        text_clear(&client->out);
    return 0;
}

static void add_prompt(struct admin_client *client)
{
    if (client->has_prompt && !client->wants_close)
        text_add(&client->out, "> ");
}

/* Ends the line under way when its last command is answered. */
static void end_line(struct admin_client *client)
{
    free(client->line);
    client->line = NULL;
    client->words.command_count = 0;
}

/* The present call is over; what it wished of the connection is noted. */
static void end_call(struct admin_client *client)
{
    struct call *call = client->call;

    client->has_prompt = client->has_prompt || call->wants_prompt;
    client->wants_close = client->wants_close || call->wants_close;
    take_shutdown(client, call);
    client->call = NULL;
    call_release(call);
    if (client->payload == PAYLOAD_FEED)
        client->payload = PAYLOAD_DROP;
    if (client->next_command == client->words.command_count)
        end_line(client);
    if (client->line == NULL)
        add_prompt(client);
}

/* The answer of the present call into the output; the call is over. */
static void take_reply(struct admin_client *client)
{
    struct call *call = client->call;
    bool with_text = (call->args.given & ARGS_NO_TEXT) == 0;

    if (client->is_json)
        reply_write_json(&call->reply, with_text, &client->out);
    else
        reply_write_text(&call->reply, &client->out);
    end_call(client);
}

static void on_call_done(void *owner)
{
    struct admin_client *client = owner;

    CHECK(client->magic == MAGIC);
    take_reply(client);
    step(client);
}

/* A line that is no command: the reason, in the form the line asked for. */
static void refuse_line(struct admin_client *client, const char *problem)
{
    struct reply reply;

    reply_init(&reply);
    reply_fail(&reply, OUTCOME_USAGE, FAULT_USAGE, "%s", problem);
    reply_hint(&reply, "\"help\" lists all commands");
    if (client->is_json)
        reply_write_json(&reply, true, &client->out);
    else
        reply_write_text(&reply, &client->out);
    reply_fini(&reply);
    end_line(client);
    add_prompt(client);
    if (client->has_payload)
        client->payload = PAYLOAD_DROP;
}

/* Takes "<<", a word of its own, off the end of a line of len bytes; how long it is then. */
static size_t cut_payload_mark(struct admin_client *client, size_t len)
{
    static const char mark[] = "<<";
    size_t rest = len - (sizeof mark - 1);

    client->has_payload =
        len >= sizeof mark - 1 && memcmp(client->in + rest, mark, sizeof mark - 1) == 0 &&
        (rest == 0 || client->in[rest - 1] == ' ' || client->in[rest - 1] == '\t');
    client->payload_bytes = 0;
    client->is_inside_long_line = false;
    return client->has_payload ? rest : len;
}

/* Makes the line of len bytes at the start of the buffer, which ends `taken` bytes on, the present one. */
static void take_line(struct admin_client *client, size_t len, size_t taken)
{
    static const char mark[] = "json ";
    const char *problem = "";
    size_t skip = 0;
    int err = 0;

    if (len > 0 && client->in[len - 1] == '\r')
        len--;
    len = cut_payload_mark(client, len);
    client->is_json = len >= sizeof mark - 1 && memcmp(client->in, mark, sizeof mark - 1) == 0;
    skip = client->is_json ? sizeof mark - 1 : 0;
    client->line = mem_text_of(client->in + skip, len - skip);
    client->next_command = 0;
    memmove(client->in, client->in + taken, client->in_len - taken);
    client->in_len -= taken;
    client->is_watch_over = true; /* a line was complete: the next one has its own time */
    err = words_split(client->line, len - skip, &client->words, &problem);
    if (err == 0 && client->is_json && client->words.command_count != 1)
        problem = "a line with \"json \" holds exactly one command";
    if (err < 0 || problem[0] != '\0') {
        client->words.command_count = 0;
        refuse_line(client, problem);
    } else if (client->words.command_count == 0 && client->has_payload) {
        refuse_line(client, "there is no command for the lines behind <<");
    } else if (client->words.command_count == 0) {
        end_line(client);
        add_prompt(client);
    }
}

/* True when a whole line was found (or is too long, and refused). */
static bool find_line(struct admin_client *client)
{
    char *end = memchr(client->in, '\n', client->in_len);

    if (end != NULL && (size_t)(end - client->in) <= ADMIN_LINE_MAX) {
        take_line(client, (size_t)(end - client->in), (size_t)(end - client->in) + 1);
        return true;
    }
    if (client->in_len > ADMIN_LINE_MAX) {
        client->wants_close = true;
        client->is_json = memcmp(client->in, "json ", 5) == 0;
        client->in_len = 0;
        refuse_line(client, "the line is longer than 16 KiB");
        return true;
    }
    if (client->is_half_closed && client->in_len > 0) {
        take_line(client, client->in_len, client->in_len); /* its line feed will not come */
        return true;
    }
    return false;
}

static void start_command(struct admin_client *client)
{
    const struct words_command *command = &client->words.commands[client->next_command++];
    char **words = client->words.words + command->first;

    client->call = call_new(client->owner.room, &client->peer, words, command->count);
    client->call->is_json = client->is_json;
    if (client->has_payload && client->next_command == client->words.command_count) {
        client->call->has_payload = true;
        client->payload = PAYLOAD_FEED;
    }
    if (call_start(client->call, on_call_done, client) == CALL_DONE) {
        take_reply(client);
        return;
    }
    watch_for(client, WATCH_NOTHING);
    client->owner.on_park(client->owner.arg);
}

enum progress { PROGRESS_ON, PROGRESS_WAIT, PROGRESS_CLOSE };

/* The payload has ended: its call, if it still wants to know, goes on. */
static void end_payload(struct admin_client *client, bool is_whole)
{
    bool is_wanted = client->payload == PAYLOAD_FEED;

    client->payload = PAYLOAD_NONE;
    if (is_wanted && call_feed_end(client->call, is_whole) == CALL_DONE)
        take_reply(client);
    else if (is_wanted)
        watch_for(client, WATCH_NOTHING);
}

static void take_payload_line(struct admin_client *client, struct slice line)
{
    if (client->is_inside_long_line) {
        client->is_inside_long_line = false;
        return;
    }
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (line.len == 0)
        end_payload(client, true);
    else if (client->payload == PAYLOAD_FEED && call_feed(client->call, line) == CALL_DONE)
        take_reply(client);
}

/* What of the payload is in the buffer; whole lines only, unless one fills it. */
static void take_payload(struct admin_client *client, struct turn *turn)
{
    size_t at = 0;

    while (client->payload != PAYLOAD_NONE && at < client->in_len) {
        const char *from = client->in + at;
        const char *end = memchr(from, '\n', client->in_len - at);

        if (end == NULL)
            break;
        at += (size_t)(end - from) + 1;
        take_payload_line(client, slice_of(from, (size_t)(end - from)));
    }
    if (client->payload != PAYLOAD_NONE && at == 0 && client->in_len == sizeof client->in) {
        at = client->in_len;
        take_payload_line(client, slice_of(client->in, at));
        client->is_inside_long_line = true;
    }
    memmove(client->in, client->in + at, client->in_len - at);
    client->in_len -= at;
    client->payload_bytes += at;
    turn->payload_bytes += at;
}

static enum progress receive(struct admin_client *client)
{
    ssize_t got = 0;

    if (client->is_half_closed && client->payload == PAYLOAD_FEED) {
        end_payload(client, false); /* also when a line without its end is left */
        client->in_len = 0;
        return PROGRESS_ON;
    }
    if (client->is_half_closed)
        return PROGRESS_CLOSE;
    got = stream_recv(&client->stream, client->in + client->in_len,
                      sizeof client->in - client->in_len);
    if (got > 0) {
        client->in_len += (size_t)got;
        client->is_watch_over = client->is_watch_over || client->payload == PAYLOAD_FEED;
        return PROGRESS_ON;
    }
    if (got == 0) {
        client->is_half_closed = true;
        return PROGRESS_ON;
    }
    if (got != ERR_AGAIN)
        return PROGRESS_CLOSE;
    watch_for(client, WATCH_LINE);
    return PROGRESS_WAIT;
}

static void refuse_payload(struct admin_client *client)
{
    reply_fail(&client->call->reply, OUTCOME_USAGE, FAULT_USAGE,
               "the lines are more than 256 MiB; nothing has changed");
    take_reply(client);
}

static enum progress advance_payload(struct admin_client *client, struct turn *turn)
{
    if (turn->payload_bytes >= PAYLOAD_PER_TURN) {
        if (client->payload == PAYLOAD_FEED)
            watch_for(client, WATCH_NOTHING); /* it keeps us waiting no more */
        stream_wake(&client->stream);
        return PROGRESS_WAIT;
    }
    take_payload(client, turn);
    if (client->payload_bytes > ADMIN_PAYLOAD_MAX) {
        client->wants_close = true;
        if (client->payload == PAYLOAD_FEED)
            refuse_payload(client);
        return PROGRESS_ON;
    }
    if (client->payload == PAYLOAD_NONE || client->out.len > 0)
        return PROGRESS_ON;
    return receive(client);
}

/* The next piece of an answer that comes in pieces: one in each turn. */
static enum progress advance_answer(struct admin_client *client, struct turn *turn)
{
    if (turn->pieces++ > 0) {
        watch_for(client, WATCH_NOTHING);
        stream_wake(&client->stream);
        return PROGRESS_WAIT;
    }
    if (call_write_more(client->call, &client->out) == CALL_DONE) {
        end_call(client);
        return PROGRESS_ON;
    }
    if (client->out.len > 0)
        return PROGRESS_ON;
    watch_for(client, WATCH_NOTHING); /* not ready: asked again at the next tick */
    return PROGRESS_WAIT;
}

static enum progress advance_line(struct admin_client *client, struct turn *turn)
{
    if (client->next_command < client->words.command_count) {
        if (++turn->commands > COMMANDS_PER_TURN) {
            stream_wake(&client->stream);
            return PROGRESS_WAIT;
        }
        start_command(client);
        return PROGRESS_ON;
    }
    if (find_line(client))
        return PROGRESS_ON;
    return receive(client);
}

static enum progress advance(struct admin_client *client, struct turn *turn)
{
    int err = flush(client);

    if (err == ERR_AGAIN) {
        watch_for(client, WATCH_SEND);
        return PROGRESS_WAIT;
    }
    if (err < 0)
        return PROGRESS_CLOSE;
    if (client->wants_shutdown)
        carry_out_shutdown(client);
    if (client->wants_close)
        return PROGRESS_CLOSE;
    if (client->payload != PAYLOAD_NONE)
        return advance_payload(client, turn);
    if (client->call != NULL && client->call->write_more != NULL)
        return advance_answer(client, turn);
    if (client->call != NULL)
        return PROGRESS_WAIT;
    return advance_line(client, turn);
}

static void step(struct admin_client *client)
{
    enum progress progress = PROGRESS_ON;
    struct turn turn = { 0 };

    if (client->is_closed)
        return;
    while (progress == PROGRESS_ON)
        progress = advance(client, &turn);
    if (progress == PROGRESS_CLOSE)
        admin_client_close(client);
}

void admin_client_tick(struct admin_client *client)
{
    struct pollfd gone = { .fd = client->fd };

    if (client->call == NULL)
        return;
    if (poll(&gone, 1, 0) == 1 && (gone.revents & (POLLHUP | POLLERR)) != 0) {
        admin_client_close(client); /* both directions: nobody will read the answer */
        return;
    }
    if (client->call->write_more != NULL)
        stream_wake(&client->stream);
    call_tick(client->call);
}

bool admin_client_is_parked(const struct admin_client *client)
{
    return client->call != NULL;
}

uint64_t admin_client_idle_us(const struct admin_client *client, uint64_t now_us)
{
    return client->idle_since_us == 0 || now_us < client->idle_since_us
               ? 0
               : now_us - client->idle_since_us;
}

struct admin_client *admin_client_next(const struct admin_client *client)
{
    return TAILQ_NEXT(client, link);
}
