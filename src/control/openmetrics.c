/* See openmetrics_priv.h. */
#include "control/openmetrics_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { FAMILIES_MAX = 1024 };

/* The weight of a range in thousandths; what cannot be read is 0. */
static unsigned read_weight(struct slice parameters)
{
    struct slice part = { NULL, 0 };
    unsigned unit = 100;
    unsigned weight = 0;

    while (slice_next(&parameters, ';', &part)) {
        part = slice_trim(part);
        if (part.len < 3 || (part.ptr[0] | 0x20) != 'q' || part.ptr[1] != '=')
            continue;
        if (part.ptr[2] == '1')
            return 1000;
        if (part.ptr[2] != '0')
            return 0;
        for (size_t i = 4; i < part.len && part.ptr[i] >= '0' && part.ptr[i] <= '9';
             i++, unit /= 10)
            weight += unit * (unsigned)(part.ptr[i] - '0');
        return weight;
    }
    return 1000;
}

/* "version=0.0.1" is an older form that is not written here. */
static bool has_other_version(struct slice parameters)
{
    struct slice part = { NULL, 0 };

    while (slice_next(&parameters, ';', &part)) {
        part = slice_trim(part);
        if (slice_starts_with(part, SLICE("version=")) &&
            !slice_is_equal(part, SLICE("version=1.0.0")))
            return true;
    }
    return false;
}

bool openmetrics_is_wanted(struct slice accept)
{
    struct slice range = { NULL, 0 };
    unsigned wanted = 0;
    unsigned plain = 0;

    while (accept.ptr != NULL && slice_next(&accept, ',', &range)) {
        struct slice parameters = range;
        struct slice type = { NULL, 0 };

        if (!slice_next(&parameters, ';', &type))
            continue;
        type = slice_trim(type);
        if (slice_is_equal_nocase(type, SLICE("application/openmetrics-text")) &&
            !has_other_version(parameters) && read_weight(parameters) > wanted)
            wanted = read_weight(parameters);
        else if (slice_is_equal_nocase(type, SLICE("text/plain")) &&
                 read_weight(parameters) > plain)
            plain = read_weight(parameters);
    }
    return wanted > 0 && wanted >= plain;
}

/* One "# HELP NAME …" or "# TYPE NAME …". */
struct comment {
    bool is_type;
    struct slice name;
    struct slice rest; /* with the blank before it */
};

static bool read_comment(struct slice line, struct comment *out)
{
    const char *end = NULL;

    out->is_type = slice_starts_with(line, SLICE("# TYPE "));
    if (!out->is_type && !slice_starts_with(line, SLICE("# HELP ")))
        return false;
    line = slice_of(line.ptr + 7, line.len - 7);
    end = memchr(line.ptr, ' ', line.len);
    if (end == NULL)
        return false;
    out->name = slice_of(line.ptr, (size_t)(end - line.ptr));
    out->rest = slice_of(end, line.len - out->name.len);
    return true;
}

struct family {
    struct slice name;
    struct slice type;
};

struct families {
    struct family list[FAMILIES_MAX];
    unsigned count;
};

static void find_families(struct slice exposition, struct families *out)
{
    struct slice line = { NULL, 0 };
    struct comment comment;

    while (slice_next(&exposition, '\n', &line))
        if (line.len > 0 && line.ptr[0] == '#' && read_comment(line, &comment) && comment.is_type &&
            out->count < FAMILIES_MAX)
            out->list[out->count++] =
                (struct family){ comment.name,
                                 slice_of(comment.rest.ptr + 1, comment.rest.len - 1) };
}

static const struct family *find(const struct families *families, struct slice name)
{
    for (unsigned i = 0; i < families->count; i++)
        if (slice_is_equal(families->list[i].name, name))
            return &families->list[i];
    return NULL;
}

static bool ends_with(struct slice name, struct slice end)
{
    return name.len > end.len &&
           slice_is_equal(slice_of(name.ptr + name.len - end.len, end.len), end);
}

static struct slice without(struct slice name, struct slice end)
{
    return slice_of(name.ptr, name.len - end.len);
}

/* What the family is called here, and its type. A counter beside a gauge of the same name without _total would be one
 * family with it: it stays under its whole name, of a type that nothing is known of. */
static struct family translate(const struct families *families, struct slice name)
{
    const struct family *family = find(families, name);
    struct family out = { name, family != NULL ? family->type : SLICE("unknown") };

    if (ends_with(name, SLICE("_total")) && slice_is_equal(out.type, SLICE("counter"))) {
        if (find(families, without(name, SLICE("_total"))) != NULL)
            out.type = SLICE("unknown");
        else
            out.name = without(name, SLICE("_total"));
    } else if (ends_with(name, SLICE("_info"))) {
        out.name = without(name, SLICE("_info"));
        out.type = SLICE("info");
    }
    return out;
}

static void add_unit(struct slice name, struct text *out)
{
    static const struct slice units[] = { { "_seconds", 8 }, { "_bytes", 6 }, { "_ratio", 6 } };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!ends_with(name, units[i]))
            continue;
        text_add(out, "# UNIT ");
        text_add_slice(out, name);
        text_add(out, " ");
        text_add_slice(out, slice_of(units[i].ptr + 1, units[i].len - 1));
        text_add(out, "\n");
    }
}

static void add_comment(const struct families *families, const struct comment *comment,
                        struct text *out)
{
    struct family family = translate(families, comment->name);

    text_add(out, comment->is_type ? "# TYPE " : "# HELP ");
    text_add_slice(out, family.name);
    if (comment->is_type) {
        text_add(out, " ");
        text_add_slice(out, family.type);
    } else {
        text_add_slice(out, comment->rest);
    }
    text_add(out, "\n");
    if (comment->is_type && !slice_is_equal(family.type, SLICE("unknown")))
        add_unit(family.name, out);
}

void openmetrics_write(struct slice exposition, struct text *out)
{
    struct families *families = mem_zalloc(sizeof *families);
    struct slice rest = exposition;
    struct slice line = { NULL, 0 };
    struct comment comment;

    find_families(exposition, families);
    while (slice_next(&rest, '\n', &line)) {
        if (line.len == 0)
            continue;
        if (line.ptr[0] == '#' && read_comment(line, &comment)) {
            add_comment(families, &comment, out);
            continue;
        }
        text_add_slice(out, line);
        text_add(out, "\n");
    }
    text_add(out, "# EOF\n");
    free(families);
}

void openmetrics_translate(struct text *text)
{
    struct text plain = *text;

    text_init(text, plain.limit);
    openmetrics_write(text_slice(&plain), text);
    text_fini(&plain);
}
