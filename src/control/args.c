/* Options of commands: see args_priv.h. */
#include "control/args_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "base/slice.h"
#include "control/words_priv.h"

enum value_kind {
    VALUE_NONE,
    VALUE_WORD,
    VALUE_HEADER,
    VALUE_NUMBER,
    VALUE_DURATION,
    VALUE_SPAN,    /* a duration that is not 0 */
    VALUE_NAMED,   /* a word, kept with the name of the option */
    VALUE_REPEATED /* the same, and it may be given several times */
};

struct option {
    const char *name;
    enum args_option bit;
    enum value_kind kind;
    size_t at;  /* offset in struct args of the value; not with VALUE_NONE */
    size_t max; /* bytes of a word */
};

static const struct option options[] = {
    { "--to", ARGS_TO, VALUE_WORD, offsetof(struct args, to), 63 },
    { "--force", ARGS_FORCE, VALUE_NONE, 0, 0 },
    { "--reason", ARGS_REASON, VALUE_WORD, offsetof(struct args, reason), 255 },
    { "--note", ARGS_REASON, VALUE_WORD, offsetof(struct args, reason), 255 },
    { "--if-epoch", ARGS_IF_EPOCH, VALUE_NUMBER, offsetof(struct args, if_epoch), 0 },
    { "--timeout", ARGS_TIMEOUT, VALUE_DURATION, offsetof(struct args, timeout_us), 0 },
    { "--key", ARGS_KEY, VALUE_WORD, offsetof(struct args, key), 63 },
    { "--ttl", ARGS_TTL, VALUE_SPAN, offsetof(struct args, ttl_us), 0 },
    { "--wait", ARGS_WAIT, VALUE_NONE, 0, 0 },
    { "--as", ARGS_AS, VALUE_WORD, offsetof(struct args, as), 40 },
    { "--no-text", ARGS_NO_TEXT, VALUE_NONE, 0, 0 },
    { "--limit", ARGS_LIMIT, VALUE_NUMBER, offsetof(struct args, limit), 0 },
    { "--from", ARGS_FROM, VALUE_WORD, offsetof(struct args, from), 40 },
    { "--stats", ARGS_STATS, VALUE_NONE, 0, 0 },
    { "--newest", ARGS_NEWEST, VALUE_NONE, 0, 0 },
    { "--max", ARGS_LONGEST, VALUE_DURATION, offsetof(struct args, longest_us), 0 },
    { "--message", ARGS_MESSAGE, VALUE_WORD, offsetof(struct args, message), 255 },
    { "--host", ARGS_HOST, VALUE_WORD, offsetof(struct args, host), 300 },
    { "--path", ARGS_PATH, VALUE_WORD, offsetof(struct args, path), 8192 },
    { "--method", ARGS_METHOD, VALUE_WORD, offsetof(struct args, method), 64 },
    { "--header", ARGS_HEADER, VALUE_HEADER, 0, 8192 },
    { "--client-ip", ARGS_CLIENT_IP, VALUE_WORD, offsetof(struct args, client_ip), 63 },
    { "--listener", ARGS_LISTENER, VALUE_WORD, offsetof(struct args, listener), 63 },
    { "--emergency", ARGS_EMERGENCY, VALUE_NONE, 0, 0 },
    { "--compare", ARGS_COMPARE, VALUE_NONE, 0, 0 },
    { "--confirm-within", ARGS_CONFIRM, VALUE_SPAN, offsetof(struct args, confirm_us), 0 },
    { "--plan", ARGS_ROLLOUT, VALUE_NAMED, 0, 31 },
    { "--profile", ARGS_ROLLOUT, VALUE_NAMED, 0, 31 },
    { "--kind", ARGS_WHERE | ARGS_KIND, VALUE_NAMED, 0, 63 },
    { "--outcome", ARGS_WHERE, VALUE_NAMED, 0, 63 },
    { "--actor", ARGS_WHERE, VALUE_NAMED, 0, 95 },
    { "--trigger", ARGS_WHERE, VALUE_NAMED, 0, 31 },
    { "--since", ARGS_WHERE, VALUE_NAMED, 0, 40 },
    { "--until", ARGS_WHERE, VALUE_NAMED, 0, 40 },
    { "--with", ARGS_WITH, VALUE_REPEATED, 0, 120 },
    { "--share", ARGS_DRILL, VALUE_NAMED, 0, 20 },
    { "--synthetic", ARGS_DRILL, VALUE_NAMED, 0, 20 },
    { "--duration", ARGS_DRILL, VALUE_NAMED, 0, 20 },
    { "--assert", ARGS_DRILL, VALUE_REPEATED, 0, 120 },
    { "--token", ARGS_TOKEN, VALUE_NAMED, 0, 64 },
    { "--service", ARGS_SIGNALLED, VALUE_NAMED, 0, 63 },
    { "--rollout", ARGS_SIGNALLED, VALUE_NAMED, 0, 20 },
};
enum { OPTION_COUNT = sizeof options / sizeof options[0] };

