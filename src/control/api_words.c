/* Requests as commands: see api_words_priv.h. */
#include "control/api_words_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "control/api_route_priv.h"
#include "control/command_priv.h"
#include "control/words_priv.h"

enum { QUERY_NAME_SIZE = 64, QUERY_VALUE_SIZE = 4096, QUERY_MEMBERS_MAX = 64 };

static int fail(struct api_words *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int fail(struct api_words *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(out->problem, sizeof out->problem, format, args);
    va_end(args);
    return ERR_INVALID;
}

/* Takes the word. */
static int add_word(struct api_words *out, char *word)
{
    if (out->count == API_WORDS_MAX || !words_is_clean(word, strlen(word)) ||
        strchr(word, '\t') != NULL) {
        free(word);
        return fail(out, out->count == API_WORDS_MAX ? "too many words"
                                                     : "a value has control bytes or is no UTF-8");
    }
    out->words[out->count++] = word;
    return 0;
}

void api_words_fini(struct api_words *words)
{
    for (unsigned i = 0; i < words->count; i++)
        free(words->words[i]);
    words->count = 0;
}

/* A text or number as a word would have it; NULL: it is neither. */
static char *text_of(const cJSON *value)
{
    if (cJSON_IsString(value))
        return mem_text(value->valuestring);
    if (cJSON_IsBool(value))
        return mem_text(cJSON_IsTrue(value) ? "true" : "false");
    if (cJSON_IsNumber(value))
        return mem_format("%.15g", value->valuedouble);
    return NULL;
}

static const cJSON *find_member(const cJSON *members, struct slice name)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member,
                       members) if (member->string != NULL &&
                                    slice_is_equal(slice_from(member->string), name)) return member;
    return NULL;
}

static bool is_true(const cJSON *member)
{
    return cJSON_IsTrue(member) ||
           (cJSON_IsString(member) &&
            (strcmp(member->valuestring, "true") == 0 || strcmp(member->valuestring, "1") == 0 ||
             member->valuestring[0] == '\0'));
}

/* {x*}: as many words as it has. */
static int add_many(struct api_words *out, const cJSON *member)
{
    const cJSON *item = NULL;

    if (cJSON_IsString(member)) {
        struct slice rest = slice_from(member->valuestring);
        struct slice part = { NULL, 0 };

        while (slice_next(&rest, ' ', &part))
            if (part.len > 0 && add_word(out, mem_text_of(part.ptr, part.len)) < 0)
                return ERR_INVALID;
        return 0;
    }
    cJSON_ArrayForEach(item, member)
    {
        char *text = text_of(item);
        char *word = text;

        if (text == NULL)
            return fail(out, "\"%.60s\" takes texts and numbers", member->string);
        if (cJSON_IsObject(member)) {
            word = mem_format("%s=%s", item->string, text);
            free(text);
        }
        if (add_word(out, word) < 0)
            return ERR_INVALID;
    }
    return 0;
}

/* What stands for {name} in a word, to be freed; NULL: nothing does. */
static char *value_of(const struct api_words_input *input, struct slice name)
{
    const char *param = api_route_param(input->exchange, name);
    const cJSON *member = find_member(input->members, name);

    if (param != NULL)
        return mem_text(param);
    if (member != NULL)
        return text_of(member);
    if (slice_is_equal(name, SLICE("service")) && input->only_service != NULL)
        return mem_text(input->only_service);
    return NULL;
}

/* One word of the template; what it names is put in place. */
static int add_filled(struct api_words *out, const struct api_words_input *input,
                      struct slice template)
{
    struct text word;
    char copy[128];
    const char *at = copy;
    const char *from = copy;
    struct slice name = { NULL, 0 };
    char kind = '\0';
    int err = 0;

