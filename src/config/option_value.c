/* Values of options, in and out: see option_value_priv.h. */
#include "config/option_value_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "config/config.h"
#include "config/option_choice_priv.h"
#include "config/option_database_priv.h"
#include "config/option_decimal_priv.h"
#include "config/option_field_priv.h"
#include "config/option_source_priv.h"
#include "config/option_word_priv.h"

static void format_number(enum option_kind kind, uint64_t value, struct text *out)
{
    static const char units[] = { 'g', 'm', 'k' };
    char duration[32];

    if (option_decimal_is(kind)) {
        option_decimal_format(kind, value, out);
        return;
    }
    if (kind == KIND_DEADLINE && value == UINT64_MAX) {
        text_add(out, "\"never\"");
        return;
    }
    if (kind == KIND_DURATION || kind == KIND_DEADLINE) {
        num_format_duration(value, duration);
        text_add_format(out, "\"%s\"", duration);
        return;
    }
    if (kind == KIND_MODE) {
        text_add_format(out, "0%03" PRIo64, value);
        return;
    }
    for (size_t i = 0; kind == KIND_SIZE && value > 0 && i < sizeof units; i++) {
        unsigned shift = 30 - 10 * (unsigned)i;

        if (value % (1ull << shift) == 0) {
            text_add_format(out, "%" PRIu64 "%c", value >> shift, units[i]);
            return;
        }
    }
    text_add_format(out, kind == KIND_PERCENT ? "\"%" PRIu64 "%%\"" : "%" PRIu64, value);
}

static int parse_percent(struct slice text, uint64_t *value)
{
    if (text.len == 0 || text.ptr[text.len - 1] != '%')
        return ERR_INVALID;
    return num_parse_u64(slice_of(text.ptr, text.len - 1), UINT64_MAX, value);
}

static int parse_mode(struct slice text, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '7')
            return ERR_INVALID;
        *value = *value * 8 + (uint64_t)(text.ptr[i] - '0');
        if (*value > 07777)
            return ERR_RANGE;
    }
    return text.len >= 3 ? ERR_OK : ERR_INVALID;
}

static int parse_any_number(enum option_kind kind, struct slice text, uint64_t *value)
{
    if (kind == KIND_DURATION || kind == KIND_DEADLINE)
        return num_parse_duration(text, value);
    if (kind == KIND_SIZE)
        return num_parse_size(text, value);
    if (kind == KIND_PERCENT)
        return parse_percent(text, value);
    if (kind == KIND_MODE)
        return parse_mode(text, value);
    if (option_decimal_is(kind))
        return option_decimal_parse(kind, text, value);
    return num_parse_u64(text, UINT64_MAX, value);
}

static void explain_number(enum option_kind kind, struct slice text, struct text *why)
{
    uint64_t plain = 0;
    bool is_plain = num_parse_u64(text, UINT64_MAX, &plain) == ERR_OK;

    if ((kind == KIND_DURATION || kind == KIND_DEADLINE) && is_plain)
        text_add_format(why, "'%s' has no unit; write %ss, %sms or %sm", text.ptr, text.ptr,
                        text.ptr, text.ptr);
    else if (kind == KIND_DURATION)
        text_add_format(why, "'%s' is no duration; write \"250ms\", \"5s\", \"2m\" or \"48h\"",
                        text.ptr);
    else if (kind == KIND_DEADLINE)
        text_add_format(why, "'%s' is no duration; write \"5s\", \"10m\", \"48h\" or \"never\"",
                        text.ptr);
    else if (kind == KIND_SIZE)
        text_add_format(why, "'%s' is no size; write 100, 32k, 8m or 1g", text.ptr);
    else if (kind == KIND_PERCENT)
        text_add_format(why, "'%s' is no percentage; write \"10%%\"", text.ptr);
    else if (option_decimal_is(kind))
        option_decimal_explain(kind, text, why);
    else if (kind == KIND_MODE)
        text_add_format(why, "'%s' is no mode; write octal digits such as 0660", text.ptr);
    else
        text_add_format(why, "'%s' is no number; write digits only", text.ptr);
}

static int parse_number(const struct option_row *row, struct slice text, uint64_t *out,
                        struct text *why)
{
    uint64_t value = 0;
    int err = ERR_OK;

    if (row->kind == KIND_DEADLINE && slice_is_equal(text, SLICE("never"))) {
        *out = UINT64_MAX;
        return ERR_OK;
    }
    err = parse_any_number(row->kind, text, &value);
    if (err == ERR_INVALID) {
        explain_number(row->kind, text, why);
        return err;
    }
    if (err != ERR_OK || value < row->min || value > row->max) {
        text_add_format(why, "'%s' is out of range; ", text.ptr);
        format_number(row->kind, row->min, why);
        text_add(why, " to ");
        format_number(row->kind, row->max, why);
        return ERR_RANGE;
    }
    *out = value;
    return ERR_OK;
}

