/*
 * See progress.h. A command that waits for something is asked again without time: what it says then is how things stand.
 * One that is a change waits for the lock and for its turn, or is under way.
 */
#include "ctl/progress.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/options.h"
#include "ctl/talk.h"

enum { SECOND_US = 1000000, ASK_US = 2 * SECOND_US, ANSWER_MAX = 1 << 20, QUESTION_MAX = 1024 };

static bool has_word(int count, char *const *words, const char *word)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

static void ask_again(const char *verb, const char *name, struct text *out)
{
    text_add_format(out, "json %s \"", verb);
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            text_add(out, "\\");
        text_add_slice(out, slice_of(name, 1));
    }
    text_add(out, "\" --timeout 0s --no-text\n");
}

bool progress_question(int count, char *const *words, struct text *out)
{
    static const char *const changes[] = { "switch", "promote", "rollback", "canary", "rollout",
                                           "apply",  "reload",  "target",   "lock",   "drain" };
    static const char *const waits[][3] = {
        { "wait", "healthy", "wait healthy" },
        { "wait", "drained", "wait drained" },
        { "rollout", "wait", "rollout wait" },
    };

    for (size_t i = 0; count >= 3 && i < sizeof waits / sizeof waits[0]; i++)
        if (strcmp(words[0], waits[i][0]) == 0 && strcmp(words[1], waits[i][1]) == 0) {
            ask_again(waits[i][2], words[2], out);
            return true;
        }
    if (count >= 3 && strcmp(words[0], "drain") == 0 && has_word(count, words, "--wait")) {
        ask_again("wait drained", words[1], out);
        return true;
    }
    for (size_t i = 0; count >= 1 && i < sizeof changes / sizeof changes[0]; i++)
        if (strcmp(words[0], changes[i]) == 0) {
            text_add(out, "json lock show --no-text\n");
            return true;
        }
    return false;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool describe_lock(const cJSON *lock, char *out, size_t size)
{
    const char *running = text_of(lock, "running");
    const char *owner = text_of(lock, "owner");

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(lock, "held")))
        snprintf(out, size, "%s holds the deploy lock: %s", owner, text_of(lock, "reason"));
    else if (running[0] != '\0')
        snprintf(out, size, "%s is under way", running);
    else
        return false;
    return true;
}

bool progress_words(struct slice answer, char *out, size_t size)
{
    cJSON *json = cJSON_ParseWithLength(answer.ptr, answer.len);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    const cJSON *lock = cJSON_GetObjectItemCaseSensitive(result, "lock");
    const char *message = text_of(cJSON_GetObjectItemCaseSensitive(json, "error"), "message");
    bool is_said = false;

    if (lock != NULL)
        is_said = describe_lock(lock, out, size);
    else if (message[0] != '\0')
        is_said = snprintf(out, size, "%s", message) > 0;
    cJSON_Delete(json);
    for (char *at = out; is_said && *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            *at = ' '; /* one line, and nothing that a terminal obeys */
    return is_said;
}

void progress_init(struct progress *progress, const struct options *options)
{
    *progress = (struct progress){ .options = options, .is_terminal = isatty(STDERR_FILENO) };
    text_init(&progress->question, QUESTION_MAX);
    if (options->is_json || options->is_long ||
        !progress_question(options->word_count, options->words, &progress->question) ||
        text_is_cut(&progress->question))
        text_clear(&progress->question);
}

void progress_tell(void *arg, uint64_t waited_us)
{
    struct progress *progress = arg;
    struct talk talk = { .path = progress->options->socket,
                         .timeout_us = ASK_US,
                         .line = text_slice(&progress->question),
                         .payload = -1 };
    unsigned long long seconds = waited_us / SECOND_US;
    char words[sizeof progress->last];
    struct text answer;

    if (progress->question.len == 0)
        return;
    text_init(&answer, ANSWER_MAX);
    if (talk_ask(&talk, &answer) == TALK_DONE &&
        progress_words(text_slice(&answer), words, sizeof words)) {
        if (progress->is_terminal)
            fprintf(stderr, "\r\033[K%llus: %.100s", seconds, words);
        else if (strcmp(words, progress->last) != 0)
            fprintf(stderr, "waiting, %llus: %s\n", seconds, words);
        progress->is_drawn = progress->is_terminal;
        snprintf(progress->last, sizeof progress->last, "%s", words);
        fflush(stderr);
    }
    text_fini(&answer);
}

void progress_fini(struct progress *progress)
{
    if (progress->is_drawn)
        fputs("\r\033[K", stderr);
    text_fini(&progress->question);
}
