/* Files of pins: see pins_file_priv.h. */
#include "config/pins_file_priv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "config/config.h"
#include "config/report.h"

#define TENANT_BYTES_MAX 64

/* A place of the hash by which a tenant is found again. */
struct place {
    uint32_t item; /* its index + 1; 0: free */
    uint32_t mark; /* other bits of the hash: nearly always enough to see that it is another */
};

/* While a file is read. */
struct reader {
    const struct config_service *service;
    struct config_pins *pins;
    struct report *report;
    unsigned line;
    char *text; /* behind the items: where the next tenant is copied to */
    struct place *places;
    unsigned *lines; /* of each item */
    size_t mask;
};

#define COMPLAIN(reader, ...)                                                                      \
    report_error((reader)->report, (reader)->pins->file, (reader)->line, __VA_ARGS__)

/* The rule of route/tenant.h, which this room cannot ask: an id has 1 to 64 of these bytes. */
static bool is_tenant(struct slice id)
{
    static const char others[] = "-._~@:+=";

    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) &&
            memchr(others, c, sizeof others - 1) == NULL)
            return false;
    }
    return id.len > 0 && id.len <= TENANT_BYTES_MAX;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts the next word off; empty when none is left. */
static struct slice next_word(struct slice *rest)
{
    size_t start = 0;
    size_t end = 0;
    struct slice word = { NULL, 0 };

    while (start < rest->len && is_blank(rest->ptr[start]))
        start++;
    end = start;
    while (end < rest->len && !is_blank(rest->ptr[end]))
        end++;
    word = slice_of(rest->ptr + start, end - start);
    *rest = slice_of(rest->ptr + end, rest->len - end);
    return word;
}

/* The slot's own name, shared by all its pins; NULL when there is no such slot. */
static char *find_slot(const struct reader *reader, struct slice name)
{
    const struct config_pins *pins = reader->pins;
    const struct config_slot *slot = NULL;

    if (pins->count > 0 && slice_is_equal(slice_from(pins->items[pins->count - 1].slot), name))
        return pins->items[pins->count - 1].slot;
    slot = config_find_slot(reader->service, name);
    return slot != NULL ? slot->name : NULL;
}

/* The place of this tenant, or the free one where it belongs. */
static struct place *find_place(const struct reader *reader, struct slice tenant, uint64_t hash)
{
    size_t at = hash & reader->mask;
    uint32_t mark = (uint32_t)(hash >> 32);

    for (; reader->places[at].item != 0; at = (at + 1) & reader->mask) {
        const struct place *place = &reader->places[at];

        if (place->mark == mark &&
            slice_is_equal(slice_from(reader->pins->items[place->item - 1].tenant), tenant))
            break;
    }
    return &reader->places[at];
}

static void add_pin(struct reader *reader, struct slice tenant, char *slot)
{
    struct config_pins *pins = reader->pins;
    uint64_t hash = hash_bytes(0, tenant.ptr, tenant.len);
    struct place *place = find_place(reader, tenant, hash);

    if (place->item != 0) {
        COMPLAIN(reader, "tenant '%.*s' is pinned already in line %u; keep one of them",
                 SLICE_ARG(tenant), reader->lines[place->item - 1]);
        return;
    }
    memcpy(reader->text, tenant.ptr, tenant.len);
    reader->text[tenant.len] = '\0';
    pins->items[pins->count] = (struct config_pin){ .tenant = reader->text, .slot = slot };
    reader->lines[pins->count] = reader->line;
    reader->text += tenant.len + 1;
    *place = (struct place){ .item = (uint32_t)++pins->count, .mark = (uint32_t)(hash >> 32) };
}

static void read_line(struct reader *reader, struct slice line)
{
    const char *comment = line.len > 0 ? memchr(line.ptr, '#', line.len) : NULL;
    struct slice tenant = { NULL, 0 };
    struct slice slot = { NULL, 0 };
    char *name = NULL;

    if (comment != NULL)
        line.len = (size_t)(comment - line.ptr);
    tenant = next_word(&line);
    slot = next_word(&line);
    if (tenant.len == 0)
        return;
    if (slot.len == 0 || next_word(&line).len > 0) {
        COMPLAIN(reader, "a line is \"TENANT SLOT\"; write both and nothing else");
        return;
    }
    if (!is_tenant(tenant)) {
        COMPLAIN(reader,
                 "'%.*s' is no id of a tenant; letters, digits and - . _ ~ @ : + =, at most %d",
                 tenant.len > 80 ? 80 : (int)tenant.len, tenant.ptr, TENANT_BYTES_MAX);
        return;
    }
    name = find_slot(reader, slot);
    if (name == NULL)
        COMPLAIN(reader, "service '%s' has no slot '%.*s'", reader->service->name,
                 slot.len > 64 ? 64 : (int)slot.len, slot.ptr);
    else
        add_pin(reader, tenant, name);
}

static size_t count_lines(struct slice bytes)
{
    size_t count = 1;
    const char *at = bytes.ptr;
    const char *end = bytes.ptr + bytes.len;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count++;
        at++;
    }
    return count;
}

void pins_file_parse(struct slice bytes, const struct config_service *service,
                     struct config_pins *pins, struct report *report)
{
    struct reader reader = { .service = service, .pins = pins, .report = report };
    size_t lines = count_lines(bytes);
    struct slice rest = bytes;
    struct slice line = { NULL, 0 };

    pins->hash = hash_bytes(0, bytes.ptr, bytes.len);
    if (lines > PINS_FILE_LINES_MAX + 1) {
        COMPLAIN(&reader, "more than %u lines", PINS_FILE_LINES_MAX);
        return;
    }
    for (reader.mask = 1023; reader.mask < 2 * lines;)
        reader.mask = 2 * reader.mask + 1;
    /* One piece: the items, then their tenants, each shorter than its line. */
    pins->items = mem_alloc(lines * sizeof *pins->items + bytes.len + 1);
    reader.text = (char *)(pins->items + lines);
    reader.places = mem_zalloc((reader.mask + 1) * sizeof *reader.places);
    reader.lines = mem_alloc(lines * sizeof *reader.lines);
    while (slice_next(&rest, '\n', &line) && !report_is_full(report)) {
        reader.line++;
        read_line(&reader, line);
    }
    free(reader.places);
    free(reader.lines);
}
