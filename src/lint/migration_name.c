/* Names of migrations: see migration_name_priv.h. */
#include "lint/migration_name_priv.h"

#include <string.h>

#include "base/num.h"
#include "lint/catalog_priv.h"

enum { DATE_DIGITS = 8, DATE_TIME_DIGITS = 14 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *text_of(struct arena *arena, struct slice s)
{
    char *copy = catalog_alloc(arena, s.len + 1);

    memcpy(copy, s.ptr, s.len);
    return copy;
}

bool migration_name_parse_version(struct slice text, struct version *out)
{
    struct version version = { .count = 0 };
    size_t at = 0;

    while (at < text.len) {
        size_t start = at;
        uint64_t number = 0;

        while (at < text.len && is_digit(text.ptr[at]))
            at++;
        if (at == start || version.count == VERSION_PARTS_MAX ||
            num_parse_u64(slice_of(text.ptr + start, at - start), UINT64_MAX, &number) != 0)
            return false;
        version.parts[version.count++] = number;
        if (at < text.len && text.ptr[at] != '.' && text.ptr[at] != '_')
            return false;
        at += at < text.len;
        if (at == text.len && !is_digit(text.ptr[at - 1]))
            return false;
    }
    *out = version;
    return version.count > 0;
}

int migration_name_compare_versions(const struct version *a, const struct version *b)
{
    for (unsigned i = 0; i < VERSION_PARTS_MAX; i++)
        if (a->parts[i] != b->parts[i])
            return a->parts[i] < b->parts[i] ? -1 : 1;
    return 0;
}

/* The last folder's name of a path, or the last part itself. */
static struct slice last_part(struct slice path)
{
    size_t start = path.len;

    while (start > 0 && path.ptr[start - 1] != '/')
        start--;
    return slice_of(path.ptr + start, path.len - start);
}

static struct slice folder_of(struct slice path)
{
    struct slice base = last_part(path);
    size_t len = path.len - base.len;

    return last_part(slice_of(path.ptr, len > 0 ? len - 1 : 0));
}

static struct slice dotted(struct arena *arena, struct slice text)
{
    char *copy = catalog_alloc(arena, text.len + 1);

    for (size_t i = 0; i < text.len; i++)
        copy[i] = text.ptr[i] == '_' ? '.' : text.ptr[i];
    return slice_of(copy, text.len);
}

/* V1.4.0__text and its relatives; the letter is known to be one of theirs. */
static void read_flyway(struct arena *arena, struct slice stem, struct migration_name *out)
{
    const char *cut = memmem(stem.ptr, stem.len, "__", 2);
    size_t len = cut != NULL ? (size_t)(cut - stem.ptr) : stem.len;
    struct slice version = slice_of(stem.ptr + 1, len - 1);

    out->form = FORM_FLYWAY;
    if (cut == NULL || len + 2 >= stem.len) {
        out->problem = cut == NULL ? "two underscores must stand between version and description"
                                   : "there is no description behind the two underscores";
        len = 1;
        while (len < stem.len && (is_digit(stem.ptr[len]) || stem.ptr[len] == '.'))
            len++;
        version = slice_of(stem.ptr + 1, len - 1);
    } else {
        out->description = text_of(arena, slice_of(cut + 2, stem.len - len - 2));
    }
    if (out->kind == LINT_REPEATABLE && len > 1)
        out->problem = "a repeatable migration has no version";
    if (out->kind == LINT_REPEATABLE)
        return;
    if (migration_name_parse_version(version, &out->version))
        out->version_text = text_of(arena, dotted(arena, version));
    else if (out->problem == NULL)
        out->problem = "the version is not made of numbers";
}

static bool is_flyway(struct slice stem, enum lint_kind *kind)
{
    static const struct {
        char letter;
        enum lint_kind kind;
    } letters[] = { { 'V', LINT_VERSIONED },
                    { 'R', LINT_REPEATABLE },
                    { 'U', LINT_UNDO },
                    { 'B', LINT_BASELINE } };

    for (size_t i = 0; stem.len > 1 && i < sizeof letters / sizeof letters[0]; i++)
        if (stem.ptr[0] == letters[i].letter &&
            (letters[i].letter == 'R' ? stem.ptr[1] == '_' : is_digit(stem.ptr[1]))) {
            *kind = letters[i].kind;
            return true;
        }
    return false;
}

/* 20250131_name, 20250131120000_name, 0042_name. */
static void read_numbered(struct arena *arena, struct slice stem, struct migration_name *out)
{
    size_t digits = 0;

    while (digits < stem.len && is_digit(stem.ptr[digits]))
        digits++;
    if (digits == 0 || digits == stem.len || strchr("_-", stem.ptr[digits]) == NULL)
        return;
    if (!migration_name_parse_version(slice_of(stem.ptr, digits), &out->version))
        return;
    out->form = digits == DATE_DIGITS || digits == DATE_TIME_DIGITS ? FORM_DATED : FORM_NUMBERED;
    out->kind = LINT_VERSIONED;
    out->version_text = text_of(arena, slice_of(stem.ptr, digits));
    out->description = text_of(arena, slice_of(stem.ptr + digits + 1, stem.len - digits - 1));
}

struct migration_name migration_name_of(struct arena *arena, const char *path)
{
    struct migration_name name = {
        .form = FORM_OTHER, .kind = LINT_OTHER, .version_text = "", .description = ""
    };
    struct slice whole = slice_from(path);
    struct slice stem = last_part(whole);
    struct slice folder = folder_of(whole);

    if (slice_ends_with_nocase(stem, SLICE(".sql")))
        stem.len -= 4;
    if (slice_is_equal(stem, SLICE("migration")) && folder.len > 0) {
        read_numbered(arena, folder, &name);
        if (name.version.count > 0)
            name.form = FORM_PRISMA;
        return name;
    }
    if (is_flyway(stem, &name.kind)) {
        read_flyway(arena, stem, &name);
        return name;
    }
    read_numbered(arena, stem, &name);
    if (name.form == FORM_OTHER &&
        (slice_is_equal(folder, SLICE("deploy")) || slice_is_equal(folder, SLICE("verify")) ||
         slice_is_equal(folder, SLICE("revert")))) {
        name.form = FORM_SQITCH;
        name.kind = slice_is_equal(folder, SLICE("revert")) ? LINT_UNDO : LINT_OTHER;
        name.description = text_of(arena, stem);
    }
    return name;
}