/* The longest wait anybody may ask for: a client must not hold its place for good. */
static const uint64_t timeout_max_us = 24ull * 3600 * 1000000;

static const struct option *find_option(const char *name)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

static int say_unknown(struct args *args, const char *name, unsigned allowed)
{
    const char *names[OPTION_COUNT];
    const char *near = NULL;
    unsigned count = 0;

    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if ((options[i].bit & allowed) != 0)
            names[count++] = options[i].name;
    near = words_nearest(name, names, count);
    snprintf(args->problem, sizeof args->problem, "unknown option %.40s%s%s%s", name,
             near != NULL ? ", did you mean " : "", near != NULL ? near : "",
             near != NULL ? "?" : "");
    return ERR_INVALID;
}

static bool add_header(struct args *args, struct slice header, size_t max)
{
    if (args->header_count == ARGS_HEADERS_MAX || header.len == 0 || header.len > max)
        return false;
    args->headers[args->header_count++] = header.ptr;
    return true;
}

const char *args_named(const struct args *args, const char *name)
{
    for (unsigned i = 0; i < args->named_count; i++)
        if (strcmp(args->named[i].name, name) == 0)
            return args->named[i].value;
    return NULL;
}

static bool add_named(struct args *args, const struct option *option, struct slice value)
{
    if (args->named_count == ARGS_NAMED_MAX || value.len == 0 || value.len > option->max)
        return false;
    args->named[args->named_count++] =
        (struct args_named){ .name = option->name, .value = value.ptr };
    return true;
}

static bool is_given(const struct args *args, const struct option *option)
{
    if (option->kind == VALUE_NAMED)
        return args_named(args, option->name) != NULL;
    return (args->given & option->bit) != 0 && option->kind != VALUE_HEADER &&
           option->kind != VALUE_REPEATED;
}

/* Puts the value of an option where it belongs; false when it is not of the option's kind. */
static bool set_value(struct args *args, const struct option *option, const char *value)
{
    char *field = (char *)args + option->at;
    struct slice text = slice_from(value);

    switch (option->kind) {
    case VALUE_NONE: return true;
    case VALUE_WORD:
        memcpy(field, &value, sizeof value);
        return text.len > 0 && text.len <= option->max;
    case VALUE_HEADER: return add_header(args, text, option->max);
    case VALUE_REPEATED:
    case VALUE_NAMED: return add_named(args, option, text);
    case VALUE_NUMBER: return num_parse_u64(text, UINT64_MAX, (uint64_t *)(void *)field) == 0;
    case VALUE_DURATION:
    case VALUE_SPAN:
        return num_parse_duration(text, (uint64_t *)(void *)field) == 0 &&
               *(uint64_t *)(void *)field <= timeout_max_us &&
               (option->kind == VALUE_DURATION || *(uint64_t *)(void *)field > 0);
    }
    return false;
}

static const char *kind_words(enum value_kind kind)
{
    switch (kind) {
    case VALUE_NONE: return "nothing";
    case VALUE_REPEATED:
    case VALUE_NAMED:
    case VALUE_WORD: return "a text that is not empty and not too long";
    case VALUE_HEADER: return "\"Name: value\", at most 24 of them";
    case VALUE_NUMBER: return "a whole number";
    case VALUE_DURATION: return "a duration such as 500ms, 30s or 5m, at most 24h";
    case VALUE_SPAN: return "a duration such as 500ms, 30s or 5m, at most 24h and not 0";
    }
    return "";
}

