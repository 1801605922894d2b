/* Answers of commands: see reply_priv.h. */
#include "control/reply_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/json_priv.h"

void reply_init(struct reply *reply)
{
    *reply = (struct reply){ .outcome = OUTCOME_DONE, .fault = FAULT_NONE };
    text_init(&reply->text, REPLY_BYTES_MAX);
}

void reply_fini(struct reply *reply)
{
    text_fini(&reply->text);
    cJSON_Delete(reply->result);
    reply->result = NULL;
}

void reply_fail(struct reply *reply, enum outcome outcome, enum fault fault, const char *format,
                ...)
{
    va_list args;

    reply->outcome = outcome;
    reply->fault = fault;
    va_start(args, format);
    vsnprintf(reply->words, sizeof reply->words, format, args);
    va_end(args);
}

void reply_hint(struct reply *reply, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reply->hint, sizeof reply->hint, format, args);
    va_end(args);
}

cJSON *reply_result(struct reply *reply)
{
    if (reply->result == NULL)
        reply->result = json_object();
    return reply->result;
}

bool reply_is_ok(const struct reply *reply)
{
    return reply->outcome == OUTCOME_DONE || reply->outcome == OUTCOME_VOLATILE;
}

/* Lines without empty ones, each closed by a line feed. */
static void add_lines(struct text *out, struct slice lines)
{
    struct slice line = { 0 };

    while (slice_next(&lines, '\n', &line)) {
        if (line.len == 0)
            continue;
        text_add_slice(out, line);
        text_add(out, "\n");
    }
}

/* What people see, without the closing empty line. */
static void add_text(const struct reply *reply, struct text *out)
{
    if (reply->outcome == OUTCOME_VOLATILE)
        text_add_format(out, "warning %d volatile: %s\n", (int)reply->outcome, reply->words);
    else if (reply->outcome != OUTCOME_DONE)
        text_add_format(out, "error %d %s (%s): %s\n", (int)reply->outcome,
                        outcome_name(reply->outcome), fault_name(reply->fault), reply->words);
    if (reply->gate[0] != '\0')
        text_add_format(out, "gate: %s\n", reply->gate);
    if (reply->hint[0] != '\0')
        text_add_format(out, "remedy: %s\n", reply->hint);
    add_lines(out, text_slice(&reply->text));
}

/* Instead of an answer that was cut: half a table must not pass for the whole. */
static void write_too_large(struct text *out, bool is_json)
{
    text_clear(out);
    if (is_json)
        text_add(out, "{\"ok\":false,\"code\":1,\"outcome\":\"failed\",\"fault\":\"overloaded\","
                      "\"epoch\":0,\"error\":{\"code\":\"overloaded\",\"message\":\"the answer is "
                      "too large\",\"hint\":\"ask for one service or slot\"},\"result\":null}");
    else
        text_add(out, "error 1 failed (overloaded): the answer is too large\n"
                      "remedy: ask for one service or slot");
    text_add(out, "\n\n");
}

void reply_write_text(const struct reply *reply, struct text *out)
{
    if (text_is_cut(&reply->text)) {
        write_too_large(out, false);
        return;
    }
    add_text(reply, out);
    text_add(out, "\n");
}

static void add_error(const struct reply *reply, cJSON *object)
{
    cJSON *error = NULL;

    if (reply->outcome == OUTCOME_DONE) {
        json_add_null(object, "error");
        return;
    }
    error = json_object();
    json_add_text(error, "code", fault_name(reply->fault));
    json_add_text(error, "message", reply->words);
    json_add_text(error, "hint", reply->hint[0] != '\0' ? reply->hint : NULL);
    if (reply->gate[0] != '\0')
        json_add_text(error, "gate", reply->gate);
    json_add(object, "error", error);
}

static void add_people_text(const struct reply *reply, cJSON *object)
{
    struct text text;

    text_init(&text, REPLY_BYTES_MAX);
    add_text(reply, &text);
    json_add_text(object, "text", text.bytes != NULL ? text.bytes : "");
    text_fini(&text);
}

cJSON *reply_json(const struct reply *reply, bool with_text)
{
    cJSON *object = json_object();

    json_add_bool(object, "ok", reply_is_ok(reply));
    json_add_u64(object, "code", (uint64_t)reply->outcome);
    json_add_text(object, "outcome", outcome_name(reply->outcome));
    json_add_text(object, "fault", fault_name(reply->fault));
    json_add_u64(object, "epoch", reply->epoch);
    add_error(reply, object);
    if (reply->result != NULL)
        json_add(object, "result", cJSON_Duplicate(reply->result, true));
    else
        json_add_null(object, "result");
    if (with_text)
        add_people_text(reply, object);
    return object;
}

void reply_write_json(const struct reply *reply, bool with_text, struct text *out)
{
    cJSON *object = reply_json(reply, with_text);
    char *line = json_print(object);

    text_add(out, line);
    text_add(out, "\n\n");
    if (text_is_cut(out) || text_is_cut(&reply->text))
        write_too_large(out, true);
    free(line);
    cJSON_Delete(object);
}