    CHECK(slice_copy(template, copy, sizeof copy));
    text_init(&word, 8192);
    while (err == 0 && api_route_next_name(&at, &name, &kind)) {
        const cJSON *member = find_member(input->members, name);
        char *value = kind == '\0' || kind == '?' ? value_of(input, name) : NULL;

        text_add_slice(&word, slice_of(from, (size_t)(name.ptr - 1 - from)));
        from = at;
        if (value != NULL)
            text_add(&word, value);
        else if (kind == '!' && is_true(member))
            text_add_slice(&word, name);
        else if (kind == '*' && member != NULL)
            err = add_many(out, member);
        else if (kind == '\0')
            err = fail(out, "\"%.*s\" is missing, or is no text", SLICE_ARG(name));
        if (value == NULL && err == 0 && (kind != '!' || !is_true(member)))
            err = ERR_NOT_FOUND; /* no word */
        free(value);
    }
    text_add(&word, from);
    if (err == 0)
        err = text_is_cut(&word) ? fail(out, "a value is too long")
                                 : add_word(out, mem_text(word.len > 0 ? word.bytes : ""));
    text_fini(&word);
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int add_template(struct api_words *out, const struct api_words_input *input)
{
    struct slice rest = slice_from(input->words);
    struct slice word = { NULL, 0 };

    while (slice_next(&rest, ' ', &word))
        if (word.len > 0 && add_filled(out, input, word) < 0)
            return ERR_INVALID;
    return 0;
}

static bool is_of_words(const char *words, const char *member)
{
    struct slice name = { NULL, 0 };
    char kind = '\0';

    while (api_route_next_name(&words, &name, &kind))
        if (slice_is_equal(name, slice_from(member)))
            return true;
    return false;
}

/* "confirm_within" is the option --confirm-within; false: no member is called so. */
static bool find_option(const char *member, struct args_shape *shape)
{
    char name[32] = "--";
    size_t len = strlen(member);

    if (len == 0 || len > sizeof name - 3 || strspn(member, "abcdefghijklmnopqrstuvwxyz_") != len)
        return false;
    for (size_t i = 0; i <= len; i++)
        name[2 + i] = member[i] == '_' ? '-' : member[i];
    for (unsigned i = 0; args_shape_at(i, shape); i++)
        if (strcmp(shape->name, name) == 0)
            return true;
    return false;
}

static int add_option(struct api_words *out, const struct args_shape *shape, const cJSON *value)
{
    char *text = NULL;
    char *word = NULL;

    if (shape->is_flag) {
        if (is_true(value))
            return add_word(out, mem_text(shape->name));
        if (cJSON_IsFalse(value) ||
            (cJSON_IsString(value) && strcmp(value->valuestring, "false") == 0))
            return 0;
        return fail(out, "\"%s\" is true or false", value->string);
    }
    text = text_of(value);
    if (text == NULL)
        return fail(out, "%s takes a text or a number", shape->name);
    word = mem_format("%s=%s", shape->name, text);
    free(text);
    return add_word(out, word);
}

static int add_member(struct api_words *out, const struct command *command, const cJSON *member)
{
    struct args_shape shape;
    const cJSON *item = NULL;

    if (!find_option(member->string, &shape) || (shape.bit & (command->options | ARGS_EVERY)) == 0)
        return fail(out, "\"%s\" takes no \"%.60s\"", command->name, member->string);
    if (!cJSON_IsArray(member))
        return add_option(out, &shape, member);
    if (!shape.is_repeated)
        return fail(out, "\"%.60s\" is one value, no list", member->string);
    cJSON_ArrayForEach(item, member) if (add_option(out, &shape, item) < 0) return ERR_INVALID;
    return 0;
}

/* The members that are options; of a command that takes lines "lines" is none. */
static int add_members(struct api_words *out, const struct api_words_input *input)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, input->members)
    {
        if (is_of_words(input->words, member->string))
            continue;
        if (input->command->effect == COMMAND_LOADS && strcmp(member->string, "lines") == 0) {
            if (!cJSON_IsString(member))
                return fail(out, "\"lines\" is one text");
            out->lines = member->valuestring;
        } else if (add_member(out, input->command, member) < 0) {
            return ERR_INVALID;
        }
    }
    if (input->command->effect == COMMAND_LOADS && out->lines == NULL)
        return fail(out, "\"lines\" is missing: the lines of the command as one text");
    return 0;
}

