/* Grammars of words in values: see option_word_priv.h. */
#include "config/option_word_priv.h"

#include <string.h>
#include <strings.h>

#include "base/assertion.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

bool option_word_is_token(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL)
            return false;
    }
    return s.len > 0;
}

bool option_word_is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || (unsigned char)s.ptr[i] >= 0x7f)
            return false;
    return s.len == 0 || (s.ptr[0] != ' ' && s.ptr[s.len - 1] != ' ');
}

static char *copy_lower(struct slice text)
{
    char *copy = mem_text_of(text.ptr, text.len);

    for (char *at = copy; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return copy;
}

/* A host is what could stand before ":80". */
static bool is_host(struct slice text, bool *is_name)
{
    char whole[300];
    struct endpoint endpoint;
    struct slice port = SLICE(":80");

    if (text.len == 0 || text.len > 260 || slice_starts_with(text, SLICE("unix:")))
        return false;
    memcpy(whole, text.ptr, text.len);
    memcpy(whole + text.len, port.ptr, port.len);
    if (address_parse_endpoint(slice_of(whole, text.len + port.len), &endpoint) != ERR_OK)
        return false;
    *is_name = endpoint.is_name;
    return true;
}

int option_word_host(struct slice text, char **out, struct text *why)
{
    bool is_wildcard = slice_starts_with(text, SLICE("*."));
    bool is_name = false;
    struct endpoint endpoint;

    if (is_host(is_wildcard ? slice_of(text.ptr + 2, text.len - 2) : text, &is_name) &&
        (is_name || !is_wildcard)) {
        *out = copy_lower(text);
        return ERR_OK;
    }
    if (slice_is_equal(text, SLICE("*")))
        text_add(why, "'*' is no host; leave out hosts to serve every host");
    else if (address_parse_endpoint(text, &endpoint) == ERR_OK && !endpoint.is_unix)
        text_add_format(why, "'%s' has a port; hosts are matched without it", text.ptr);
    else if (memmem(text.ptr, text.len, "://", 3) != NULL)
        text_add_format(why, "'%s' is a URL; write the host only", text.ptr);
    else
        text_add_format(why,
                        "'%s' is no host; write \"shop.example.com\", \"*.example.com\", "
                        "\"10.0.0.1\" or \"[::1]\"",
                        text.ptr);
    return ERR_INVALID;
}

int option_word_path(struct slice text, char **out, struct text *why)
{
    bool is_plain = text.len > 0 && text.len <= 1024 && text.ptr[0] == '/';

    for (size_t i = 0; i < text.len && is_plain; i++)
        is_plain = (unsigned char)text.ptr[i] > 0x20 && (unsigned char)text.ptr[i] < 0x7f &&
                   text.ptr[i] != '#';
    if (!is_plain) {
        text_add_format(why,
                        "'%s' is no path; it starts with '/', has no spaces, no '#' and at most "
                        "1024 bytes",
                        text.ptr);
        return ERR_INVALID;
    }
    *out = mem_text_of(text.ptr, text.len);
    return ERR_OK;
}

int option_word_prefix(struct slice text, char **out, struct text *why)
{
    if (text.len > 0 && memchr(text.ptr, '?', text.len) != NULL) {
        text_add_format(why, "'%s' has a '?'; paths are matched without the query", text.ptr);
        return ERR_INVALID;
    }
    return option_word_path(text, out, why);
}

/* What may stand in a Host field: a host, with a port or without. Nothing: NULL. */
int option_word_authority(struct slice text, char **out, struct text *why)
{
    struct endpoint endpoint;
    bool is_name = false;

    *out = NULL;
    if (text.len == 0)
        return ERR_OK;
    if (!is_host(text, &is_name) &&
        (address_parse_endpoint(text, &endpoint) != ERR_OK || endpoint.is_unix)) {
        text_add_format(why, "'%s' is no host; write \"shop.example.com\" or \"10.0.0.1:80\"",
                        text.ptr);
        return ERR_INVALID;
    }
    *out = mem_text_of(text.ptr, text.len);
    return ERR_OK;
}

int option_word_alpn(struct slice text, char **out, struct text *why)
{
    if (slice_is_equal(text, SLICE("http/1.1"))) {
        *out = mem_text_of(text.ptr, text.len);
        return ERR_OK;
    }
    if (slice_is_equal(text, SLICE("h2")))
        text_add(why, "'h2' cannot be offered: this version does not speak HTTP/2 to clients; "
                      "remove it");
    else
        text_add_format(why, "'%s' is no protocol that is spoken here; write \"http/1.1\"",
                        text.ptr);
    return ERR_INVALID;
}

int option_word_header(struct slice text, char **out, struct text *why)
{
    static const char *const own[] = { "host", "content-length", "transfer-encoding",
                                       "connection" };
    struct slice rest = text;
    struct slice name = { NULL, 0 };
    bool is_field = slice_next(&rest, ':', &name) && rest.ptr != NULL && option_word_is_token(name);

    if (!is_field || !option_word_is_printable(slice_trim(rest))) {
        text_add_format(why, "'%s' is no header field; write \"Name: value\"", text.ptr);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (!slice_is_equal_nocase(name, slice_from(own[i])))
            continue;
        text_add_format(why, "'%s' is set by the probe itself%s", own[i],
                        i == 0 ? "; use the option host" : "; remove it");
        return ERR_INVALID;
    }
    rest = slice_trim(rest);
    *out = mem_format("%.*s: %.*s", SLICE_ARG(name), SLICE_ARG(rest));
    return ERR_OK;
}

#define TARGET_OPTIONS 4 /* weight, proxy, max, max_connections */
#define TARGET_MOST    1000000u

static void explain_endpoint(struct slice text, int err, struct text *why)
{
    if (err == ERR_RANGE) {
        text_add_format(why, "'%.*s': ports go to 65535, paths of sockets to 107 bytes",
                        SLICE_ARG(text));
        return;
    }
    text_add_format(why,
                    "'%.*s' is no address; write \"10.0.0.1:5000\", \"[::1]:5000\", "
                    "\"name:5000\" or \"unix:/path\"",
                    SLICE_ARG(text));
}

static int parse_target_option(struct slice word, struct config_target *target, struct text *why)
{
    struct slice value = word;
    struct slice key = { NULL, 0 };
    uint64_t number = 0;

    slice_next(&value, '=', &key);
    if (slice_is_equal(key, SLICE("weight"))) {
        if (value.ptr != NULL && num_parse_u64(value, 1000, &number) == ERR_OK && number > 0) {
            target->weight = (uint16_t)number;
            return ERR_OK;
        }
        text_add_format(why, "'%.*s': a weight is 1 to 1000", SLICE_ARG(word));
        return ERR_RANGE;
    }
    if (slice_is_equal(key, SLICE("max")) || slice_is_equal(key, SLICE("max_connections"))) {
        if (value.ptr != NULL && num_parse_u64(value, TARGET_MOST, &number) == ERR_OK &&
            number > 0) {
            *(key.len == 3 ? &target->max_requests : &target->max_connections) = (uint32_t)number;
            return ERR_OK;
        }
        text_add_format(why, "'%.*s': %.*s is 1 to %u", SLICE_ARG(word), SLICE_ARG(key),
                        TARGET_MOST);
        return ERR_RANGE;
    }
    if (slice_is_equal(key, SLICE("proxy"))) {
        if (slice_is_equal(value, SLICE("v1")) || slice_is_equal(value, SLICE("v2"))) {
            target->proxy_protocol = (uint8_t)(value.ptr[1] - '0');
            return ERR_OK;
        }
        text_add_format(why, "'%.*s': proxy is v1 or v2", SLICE_ARG(word));
        return ERR_INVALID;
    }
    text_add_format(why,
                    "unknown '%.*s' behind the address; it takes weight=N, proxy=v1 or v2, max=N "
                    "and max_connections=N",
                    SLICE_ARG(word));
    return ERR_INVALID;
}

static int parse_target_options(struct slice rest, struct config_target *target, struct text *why)
{
    struct slice seen[TARGET_OPTIONS];
    struct slice word = { NULL, 0 };
    size_t count = 0;

    while (slice_next(&rest, ' ', &word)) {
        struct slice value = word;
        struct slice key = { NULL, 0 };
        int err = ERR_OK;

        if (word.len == 0)
            continue;
        err = parse_target_option(word, target, why);
        if (err != ERR_OK)
            return err;
        slice_next(&value, '=', &key);
        for (size_t i = 0; i < count; i++)
            if (slice_is_equal(seen[i], key)) {
                text_add_format(why, "'%.*s': this is given twice", SLICE_ARG(word));
                return ERR_INVALID;
            }
        seen[count++] = key; /* each is known and new, so there is room */
    }
    return ERR_OK;
}

int option_word_target(struct slice text, struct config_target *out, struct text *why)
{
    struct config_target target = { .weight = 1 };
    struct slice rest = slice_trim(text);
    struct slice where = { NULL, 0 };
    int err = ERR_OK;

    slice_next(&rest, ' ', &where);
    err = address_parse_endpoint(where, &target.endpoint);
    if (err != ERR_OK) {
        explain_endpoint(where, err, why);
        return err;
    }
    if (!target.endpoint.is_unix && target.endpoint.port == 0) {
        text_add_format(why, "'%.*s': a target needs a port from 1 to 65535", SLICE_ARG(where));
        return ERR_RANGE;
    }
    err = parse_target_options(rest, &target, why);
    if (err != ERR_OK)
        return err;
    target.text = mem_text_of(where.ptr, where.len);
    *out = target;
    return ERR_OK;
}

int option_word_status(struct slice text, struct config_status_range *out, struct text *why)
{
    struct slice rest = text;
    struct slice first = { NULL, 0 };
    uint64_t from = 0;
    uint64_t to = 0;

    if (text.len == 3 && text.ptr[0] >= '1' && text.ptr[0] <= '5' &&
        slice_is_equal_nocase(slice_of(text.ptr + 1, 2), SLICE("xx"))) {
        from = (uint64_t)(text.ptr[0] - '0') * 100;
        to = from + 99;
    } else if (!slice_next(&rest, '-', &first) || num_parse_u64(first, 599, &from) != ERR_OK ||
               num_parse_u64(rest.ptr != NULL ? rest : first, 599, &to) != ERR_OK || from < 100 ||
               to < from) {
        text_add_format(why, "'%s' is no status; write \"2xx\", \"204\" or \"200-299\"", text.ptr);
        return ERR_INVALID;
    }
    *out = (struct config_status_range){ (uint16_t)from, (uint16_t)to };
    return ERR_OK;
}

/* "12.5%": at most two decimals. */
int option_word_share(struct slice text, uint32_t *out, struct text *why)
{
    struct slice cents = { NULL, 0 };
    struct slice whole = { NULL, 0 };
    uint64_t value = 0;
    uint64_t rest = 0;

    if (text.len > 1 && text.ptr[text.len - 1] == '%') {
        cents = slice_of(text.ptr, text.len - 1);
        slice_next(&cents, '.', &whole);
    }
    if (whole.len == 0 || num_parse_u64(whole, 100, &value) != ERR_OK ||
        (cents.ptr != NULL && (cents.len > 2 || num_parse_u64(cents, 99, &rest) != ERR_OK))) {
        text_add_format(why, "'%s' is no share; write \"5%%\" or \"0.25%%\", 0.01%% to 100%%",
                        text.ptr);
        return ERR_INVALID;
    }
    value = value * 100 + (cents.len == 1 ? rest * 10 : rest);
    if (value == 0 || value > 10000) {
        text_add_format(why, "'%s' is out of range; 0.01%% to 100%%", text.ptr);
        return ERR_RANGE;
    }
    *out = (uint32_t)value;
    return ERR_OK;
}

int option_word_assertion(struct slice text, char **out, struct text *why)
{
    struct assertion assertion;
    const char *words = NULL;
    int err = assertion_parse(text, &assertion, &words);

    if (err != 0) {
        text_add_format(why,
                        "'%s' is no assertion: %s; write \"status=healthy\", "
                        "\"environment=$slot\", \"uptime>=10\" or \"checks.queue?\"",
                        text.ptr, words);
        return err;
    }
    *out = mem_text_of(text.ptr, text.len);
    return ERR_OK;
}

int option_word_json_path(struct slice text, char **out, struct text *why)
{
    const char *words = NULL;
    int err = assertion_check_path(text, &words);

    if (err != 0) {
        text_add_format(why,
                        "'%s' is no path into JSON: %s; write \"database\", "
                        "\"checks.queue.depth\" or \"pools[0].active\"",
                        text.ptr, words);
        return err;
    }
    *out = mem_text_of(text.ptr, text.len);
    return ERR_OK;
}

int option_word_hash(struct slice text, struct config_hash *out, struct text *why)
{
    struct slice name = text;
    struct slice kind = { NULL, 0 };

    if (slice_is_equal(text, SLICE("client-ip"))) {
        *out = (struct config_hash){ .kind = CONFIG_HASH_CLIENT_IP };
        return ERR_OK;
    }
    slice_next(&name, ':', &kind);
    if ((slice_is_equal(kind, SLICE("header")) || slice_is_equal(kind, SLICE("cookie"))) &&
        name.len <= 128 && option_word_is_token(name)) {
        out->kind = kind.ptr[0] == 'h' ? CONFIG_HASH_HEADER : CONFIG_HASH_COOKIE;
        out->name = mem_text_of(name.ptr, name.len);
        return ERR_OK;
    }
    text_add_format(why, "'%s': write \"header:NAME\", \"cookie:NAME\" or \"client-ip\"", text.ptr);
    return ERR_INVALID;
}

int option_word_bind(struct slice text, struct config_bind *out, struct text *why)
{
    struct config_bind bind = { .text = NULL };
    int err = address_parse_endpoint(text, &bind.endpoint);

    if (err != ERR_OK && slice_starts_with(text, SLICE("*:"))) {
        text_add_format(why, "'%s': write \"0.0.0.0%s\" or \"[::]%s\"", text.ptr, text.ptr + 1,
                        text.ptr + 1);
    } else if (err != ERR_OK) {
        explain_endpoint(text, err, why);
    } else if (bind.endpoint.is_name) {
        text_add_format(why,
                        "'%s' is a name; bind needs an address such as \"127.0.0.1:8080\", "
                        "\"[::]:8080\" or \"unix:/path\"",
                        text.ptr);
        err = ERR_INVALID;
    } else {
        bind.text = mem_text_of(text.ptr, text.len);
        *out = bind;
    }
    return err;
}

int option_word_net(struct slice text, struct address_net *out, struct text *why)
{
    int err = address_parse_net(text, out);

    if (err != ERR_OK)
        text_add_format(why,
                        "'%s' is no network; write \"10.0.0.0/8\", \"192.0.2.1\", \"::1\" or "
                        "\"unix:\"",
                        text.ptr);
    return err;
}