bool option_value_is_name(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_inner = i > 0 && (c == '-' || c == '_' || c == '.');

        if (!is_letter && !(c >= '0' && c <= '9') && !is_inner)
            return false;
    }
    return s.len > 0 && s.len <= 63; /* a NUL behind it fills what others keep it in */
}

static bool is_known_method(struct slice text)
{
    return slice_is_equal(text, SLICE("GET")) || slice_is_equal(text, SLICE("HEAD")) ||
           slice_is_equal(text, SLICE("OPTIONS"));
}

/* The kinds of plain text: NULL, or what the text must be. */
static const char *judge_text(const struct option_row *row, struct slice text)
{
    switch (row->kind) {
    case KIND_FILE:
    case KIND_FILES: return text.ptr[0] == '/' ? NULL : "is no absolute path; start it with '/'";
    case KIND_METHOD: return is_known_method(text) ? NULL : "is not GET, HEAD or OPTIONS";
    case KIND_ACCOUNT:
    case KIND_NAME:
    case KIND_NAMES:
        return option_value_is_name(text)
                   ? NULL
                   : "is no name; letters, digits, '-', '_' and '.', at most 63, starting with a "
                     "letter or digit";
    case KIND_PRINTABLE: return option_word_is_printable(text) ? NULL : "is not plain ASCII text";
    case KIND_WORDS:
    case KIND_MESSAGE: return text_is_utf8(text) ? NULL : "is not UTF-8";
    case KIND_TOKEN:
        return option_word_is_token(text) ? NULL : "is no name of a cookie; use letters and digits";
    case KIND_FIELD_NAME: return option_field_judge_name(text);
    case KIND_COUNT ... KIND_SIGNAL_OF: /* numbers, and words of a list */
    case KIND_ALPN:
    case KIND_PATH:
    case KIND_AUTHORITY:
    case KIND_JSON_PATH:
    case KIND_DSN:
    case KIND_VERSIONS:
    case KIND_STATEMENTS:
    case KIND_SECRET:
    case KIND_HASH:
    case KIND_EVIDENCE_KEY:
    case KIND_BIND:
    case KIND_NETS:
    case KIND_HOSTS:
    case KIND_PATHS:
    case KIND_HEADERS:
    case KIND_TARGETS:
    case KIND_STATUSES:
    case KIND_ASSERTIONS:
    case KIND_JSON_PATHS:
    case KIND_SOURCES:
    case KIND_KEYS:
    case KIND_SHARES:
    case KIND_REQUEST_RULES:
    case KIND_RESPONSE_RULES:
    case KIND_REQUEST_NAMES:
    case KIND_RESPONSE_NAMES: break;
    }
    return NULL;
}

static int parse_text(const struct option_row *row, struct slice text, char **out, struct text *why)
{
    const char *fault = NULL;
    bool is_element = option_table_is_list(row->kind); /* min and max are those of the list */

    if (text.len == 0 && row->min == 0 && !is_element) {
        *out = NULL;
        return ERR_OK;
    }
    if (text.len == 0)
        fault = "is empty";
    else if (!is_element && row->max > 0 && text.len > row->max)
        fault = "is too long";
    else
        fault = judge_text(row, text);
    if (fault != NULL) {
        text_add_format(why, "'%s' %s", text.ptr, fault);
        return ERR_INVALID;
    }
    *out = mem_text_of(text.ptr, text.len);
    return ERR_OK;
}

/* Nothing of the text gets into the words. */
static int parse_secret(const struct option_row *row, struct slice text, char **out,
                        struct text *why)
{
    if (slice_is_equal(text, SLICE(OPTION_VALUE_MASK))) {
        text_add(why, OPTION_VALUE_MASK " is what a dump shows in place of a secret; write the "
                                        "secret or ${NAME}");
        return ERR_INVALID;
    }
    if (text.len > 0 && (text.len < row->min || text.len > row->max)) {
        text_add_format(why, "a secret of %zu bytes; %llu to %llu are allowed", text.len,
                        (unsigned long long)row->min, (unsigned long long)row->max);
        return ERR_RANGE;
    }
    if (!option_word_is_printable(text)) {
        text_add(why, "a secret that is not plain ASCII text");
        return ERR_INVALID;
    }
    *out = text.len > 0 ? mem_text_of(text.ptr, text.len) : NULL;
    return ERR_OK;
}

static int parse_path(const struct option_row *row, struct slice text, char **out, struct text *why)
{
    if (text.len == 0 && row->min == 0) {
        *out = NULL;
        return ERR_OK;
    }
    return option_word_path(text, out, why);
}

