/*
 * Header rules in the form in which heads are written: one set of names to leave out and one text of lines to
 * append; see http/header_rules.h. Made on the control thread, read by any worker.
 */
#include "http/header_rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "http/byte_class_priv.h"
#include "http/field_set_priv.h"

#define NAME_LENGTH_MAX 256

/* Owner: a slot. Thread: any, it never changes. Ends by header_rules_free. All slices point into `text`. */
struct header_rules {
    uint64_t shapes; /* of the dropped names: tells nearly every other name by one bit */
    struct slice lines;
    size_t drop_count;
    size_t text_len;
    char *text;
    struct slice drops[];
};

/* "Name: value", or "Name" alone. */
struct rule {
    struct slice name;
    struct slice value;
};

static uint64_t shape_of(struct slice name)
{
    unsigned first = (unsigned char)name.ptr[0] | 0x20u;
    unsigned last = (unsigned char)name.ptr[name.len - 1] | 0x20u;

    return (uint64_t)1 << (((unsigned)name.len + 7 * first + 33 * last) & 63);
}

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!byte_is(name.ptr[i], BYTE_TOKEN))
            return false;
    return name.len > 0 && name.len <= NAME_LENGTH_MAX;
}

static bool is_value(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static bool has_prefix(struct slice name, struct slice prefix)
{
    return name.len >= prefix.len && slice_is_equal_nocase(slice_of(name.ptr, prefix.len), prefix);
}

bool header_rules_name_allowed(struct slice name, bool is_response)
{
    const uint64_t ours =
        field_set_hop_by_hop | field_bit(FIELD_CONTENT_LENGTH) | field_bit(FIELD_TRAILER);
    const uint64_t ours_there = field_bit(FIELD_HOST) | field_bit(FIELD_EXPECT) |
                                field_bit(FIELD_MAX_FORWARDS) | field_bit(FIELD_VIA) |
                                field_bit(FIELD_X_REQUEST_ID);
    enum field_id id = FIELD_OTHER;

    if (!is_name(name) || has_prefix(name, SLICE("X-Switchyard-")))
        return false;
    id = field_find(name.ptr, name.len);
    if (field_set_has(ours, id))
        return false;
    if (is_response)
        return id != FIELD_DATE;
    return !field_set_has(ours_there, id) && !has_prefix(name, SLICE("X-Forwarded-"));
}

/* False for a text that is no rule: such a one is not applied (the configuration has refused it in words). */
static bool read_rule(const char *text, bool has_value, struct rule *out)
{
    struct slice rest = slice_from(text), name = { NULL, 0 };

    if (!slice_next(&rest, ':', &name) || (rest.ptr != NULL) != has_value)
        return false;
    out->name = slice_trim(name);
    out->value = has_value ? slice_trim(rest) : slice_of("", 0);
    return (header_rules_name_allowed(out->name, false) ||
            header_rules_name_allowed(out->name, true)) &&
           is_value(out->value);
}

/* Whether one of the texts from `from` on is a rule for this name. */
static bool is_named(const char *const *texts, size_t from, size_t count, bool has_value,
                     struct slice name)
{
    struct rule rule;

    for (size_t i = from; i < count; i++)
        if (read_rule(texts[i], has_value, &rule) && slice_is_equal_nocase(rule.name, name))
            return true;
    return false;
}

/* The slot takes away or replaces what the service says of this name. */
static bool is_overruled(const struct header_rule_texts *slot, struct slice name)
{
    return slot != NULL && (is_named(slot->remove, 0, slot->remove_count, false, name) ||
                            is_named(slot->set, 0, slot->set_count, true, name));
}

static struct slice keep_text(struct header_rules *rules, struct slice text)
{
    char *at = rules->text + rules->text_len;

    if (text.len > 0)
        memcpy(at, text.ptr, text.len);
    rules->text_len += text.len;
    return slice_of(at, text.len);
}

static void add_drops(struct header_rules *rules, const char *const *texts, size_t count,
                      bool has_value)
{
    struct rule rule;

    for (size_t i = 0; i < count; i++) {
        if (!read_rule(texts[i], has_value, &rule) || header_rules_drops(rules, rule.name))
            continue;
        rules->drops[rules->drop_count++] = keep_text(rules, rule.name);
        rules->shapes |= shape_of(rule.name);
    }
}

static void add_line(struct header_rules *rules, const struct rule *rule)
{
    (void)keep_text(rules, rule->name);
    (void)keep_text(rules, SLICE(": "));
    (void)keep_text(rules, rule->value);
    (void)keep_text(rules, SLICE("\r\n"));
}

/* The lines of one level; `over`: the level above it, NULL at the top. */
static void add_lines(struct header_rules *rules, const struct header_rule_texts *texts,
                      const struct header_rule_texts *over)
{
    struct rule rule;

    for (size_t i = 0; i < texts->set_count; i++)
        if (read_rule(texts->set[i], true, &rule) && !is_overruled(over, rule.name) &&
            !is_named(texts->set, i + 1, texts->set_count, true, rule.name))
            add_line(rules, &rule);
    for (size_t i = 0; i < texts->add_count; i++)
        if (read_rule(texts->add[i], true, &rule) && !is_overruled(over, rule.name))
            add_line(rules, &rule);
}

/* More than all names and lines of one level need: a line is ": " and CRLF longer than its rule at most. */
static size_t count_bytes(const struct header_rule_texts *texts)
{
    size_t bytes = 0;

    for (size_t i = 0; i < texts->set_count; i++)
        bytes += 2 * strlen(texts->set[i]) + 4;
    for (size_t i = 0; i < texts->add_count; i++)
        bytes += strlen(texts->add[i]) + 4;
    for (size_t i = 0; i < texts->remove_count; i++)
        bytes += strlen(texts->remove[i]);
    return bytes;
}

struct header_rules *header_rules_new(const struct header_rule_texts *service,
                                      const struct header_rule_texts *slot)
{
    static const struct header_rule_texts nothing = { .set_count = 0 };
    const struct header_rule_texts *low = service != NULL ? service : &nothing;
    const struct header_rule_texts *high = slot != NULL ? slot : &nothing;
    size_t names = low->set_count + low->remove_count + high->set_count + high->remove_count;
    size_t bytes = count_bytes(low) + count_bytes(high);
    struct header_rules *rules = NULL;
    size_t lines_at = 0;

    if (names + low->add_count + high->add_count == 0)
        return NULL;
    rules = mem_zalloc(sizeof *rules + names * sizeof rules->drops[0]);
    rules->text = mem_alloc(bytes + 1);
    add_drops(rules, low->remove, low->remove_count, false);
    add_drops(rules, low->set, low->set_count, true);
    add_drops(rules, high->remove, high->remove_count, false);
    add_drops(rules, high->set, high->set_count, true);
    lines_at = rules->text_len;
    add_lines(rules, low, high);
    add_lines(rules, high, NULL);
    CHECK(rules->text_len <= bytes);
    rules->lines = slice_of(rules->text + lines_at, rules->text_len - lines_at);
    return rules;
}

void header_rules_free(struct header_rules *rules)
{
    if (rules == NULL)
        return;
    free(rules->text);
    free(rules);
}

bool header_rules_is_equal(const struct header_rules *a, const struct header_rules *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->drop_count != b->drop_count || !slice_is_equal(a->lines, b->lines))
        return false;
    for (size_t i = 0; i < a->drop_count; i++)
        if (!header_rules_drops(b, a->drops[i]))
            return false;
    return true;
}

bool header_rules_drops(const struct header_rules *rules, struct slice name)
{
    if (rules == NULL || name.len == 0 || (rules->shapes & shape_of(name)) == 0)
        return false;
    for (size_t i = 0; i < rules->drop_count; i++)
        if (slice_is_equal_nocase(rules->drops[i], name))
            return true;
    return false;
}

struct slice header_rules_lines(const struct header_rules *rules)
{
    return rules != NULL ? rules->lines : slice_of("", 0);
}
