/* Header fields in values: see option_field_priv.h. */
#include "config/option_field_priv.h"

#include "base/err.h"
#include "base/mem.h"
#include "config/option_word_priv.h"

#define NAME_MAX_BYTES 256
#define RULE_MAX_BYTES 4096

#define COUNT(items)   (sizeof(items) / sizeof(items)[0])

static const char *const of_the_hop[] = {
    "Connection",     "Keep-Alive",     "Proxy-Connection",  "TE", "Trailer", "Upgrade",
    "HTTP2-Settings", "Content-Length", "Transfer-Encoding",
};

static const char *const of_requests[] = { "Host", "Expect", "Max-Forwards", "Via",
                                           "X-Request-Id" };

static const char *const of_responses[] = { "Date" };

static bool is_among(struct slice name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is_equal_nocase(name, slice_from(names[i])))
            return true;
    return false;
}

static bool has_prefix(struct slice name, struct slice prefix)
{
    return name.len >= prefix.len && slice_is_equal_nocase(slice_of(name.ptr, prefix.len), prefix);
}

static bool is_ours(struct slice name, bool is_response)
{
    if (is_among(name, of_the_hop, COUNT(of_the_hop)) || has_prefix(name, SLICE("X-Switchyard-")))
        return true;
    if (is_response)
        return is_among(name, of_responses, COUNT(of_responses));
    return is_among(name, of_requests, COUNT(of_requests)) ||
           has_prefix(name, SLICE("X-Forwarded-")) || has_prefix(name, SLICE("X-SSL-Client-"));
}

static int check_name(struct slice name, bool is_response, struct text *why)
{
    if (name.len > NAME_MAX_BYTES || !option_word_is_token(name)) {
        text_add_format(why, "'%.*s' is no name of a header field", SLICE_ARG(name));
        return ERR_INVALID;
    }
    if (is_ours(name, is_response)) {
        text_add_format(why,
                        "'%.*s' cannot be changed: it is needed or written on the way; "
                        "remove it",
                        SLICE_ARG(name));
        return ERR_INVALID;
    }
    return ERR_OK;
}

int option_field_parse_rule(struct slice text, bool is_response, char **out, struct text *why)
{
    struct slice value = text;
    struct slice name = { NULL, 0 };
    int err = ERR_OK;

    slice_next(&value, ':', &name);
    if (value.ptr == NULL || !option_word_is_printable(slice_trim(value)) ||
        text.len > RULE_MAX_BYTES) {
        text_add_format(why, "'%.80s' is no header field; write \"Name: value\" in plain ASCII",
                        text.ptr);
        return ERR_INVALID;
    }
    err = check_name(name, is_response, why);
    if (err != ERR_OK)
        return err;
    value = slice_trim(value);
    *out = mem_format("%.*s: %.*s", SLICE_ARG(name), SLICE_ARG(value));
    return ERR_OK;
}

int option_field_parse_name(struct slice text, bool is_response, char **out, struct text *why)
{
    int err = check_name(text, is_response, why);

    if (err == ERR_OK)
        *out = mem_text_of(text.ptr, text.len);
    return err;
}

const char *option_field_judge_name(struct slice name)
{
    if (!option_word_is_token(name))
        return "is no name of a header field";
    if (is_among(name, of_the_hop, COUNT(of_the_hop)) ||
        is_among(name, of_requests, COUNT(of_requests)) ||
        has_prefix(name, SLICE("X-Forwarded-")) ||
        slice_is_equal_nocase(name, SLICE("X-Switchyard-Epoch")))
        return "has a meaning of its own; choose another header field";
    return NULL;
}