static int parse_json_path(const struct option_row *row, struct slice text, char **out,
                           struct text *why)
{
    if (text.len == 0 && row->min == 0) {
        *out = NULL;
        return ERR_OK;
    }
    return option_word_json_path(text, out, why);
}

static int parse_bind(struct slice text, struct config_bind *out, bool is_optional,
                      struct text *why)
{
    if (text.len == 0 && is_optional) {
        *out = (struct config_bind){ .text = NULL };
        return ERR_OK;
    }
    return option_word_bind(text, out, why);
}

int option_value_parse(const struct option_row *row, struct slice text, void *field,
                       struct text *why)
{
    switch (row->kind) {
    case KIND_COUNT ... KIND_NUMBER: return parse_number(row, text, field, why);
    case KIND_BOOL ... KIND_SIGNAL_OF: return option_choice_parse(row, text, field, why);
    case KIND_ALPN: return option_word_alpn(text, field, why);
    case KIND_FILE:
    case KIND_FILES:
    case KIND_ACCOUNT:
    case KIND_NAME:
    case KIND_NAMES:
    case KIND_WORDS:
    case KIND_METHOD:
    case KIND_PRINTABLE:
    case KIND_MESSAGE:
    case KIND_TOKEN:
    case KIND_FIELD_NAME: return parse_text(row, text, field, why);
    case KIND_JSON_PATH: return parse_json_path(row, text, field, why);
    case KIND_DSN: return option_database_parse_dsn(text, field, why);
    case KIND_VERSIONS: return option_database_parse_versions(text, field, why);
    case KIND_STATEMENTS: return option_database_parse_assertion(text, field, why);
    case KIND_SECRET: return parse_secret(row, text, field, why);
    case KIND_PATH: return parse_path(row, text, field, why);
    case KIND_PATHS: return option_word_prefix(text, field, why);
    case KIND_AUTHORITY: return option_word_authority(text, field, why);
    case KIND_HASH: return option_word_hash(text, field, why);
    case KIND_EVIDENCE_KEY: return option_source_parse_evidence(text, field, why);
    case KIND_BIND: return parse_bind(text, field, row->fallback != NULL, why);
    case KIND_NETS: return option_word_net(text, field, why);
    case KIND_HOSTS: return option_word_host(text, field, why);
    case KIND_HEADERS: return option_word_header(text, field, why);
    case KIND_TARGETS: return option_word_target(text, field, why);
    case KIND_STATUSES: return option_word_status(text, field, why);
    case KIND_ASSERTIONS: return option_word_assertion(text, field, why);
    case KIND_JSON_PATHS: return option_word_json_path(text, field, why);
    case KIND_SHARES: return option_word_share(text, field, why);
    case KIND_SOURCES: return option_source_parse_tenant(text, field, why);
    case KIND_KEYS: return option_source_parse_key(text, field, why);
    case KIND_REQUEST_RULES: return option_field_parse_rule(text, false, field, why);
    case KIND_RESPONSE_RULES: return option_field_parse_rule(text, true, field, why);
    case KIND_REQUEST_NAMES: return option_field_parse_name(text, false, field, why);
    case KIND_RESPONSE_NAMES: return option_field_parse_name(text, true, field, why);
    }
    return ERR_INVALID;
}

size_t option_value_element_size(enum option_kind kind)
{
    if (kind == KIND_NETS)
        return sizeof *((struct config_nets *)0)->items;
    if (kind == KIND_TARGETS)
        return sizeof *((struct config_targets *)0)->items;
    if (kind == KIND_STATUSES)
        return sizeof *((struct config_statuses *)0)->items;
    if (kind == KIND_SHARES)
        return sizeof *((struct config_shares *)0)->items;
    if (kind == KIND_SOURCES)
        return sizeof *((struct config_tenant_sources *)0)->items;
    if (kind == KIND_KEYS)
        return sizeof *((struct config_keys *)0)->items;
    return sizeof *((struct config_texts *)0)->items;
}

void option_value_quote(struct text *out, struct slice s)
{
    text_add(out, "\"");
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"' || s.ptr[i] == '\\' || s.ptr[i] == '$')
            text_add(out, "\\");
        text_add_slice(out, slice_of(s.ptr + i, 1));
    }
    text_add(out, "\"");
}

static void format_target(const struct config_target *target, struct text *out)
{
    text_add_format(out, "\"%s", target->text);
    if (target->weight != 1)
        text_add_format(out, " weight=%u", target->weight);
    if (target->proxy_protocol != 0)
        text_add_format(out, " proxy=v%u", target->proxy_protocol);
    if (target->max_requests != 0)
        text_add_format(out, " max=%" PRIu32, target->max_requests);
    if (target->max_connections != 0)
        text_add_format(out, " max_connections=%" PRIu32, target->max_connections);
    text_add(out, "\"");
}

