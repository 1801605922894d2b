/* Messages in the form of the raw tables: see raw_tidy in support/raw.h. */
#include <string.h>

#include "base/num.h"
#include "support/raw.h"
#include "support/raw_priv.h"

static const char *const moved_names[] = { "Content-Length", "Transfer-Encoding", "Connection",
                                           "Keep-Alive" };
static const char *const added_names[] = {
    "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id", "Date"
};

enum { MOVED = 4, ADDED = 6 };

static bool has_name(struct slice line, const char *name)
{
    size_t length = strlen(name);

    return line.len > length && line.ptr[length] == ':' &&
           slice_is_equal_nocase(slice_of(line.ptr, length), slice_from(name));
}

bool raw_next_line(struct slice *rest, struct slice *line)
{
    const char *end = rest->len > 0 ? memmem(rest->ptr, rest->len, "\r\n", 2) : NULL;

    if (end == NULL)
        return false;
    *line = slice_of(rest->ptr, (size_t)(end - rest->ptr));
    rest->ptr += line->len + 2;
    rest->len -= line->len + 2;
    return true;
}

/* Whether the head of a message has a field of that name. */
static bool mentions(struct slice message, const char *name)
{
    struct slice line;

    while (raw_next_line(&message, &line) && line.len > 0) {
        if (has_name(line, name))
            return true;
    }
    return false;
}

static bool is_added(struct slice line, struct slice pattern)
{
    for (int i = 0; i < ADDED; i++) {
        if (has_name(line, added_names[i]))
            return !mentions(pattern, added_names[i]);
    }
    return false;
}

static int moved_index(struct slice line)
{
    for (int i = 0; i < MOVED; i++) {
        if (has_name(line, moved_names[i]))
            return i;
    }
    return -1;
}

static void add_line(struct text *out, struct slice line)
{
    text_add_slice(out, line);
    text_add(out, "\r\n");
}

static void add_chunks(struct slice body, struct text *out)
{
    struct slice line;
    uint64_t left = 0;

    while (raw_next_line(&body, &line)) {
        if (num_parse_hex(line, 1 << 30, &left) < 0 || left + 2 > body.len + (left == 0 ? 2 : 0)) {
            text_add(out, "[bad chunk]");
            return;
        }
        if (left == 0)
            break;
        text_add_slice(out, slice_of(body.ptr, (size_t)left));
        body = slice_of(body.ptr + left + 2, body.len - (size_t)left - 2);
    }
    if (body.len > 2) {
        text_add(out, "[trailer]\r\n");
        text_add_slice(out, slice_of(body.ptr, body.len - 2));
    }
}

void raw_tidy(struct slice message, const char *pattern, struct text *out)
{
    struct slice wish = slice_from(pattern);
    struct slice rest = message;
    struct slice line;
    bool chunked = false;

    while (raw_next_line(&rest, &line) && line.len > 0) {
        if (!is_added(line, wish) && moved_index(line) < 0)
            add_line(out, line);
    }
    for (int i = 0; i < MOVED; i++) {
        struct slice again = message;

        while (raw_next_line(&again, &line) && line.len > 0) {
            if (moved_index(line) == i)
                add_line(out, line);
            chunked = chunked || has_name(line, "Transfer-Encoding");
        }
    }
    text_add(out, "\r\n");
    if (chunked)
        add_chunks(rest, out);
    else
        text_add_slice(out, rest);
}

static bool is_letter_of(char a, char b)
{
    char lower = (char)(a | 0x20);

    return lower >= 'a' && lower <= 'z' && lower == (char)(b | 0x20);
}

/* RAW_ANY takes any bytes up to the end of the line. */
bool raw_matches(struct slice text, const char *pattern, bool nocase)
{
    const char *at = text.ptr;
    const char *end = text.ptr + text.len;

    for (; *pattern != '\0'; pattern++) {
        if (*pattern == RAW_ANY[0]) {
            while (at < end && *at != pattern[1] && *at != '\r' && *at != '\n')
                at++;
        } else if (at < end && (*at == *pattern || (nocase && is_letter_of(*at, *pattern)))) {
            at++;
        } else {
            return false;
        }
    }
    return at == end;
}

/* The value of the only field of that name, empty when there is none or more than one. */
static struct slice find_only(struct slice rest, const char *name)
{
    struct slice value = { "", 0 };
    struct slice line;
    int count = 0;

    while (raw_next_line(&rest, &line) && line.len > 0) {
        if (has_name(line, name)) {
            size_t skip = strlen(name) + 1;

            value = slice_trim(slice_of(line.ptr + skip, line.len - skip));
            count++;
        }
    }
    return count == 1 ? value : (struct slice){ "", 0 };
}

/* What a default request must have got from us, when the table does not say it itself. */
void raw_check_added(struct slice request, const char *pattern, struct text *why)
{
    static const struct {
        const char *name;
        const char *value;
    } rules[] = { { "Via", "1.1 switchyard" },
                  { "X-Forwarded-For", "127.0.0.1" },
                  { "X-Forwarded-Proto", "http" },
                  { "X-Forwarded-Host", NULL },
                  { "X-Request-Id", NULL } };
    struct slice host = find_only(request, "Host");

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct slice value = find_only(request, rules[i].name);
        bool is_host = strcmp(rules[i].name, "X-Forwarded-Host") == 0;

        if (mentions(slice_from(pattern), rules[i].name) || (is_host && host.len == 0))
            continue;
        if (value.len == 0 || value.len > 128 || (is_host && !slice_is_equal_nocase(value, host)) ||
            (rules[i].value != NULL && !slice_is_equal(value, slice_from(rules[i].value)) &&
             (i != 0 || !slice_is_equal(value, SLICE("1.0 switchyard")))))
            text_add_format(why, "  upstream: %s is \"%.*s\"\n", rules[i].name, SLICE_ARG(value));
    }
}
