/* Answers of commands: see answer_priv.h. */
#include "control/answer_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/json_priv.h"

void answer_init(struct answer *answer)
{
    *answer = (struct answer){ .outcome = OUTCOME_DONE, .fault = FAULT_NONE };
    text_init(&answer->text, ANSWER_BYTES_MAX);
}

void answer_fini(struct answer *answer)
{
    text_fini(&answer->text);
    cJSON_Delete(answer->result);
    answer->result = NULL;
}

void answer_fail(struct answer *answer, enum outcome outcome, enum fault fault, const char *format,
                 ...)
{
    va_list args;

    answer->outcome = outcome;
    answer->fault = fault;
    va_start(args, format);
    vsnprintf(answer->words, sizeof answer->words, format, args);
    va_end(args);
}

void answer_hint(struct answer *answer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(answer->hint, sizeof answer->hint, format, args);
    va_end(args);
}

cJSON *answer_result(struct answer *answer)
{
    if (answer->result == NULL)
        answer->result = json_object();
    return answer->result;
}

bool answer_is_ok(const struct answer *answer)
{
    return answer->outcome == OUTCOME_DONE || answer->outcome == OUTCOME_VOLATILE;
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
static void add_text(const struct answer *answer, struct text *out)
{
    if (answer->outcome == OUTCOME_VOLATILE)
        text_add_format(out, "warning %d volatile: %s\n", (int)answer->outcome, answer->words);
    else if (answer->outcome != OUTCOME_DONE)
        text_add_format(out, "error %d %s (%s): %s\n", (int)answer->outcome,
                        outcome_name(answer->outcome), fault_name(answer->fault), answer->words);
    if (answer->gate[0] != '\0')
        text_add_format(out, "gate: %s\n", answer->gate);
    if (answer->hint[0] != '\0')
        text_add_format(out, "remedy: %s\n", answer->hint);
    add_lines(out, text_slice(&answer->text));
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

void answer_write_text(const struct answer *answer, struct text *out)
{
    if (text_is_cut(&answer->text)) {
        write_too_large(out, false);
        return;
    }
    add_text(answer, out);
    text_add(out, "\n");
}

static void add_error(const struct answer *answer, cJSON *object)
{
    cJSON *error = NULL;

    if (answer->outcome == OUTCOME_DONE) {
        json_add_null(object, "error");
        return;
    }
    error = json_object();
    json_add_text(error, "code", fault_name(answer->fault));
    json_add_text(error, "message", answer->words);
    json_add_text(error, "hint", answer->hint[0] != '\0' ? answer->hint : NULL);
    if (answer->gate[0] != '\0')
        json_add_text(error, "gate", answer->gate);
    json_add(object, "error", error);
}

static void add_people_text(const struct answer *answer, cJSON *object)
{
    struct text text;

    text_init(&text, ANSWER_BYTES_MAX);
    add_text(answer, &text);
    json_add_text(object, "text", text.bytes != NULL ? text.bytes : "");
    text_fini(&text);
}

void answer_write_json(const struct answer *answer, bool with_text, struct text *out)
{
    cJSON *object = json_object();
    char *line = NULL;

    json_add_bool(object, "ok", answer_is_ok(answer));
    json_add_u64(object, "code", (uint64_t)answer->outcome);
    json_add_text(object, "outcome", outcome_name(answer->outcome));
    json_add_text(object, "fault", fault_name(answer->fault));
    json_add_u64(object, "epoch", answer->epoch);
    add_error(answer, object);
    if (answer->result != NULL)
        json_add(object, "result", cJSON_Duplicate(answer->result, true));
    else
        json_add_null(object, "result");
    if (with_text)
        add_people_text(answer, object);
    line = json_print(object);
    text_add(out, line);
    text_add(out, "\n\n");
    if (text_is_cut(out) || text_is_cut(&answer->text))
        write_too_large(out, true);
    free(line);
    cJSON_Delete(object);
}
