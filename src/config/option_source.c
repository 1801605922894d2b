/* Words that name a part of a request: see option_source_priv.h. */
#include "config/option_source_priv.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "config/option_word_priv.h"

#define NAME_MAX_BYTES 128
#define INDEX_MAX      32

static const char *const tenant_words[] = {
    [CONFIG_TENANT_HEADER] = "header",         [CONFIG_TENANT_COOKIE] = "cookie",
    [CONFIG_TENANT_HOST_LABEL] = "host-label", [CONFIG_TENANT_PATH_SEGMENT] = "path-segment",
    [CONFIG_TENANT_QUERY] = "query",
};

static const char *const key_words[] = {
    [CONFIG_KEY_TENANT] = "tenant",       [CONFIG_KEY_COOKIE] = "cookie",
    [CONFIG_KEY_HEADER] = "header",       [CONFIG_KEY_OWN_COOKIE] = "own-cookie",
    [CONFIG_KEY_CLIENT_IP] = "client-ip",
};

static const char *const evidence_words[] = {
    [CONFIG_EVIDENCE_CLIENT_IP] = "client-ip",
    [CONFIG_EVIDENCE_HEADER] = "header",
    [CONFIG_EVIDENCE_TENANT] = "tenant",
    [CONFIG_EVIDENCE_PATH] = "path",
};

#define COUNT(items) (sizeof(items) / sizeof(items)[0])

/* The index of the word before the colon; count when it is none of them. */
static size_t split(struct slice text, const char *const *words, size_t count, struct slice *rest)
{
    struct slice kind = { NULL, 0 };
    size_t i = 0;

    *rest = text;
    slice_next(rest, ':', &kind);
    while (i < count && !slice_is_equal(kind, slice_from(words[i])))
        i++;
    return i;
}

static bool is_indexed(enum config_tenant_kind kind)
{
    return kind == CONFIG_TENANT_HOST_LABEL || kind == CONFIG_TENANT_PATH_SEGMENT;
}

static bool is_named(enum config_key_kind kind)
{
    return kind == CONFIG_KEY_COOKIE || kind == CONFIG_KEY_HEADER;
}

static bool is_good_name(struct slice name)
{
    return name.len <= NAME_MAX_BYTES && option_word_is_token(name);
}

int option_source_parse_tenant(struct slice text, struct config_tenant_source *out,
                               struct text *why)
{
    struct slice rest = { NULL, 0 };
    size_t kind = split(text, tenant_words, COUNT(tenant_words), &rest);
    uint64_t index = 0;

    if (kind < COUNT(tenant_words) && is_indexed((enum config_tenant_kind)kind)) {
        if (num_parse_u64(rest, INDEX_MAX, &index) != ERR_OK || index == 0) {
            text_add_format(why, "'%s': write %s:1 to %s:%d; the first one is 1", text.ptr,
                            tenant_words[kind], tenant_words[kind], INDEX_MAX);
            return ERR_RANGE;
        }
    } else if (kind == COUNT(tenant_words) || !is_good_name(rest)) {
        text_add_format(why,
                        "'%s': write \"header:NAME\", \"cookie:NAME\", \"host-label:N\", "
                        "\"path-segment:N\" or \"query:NAME\"",
                        text.ptr);
        return ERR_INVALID;
    }
    *out = (struct config_tenant_source){ .kind = (enum config_tenant_kind)kind,
                                          .index = (unsigned)index };
    if (index == 0)
        out->name = mem_text_of(rest.ptr, rest.len);
    return ERR_OK;
}

int option_source_parse_key(struct slice text, struct config_key *out, struct text *why)
{
    struct slice rest = { NULL, 0 };
    size_t kind = split(text, key_words, COUNT(key_words), &rest);
    bool has_name = kind < COUNT(key_words) && is_named((enum config_key_kind)kind);

    if (kind == COUNT(key_words) || (has_name ? !is_good_name(rest) : rest.ptr != NULL)) {
        text_add_format(why,
                        "'%s': write \"tenant\", \"cookie:NAME\", \"header:NAME\", \"own-cookie\" "
                        "or \"client-ip\"",
                        text.ptr);
        return ERR_INVALID;
    }
    *out = (struct config_key){ .kind = (enum config_key_kind)kind };
    if (has_name)
        out->name = mem_text_of(rest.ptr, rest.len);
    return ERR_OK;
}

int option_source_parse_evidence(struct slice text, struct config_evidence_key *out,
                                 struct text *why)
{
    struct slice rest = { NULL, 0 };
    size_t kind = split(text, evidence_words, COUNT(evidence_words), &rest);
    bool has_name = kind == CONFIG_EVIDENCE_HEADER;

    if (kind == COUNT(evidence_words) || (has_name ? !is_good_name(rest) : rest.ptr != NULL)) {
        text_add_format(why, "'%s': write \"client-ip\", \"header:NAME\", \"tenant\" or \"path\"",
                        text.ptr);
        return ERR_INVALID;
    }
    *out = (struct config_evidence_key){ .kind = (enum config_evidence_kind)kind };
    if (has_name)
        out->name = mem_text_of(rest.ptr, rest.len);
    return ERR_OK;
}

void option_source_format_tenant(const struct config_tenant_source *source, struct text *out)
{
    if (is_indexed(source->kind))
        text_add_format(out, "\"%s:%u\"", tenant_words[source->kind], source->index);
    else
        text_add_format(out, "\"%s:%s\"", tenant_words[source->kind], source->name);
}

void option_source_format_key(const struct config_key *key, struct text *out)
{
    if (is_named(key->kind))
        text_add_format(out, "\"%s:%s\"", key_words[key->kind], key->name);
    else
        text_add_format(out, "\"%s\"", key_words[key->kind]);
}

void option_source_format_evidence(const struct config_evidence_key *key, struct text *out)
{
    if (key->kind == CONFIG_EVIDENCE_HEADER)
        text_add_format(out, "\"%s:%s\"", evidence_words[key->kind], key->name);
    else
        text_add_format(out, "\"%s\"", evidence_words[key->kind]);
}