bool api_words_if_match(const struct head *head, bool *has, uint64_t *epoch)
{
    struct slice value = head_value(head, SLICE("If-Match"));

    *has = false;
    if (value.ptr == NULL || slice_is_equal(value, SLICE("*")))
        return true;
    *has = true;
    return value.len > 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"' &&
           num_parse_u64(slice_of(value.ptr + 1, value.len - 2), UINT64_MAX, epoch) == 0;
}

/* The value of a field as an option that the body has not given already. */
static int add_field(struct api_words *out, const struct api_words_input *input, const char *field,
                     const char *option)
{
    struct slice value = head_value(&input->exchange->head, slice_from(field));

    if (value.ptr == NULL || find_member(input->members, slice_from(option)) != NULL)
        return 0;
    return add_word(out, mem_format("--%s=%.*s", option, SLICE_ARG(value)));
}

static int add_fields(struct api_words *out, const struct api_words_input *input)
{
    const struct head *head = &input->exchange->head;
    unsigned options = input->command->options;
    uint64_t epoch = 0;
    bool has = false;

    if (input->exchange->head.method != METHOD_POST)
        return 0;
    if (!api_words_if_match(head, &has, &epoch))
        return fail(out, "If-Match is an epoch in quotes, such as \"42\"");
    if (has && (options & ARGS_IF_EPOCH) != 0 &&
        find_member(input->members, SLICE("if_epoch")) == NULL &&
        add_word(out, mem_format("--if-epoch=%" PRIu64, epoch)) < 0)
        return ERR_INVALID;
    if ((options & ARGS_REASON) != 0 && add_field(out, input, "X-Reason", "reason") < 0)
        return ERR_INVALID;
    if (head_value(head, SLICE("Idempotency-Key")).ptr == NULL ||
        input->command->effect == COMMAND_READS)
        return 0;
    if ((options & ARGS_KEY) == 0)
        return fail(out, "\"%s\" takes no Idempotency-Key: leave it out", input->command->name);
    return add_field(out, input, "Idempotency-Key", "key");
}

static int add_name(struct api_words *out, const char *name)
{
    struct slice rest = slice_from(name);
    struct slice part = { NULL, 0 };

    while (slice_next(&rest, ' ', &part))
        if (add_word(out, mem_text_of(part.ptr, part.len)) < 0)
            return ERR_INVALID;
    return 0;
}

/* Words that came from outside must be no options, and make no other command of the first ones. */
static bool is_ambiguous(const struct api_words *out, const struct command *command, unsigned first)
{
    const char *nearest = NULL;
    unsigned taken = 0;

    for (unsigned i = first; i < out->count; i++)
        if (out->words[i][0] == '-')
            return true;
    return command_lookup(out->words, out->count, &taken, &nearest) != command;
}

static int add_mark(struct api_words *out, unsigned first)
{
    if (add_word(out, mem_text("--")) < 0)
        return ERR_INVALID;
    for (unsigned i = out->count - 1; i > first; i--) {
        char *word = out->words[i];

        out->words[i] = out->words[i - 1];
        out->words[i - 1] = word;
    }
    return 0;
}

/* What null was meant to say nobody knows, and a wrong guess moves traffic: whoever means nothing leaves it out. */
static int check_nulls(struct api_words *out, const cJSON *members)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, members) if (cJSON_IsNull(member)) return fail(
        out, "\"%.60s\" is null: give it a value, or leave it out", member->string);
    return 0;
}

static int add_all(struct api_words *out, const struct api_words_input *input)
{
    unsigned first = 0;

    if (check_nulls(out, input->members) < 0 || add_name(out, input->command->name) < 0 ||
        add_fields(out, input) < 0 || add_members(out, input) < 0)
        return ERR_INVALID;
    first = out->count;
    if (add_template(out, input) < 0)
        return ERR_INVALID;
    return is_ambiguous(out, input->command, first) ? add_mark(out, first) : 0;
}