bool args_shape_at(unsigned index, struct args_shape *out)
{
    const struct option *option = index < OPTION_COUNT ? &options[index] : NULL;

    if (option == NULL)
        return false;
    *out = (struct args_shape){
        .name = option->name,
        .bit = option->bit,
        .words = kind_words(option->kind),
        .is_flag = option->kind == VALUE_NONE,
        .is_number = option->kind == VALUE_NUMBER,
        .is_repeated = option->kind == VALUE_HEADER || option->kind == VALUE_REPEATED,
    };
    return true;
}

/* The option that a word names, before its '=' if it has one; NULL: none that is allowed. */
static const struct option *match_option(struct args *args, const char *word, unsigned allowed)
{
    size_t len = strcspn(word, "=");
    const struct option *option = NULL;
    char name[24];

    if (slice_copy(slice_of(word, len), name, sizeof name))
        option = find_option(name);
    if (option != NULL && (option->bit & allowed) != 0)
        return option;
    (void)say_unknown(args, option != NULL ? name : word, allowed);
    return NULL;
}

/* Takes the option at words[0] and its value, which may be words[1]; how many words it took, 0: problem says why
 * none. */
static unsigned take_option(struct args *args, char *const *words, unsigned count, unsigned allowed)
{
    const struct option *option = match_option(args, words[0], allowed);
    const char *equals = strchr(words[0], '=');
    const char *value = equals != NULL ? equals + 1 : NULL;
    unsigned taken = 1;

    if (option == NULL)
        return 0;
    if (is_given(args, option)) {
        snprintf(args->problem, sizeof args->problem, "option %s is given twice", option->name);
        return 0;
    }
    args->given |= option->bit & allowed;
    if (option->kind != VALUE_NONE && value == NULL && count > 1) {
        value = words[1];
        taken = 2;
    }
    if ((option->kind == VALUE_NONE) == (value == NULL) && set_value(args, option, value))
        return taken;
    snprintf(args->problem, sizeof args->problem, "option %s takes %s", option->name,
             kind_words(option->kind));
    return 0;
}

int args_parse(char *const *words, unsigned count, unsigned allowed, struct args *out)
{
    bool is_plain = false; /* behind "--" */
    unsigned taken = 1;

    *out = (struct args){ .timeout_us = ARGS_DEFAULT_TIMEOUT_S * 1000000ull };
    for (unsigned i = 0; i < count; i += taken) {
        taken = 1;
        if (!is_plain && strcmp(words[i], "--") == 0) {
            is_plain = true;
        } else if (!is_plain && strncmp(words[i], "--", 2) == 0) {
            taken = take_option(out, words + i, count - i, allowed);
            if (taken == 0)
                return ERR_INVALID;
        } else if (out->count == ARGS_MAX) {
            snprintf(out->problem, sizeof out->problem, "too many words");
            return ERR_INVALID;
        } else {
            out->words[out->count++] = words[i];
        }
    }
    return 0;
}

static bool is_name(struct slice text, size_t max)
{
    if (text.len == 0 || text.len > max || text.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (isspace((unsigned char)text.ptr[i]) || iscntrl((unsigned char)text.ptr[i]))
            return false;
    return true;
}

bool args_is_name(const char *text)
{
    return is_name(slice_from(text), 63) && strchr(text, '/') == NULL;
}

int args_parse_path(const char *text, struct args_path *out)
{
    struct slice rest = slice_from(text);
    const char *slash = memchr(rest.ptr, '/', rest.len);
    struct slice parts[3] = { rest };
    unsigned depth = 1;

    for (; slash != NULL && depth < 3; depth++) {
        struct slice *last = &parts[depth - 1];

        parts[depth] = slice_of(slash + 1, (size_t)(last->ptr + last->len - slash - 1));
        last->len = (size_t)(slash - last->ptr);
        slash = memchr(parts[depth].ptr, '/', parts[depth].len); /* a target may be a path */
    }
    *out = (struct args_path){ .depth = depth };
    for (unsigned i = 0; i < depth; i++)
        if (!is_name(parts[i], i < 2 ? 63 : 135))
            return ERR_INVALID;
    if (!slice_copy(parts[0], out->name, sizeof out->name) ||
        !slice_copy(parts[1], out->slot, sizeof out->slot) ||
        !slice_copy(parts[2], out->target, sizeof out->target))
        return ERR_INVALID;
    return 0;
}