static void format_status(const struct config_status_range *range, struct text *out)
{
    if (range->from % 100 == 0 && range->to == range->from + 99)
        text_add_format(out, "\"%uxx\"", range->from / 100u);
    else if (range->from == range->to)
        text_add_format(out, "\"%u\"", range->from);
    else
        text_add_format(out, "\"%u-%u\"", range->from, range->to);
}

static void format_net(const struct address_net *net, struct text *out)
{
    char host[ADDRESS_TEXT_SIZE];

    address_format_host(&net->base, host);
    if (address_is_unix(&net->base))
        text_add(out, "\"unix:\"");
    else
        text_add_format(out, "\"%s/%u\"", host, net->prefix_bits);
}

static void format_hash(const struct config_hash *hash, struct text *out)
{
    if (hash->kind == CONFIG_HASH_CLIENT_IP)
        text_add(out, "\"client-ip\"");
    else
        text_add_format(out, "\"%s:%s\"", hash->kind == CONFIG_HASH_HEADER ? "header" : "cookie",
                        hash->name);
}

static void format_share(uint32_t share, struct text *out)
{
    text_add_format(out, "\"%" PRIu32, share / 100);
    if (share % 100 != 0)
        text_add_format(out, share % 10 == 0 ? ".%" PRIu32 : ".%02" PRIu32,
                        share % 10 == 0 ? share % 100 / 10 : share % 100);
    text_add(out, "%\"");
}

static void format_element(enum option_kind kind, const void *element, struct text *out)
{
    if (kind == KIND_NETS)
        format_net(element, out);
    else if (kind == KIND_TARGETS)
        format_target(element, out);
    else if (kind == KIND_STATUSES)
        format_status(element, out);
    else if (kind == KIND_SHARES)
        format_share(*(const uint32_t *)element, out);
    else if (kind == KIND_SOURCES)
        option_source_format_tenant(element, out);
    else if (kind == KIND_KEYS)
        option_source_format_key(element, out);
    else
        option_value_quote(out, slice_from(*(char *const *)element));
}

static void format_list(enum option_kind kind, const struct option_list *list, struct text *out)
{
    size_t size = option_value_element_size(kind);

    text_add(out, "{");
    for (size_t i = 0; i < list->count; i++) {
        text_add(out, i == 0 ? " " : ", ");
        format_element(kind, (const char *)list->items + i * size, out);
    }
    text_add(out, list->count > 0 ? " }" : "}");
}

void option_value_format(const struct option_row *row, const void *field, bool with_secrets,
                         struct text *out)
{
    const char *const *words = option_choice_words(row->kind);

    if (option_table_is_list(row->kind))
        format_list(row->kind, field, out);
    else if (row->kind == KIND_BOOL)
        text_add(out, words[*(const bool *)field]);
    else if (words != NULL)
        text_add_format(out, "\"%s\"", words[*(const unsigned *)field]);
    else if (row->kind < KIND_BOOL)
        format_number(row->kind, *(const uint64_t *)field, out);
    else if (row->kind == KIND_HASH)
        format_hash(field, out);
    else if (row->kind == KIND_EVIDENCE_KEY)
        option_source_format_evidence(field, out);
    else if (row->kind == KIND_BIND)
        option_value_quote(out, slice_from(((const struct config_bind *)field)->text));
    else if (row->kind == KIND_SECRET && !with_secrets && *(char *const *)field != NULL)
        option_value_quote(out, SLICE(OPTION_VALUE_MASK));
    else
        option_value_quote(out, slice_from(*(char *const *)field));
}

static void free_list(enum option_kind kind, struct option_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (kind == KIND_TARGETS)
            free(((struct config_target *)list->items)[i].text);
        else if (kind == KIND_SOURCES)
            free(((struct config_tenant_source *)list->items)[i].name);
        else if (kind == KIND_KEYS)
            free(((struct config_key *)list->items)[i].name);
        else if (kind != KIND_NETS && kind != KIND_STATUSES && kind != KIND_SHARES)
            free(((char **)list->items)[i]);
    }
    free(list->items);
}

static void free_secret(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void option_value_free(const struct option_row *row, void *field)
{
    if (option_table_is_list(row->kind))
        free_list(row->kind, field);
    else if (row->kind == KIND_HASH)
        free(((struct config_hash *)field)->name);
    else if (row->kind == KIND_EVIDENCE_KEY)
        free(((struct config_evidence_key *)field)->name);
    else if (row->kind == KIND_BIND)
        free(((struct config_bind *)field)->text);
    else if (row->kind == KIND_SECRET)
        free_secret(*(char **)field);
    else if (row->kind >= KIND_FILE)
        free(*(char **)field);
}