int api_words_build(const struct api_words_input *input, struct api_words *out)
{
    *out = (struct api_words){ .count = 0 };
    return add_all(out, input);
}

/* The command that the body names, and its members. NULL: out->problem says why not. */
static const struct command *read_any(const cJSON *body, const cJSON **members,
                                      struct api_words *out)
{
    static const char *const known[] = { "command", "args" };
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(body, "command");
    const cJSON *args = cJSON_GetObjectItemCaseSensitive(body, "args");
    const cJSON *member = NULL;
    const struct command *command = NULL;

    cJSON_ArrayForEach(member, body) if (strcmp(member->string, known[0]) != 0 &&
                                         strcmp(member->string, known[1]) != 0)
    {
        (void)fail(out, "unknown member \"%.60s\": there are command and args", member->string);
        return NULL;
    }
    if (cJSON_IsString(name))
        command = command_find(name->valuestring);
    if (command == NULL || api_route_is_of_socket(command->name)) {
        (void)fail(out, "\"command\" is no name of a command: GET /v1/help lists them");
        return NULL;
    }
    if (args != NULL && !cJSON_IsObject(args)) {
        (void)fail(out, "\"args\" is an object: words, and options by their names");
        return NULL;
    }
    *members = args;
    return command;
}

int api_words_build_any(const struct api_exchange *exchange, const cJSON *body,
                        struct api_words *out)
{
    struct api_words_input input = { .exchange = exchange, .words = "{words*}" };

    *out = (struct api_words){ .count = 0 };
    input.command = read_any(body, &input.members, out);
    return input.command != NULL ? add_all(out, &input) : ERR_INVALID;
}

int api_words_build_plan(const struct api_exchange *exchange, const cJSON *body,
                         struct api_words *out)
{
    struct api_words_input input = { .exchange = exchange, .words = "{words*}" };
    const struct command *planned = NULL;

    *out = (struct api_words){ .count = 0 };
    planned = read_any(body, &input.members, out);
    if (planned == NULL)
        return ERR_INVALID;
    input.command = command_find("plan");
    if (check_nulls(out, input.members) < 0 || add_name(out, input.command->name) < 0 ||
        add_name(out, planned->name) < 0 || add_fields(out, &input) < 0 ||
        add_members(out, &input) < 0 || add_word(out, mem_text("--")) < 0)
        return ERR_INVALID;
    return add_many(out, find_member(input.members, SLICE("words")));
}

static bool add_pair(cJSON *object, const char *name, const char *value)
{
    cJSON *before = cJSON_GetObjectItemCaseSensitive(object, name);
    cJSON *text = cJSON_CreateString(value);

    CHECK(text != NULL);
    if (before == NULL)
        return cJSON_AddItemToObject(object, name, text);
    if (!cJSON_IsArray(before)) {
        cJSON *list = cJSON_CreateArray();

        CHECK(list != NULL);
        CHECK(cJSON_AddItemToArray(list, cJSON_CreateString(before->valuestring)));
        CHECK(cJSON_ReplaceItemInObjectCaseSensitive(object, name, list));
        before = list;
    }
    return cJSON_AddItemToArray(before, text);
}

cJSON *api_words_query(struct slice query)
{
    cJSON *object = cJSON_CreateObject();
    struct slice rest = query;
    struct slice pair = { NULL, 0 };
    unsigned count = 0;

    CHECK(object != NULL);
    while (query.len > 0 && slice_next(&rest, '&', &pair)) {
        char name[QUERY_NAME_SIZE];
        char value[QUERY_VALUE_SIZE];
        struct slice key = { NULL, 0 };

        if (pair.len == 0)
            continue;
        slice_next(&pair, '=', &key);
        if (pair.ptr == NULL)
            pair = slice_of("", 0);
        if (++count > QUERY_MEMBERS_MAX || !api_route_decode(key, name, sizeof name) ||
            !api_route_decode(pair, value, sizeof value) || !add_pair(object, name, value)) {
            cJSON_Delete(object);
            return NULL;
        }
    }
    return object;
}
