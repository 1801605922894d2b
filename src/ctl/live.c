/*
 * See live.h. A screen is written from its upper left corner: each line clears what is left of the one that was there,
 * the last one everything below. So nothing flickers, whatever the terminal makes of it.
 */
#include "ctl/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HOME       "\033[H"
#define REST       "\033[K" /* clears the rest of the line */
#define BELOW      "\033[J"
#define BOLD       "\033[1m"
#define RED        "\033[31m"
#define GREEN      "\033[32m"
#define PLAIN      "\033[0m"
#define HEAD_LINES 2 /* above the table */

enum { LINE_BYTES = 512, CELL_BYTES = 24 };

static void format_time(uint64_t us, char out[CELL_BYTES])
{
    if (us == 0)
        snprintf(out, CELL_BYTES, "-");
    else if (us < 10000)
        snprintf(out, CELL_BYTES, "%.2fms", (double)us / 1000);
    else if (us < 1000000)
        snprintf(out, CELL_BYTES, "%.0fms", (double)us / 1000);
    else
        snprintf(out, CELL_BYTES, "%.2fs", (double)us / 1000000);
}

static double error_share(const struct load_change *change)
{
    return change->requests > 0 ? 100.0 * (double)change->errors / (double)change->requests : 0;
}

/* One line of at most `columns` characters; the colour does not count. */
static void add_line(const struct live *live, struct text *out, const char *line, const char *color)
{
    size_t len = strlen(line);

    if (len > live->columns)
        len = live->columns;
    if (live->has_color && color != NULL)
        text_add(out, color);
    text_add_slice(out, slice_of(line, len));
    if (live->has_color && color != NULL)
        text_add(out, PLAIN);
    text_add(out, REST "\r\n");
}

static void draw_row(const struct live *live, size_t index, struct text *out)
{
    const struct load_row *row = &live->after->rows[index];
    struct load_change change = { 0 };
    bool is_known = load_view_change(live->before, live->after, index, &change);
    char line[LINE_BYTES];
    char p50[CELL_BYTES];
    char p99[CELL_BYTES];
    char up[CELL_BYTES];
    const char *color = NULL;

    format_time(change.p50_us, p50);
    format_time(change.p99_us, p99);
    snprintf(up, sizeof up, "%" PRIu64 "/%" PRIu64, row->targets_up, row->targets);
    if (is_known)
        snprintf(line, sizeof line,
                 "%-14.14s %-10.10s %-9.9s %-10.10s %8s %7s %9.1f %7.1f %6.2f%% %8s %8s %8" PRIu64
                 " %7" PRIu64,
                 row->service, row->slot, row->role, row->version, row->share, up,
                 change.per_second, change.errors_per_second, error_share(&change), p50, p99,
                 row->in_flight, row->tunnels);
    else
        snprintf(line, sizeof line,
                 "%-14.14s %-10.10s %-9.9s %-10.10s %8s %7s %9s %7s %7s %8s %8s %8" PRIu64
                 " %7" PRIu64,
                 row->service, row->slot, row->role, row->version, row->share, up, "-", "-", "-",
                 "-", "-", row->in_flight, row->tunnels);
    if (change.errors > 0 || (row->targets_up == 0 && row->targets > 0))
        color = RED;
    else if (strcmp(row->role, "live") == 0)
        color = GREEN;
    add_line(live, out, line, color);
}

void live_draw(const struct live *live, struct text *out)
{
    size_t room = live->rows > HEAD_LINES + 2 ? live->rows - HEAD_LINES - 1 : 1;
    size_t shown = live->after->count;
    char line[LINE_BYTES];

    text_add(out, HOME);
    snprintf(line, sizeof line, "%s  epoch %" PRIu64 "  q quits%s%s", live->stamp,
             live->after->epoch, live->trouble != NULL ? "  -- " : "",
             live->trouble != NULL ? live->trouble : "");
    add_line(live, out, line, live->trouble != NULL ? RED : NULL);
    snprintf(line, sizeof line, "%-14s %-10s %-9s %-10s %8s %7s %9s %7s %7s %8s %8s %8s %7s",
             "SERVICE", "SLOT", "ROLE", "VERSION", "SHARE", "UP", "REQ/S", "ERR/S", "ERRORS", "P50",
             "P99", "INFLIGHT", "TUNNELS");
    add_line(live, out, line, BOLD);
    if (shown > room)
        shown = room - 1;
    for (size_t i = 0; i < shown; i++)
        draw_row(live, i, out);
    if (shown < live->after->count) {
        snprintf(line, sizeof line, "and %zu slots more: make the window larger, or name a service",
                 live->after->count - shown);
        add_line(live, out, line, NULL);
    }
    text_add(out, BELOW);
}

static void print_slot(const struct live *live, size_t index, struct text *out)
{
    const struct load_row *row = &live->after->rows[index];
    struct load_change change = { 0 };
    char p50[CELL_BYTES];
    char p99[CELL_BYTES];

    (void)load_view_change(live->before, live->after, index, &change);
    format_time(change.p50_us, p50);
    format_time(change.p99_us, p99);
    text_add_format(out,
                    " %s role=%s share=%s up=%" PRIu64 "/%" PRIu64 " requests=%" PRIu64
                    " errors=%" PRIu64 " rate=%.1f/s p50=%s p99=%s in_flight=%" PRIu64,
                    row->slot, row->role, row->share, row->targets_up, row->targets,
                    change.requests, change.errors, change.per_second, p50, p99, row->in_flight);
}

void live_print(const struct live *live, struct text *out)
{
    const struct load_view *view = live->after;

    for (size_t i = 0; i < view->count; i++) {
        bool is_first = i == 0 || strcmp(view->rows[i].service, view->rows[i - 1].service) != 0;

        if (is_first)
            text_add_format(out, "%s%s %s:", i > 0 ? "\n" : "", live->stamp, view->rows[i].service);
        else
            text_add(out, " |");
        print_slot(live, i, out);
    }
    text_add(out, "\n");
}

static void print_json_slot(const struct live *live, size_t index, struct text *out)
{
    const struct load_row *row = &live->after->rows[index];
    struct load_change change = { 0 };

    (void)load_view_change(live->before, live->after, index, &change);
    text_add(out, index > 0 ? ",{\"service\":\"" : "{\"service\":\"");
    text_add_json(out, slice_from(row->service));
    text_add(out, "\",\"slot\":\"");
    text_add_json(out, slice_from(row->slot));
    text_add_format(out,
                    "\",\"role\":\"%s\",\"share\":\"%s\",\"targets_up\":%" PRIu64
                    ",\"targets\":%" PRIu64 ",\"requests\":%" PRIu64 ",\"errors\":%" PRIu64
                    ",\"requests_per_second\":%.3f,\"p50_us\":%" PRIu64 ",\"p99_us\":%" PRIu64
                    ",\"in_flight\":%" PRIu64 ",\"tunnels\":%" PRIu64 "}",
                    row->role, row->share, row->targets_up, row->targets, change.requests,
                    change.errors, change.per_second, change.p50_us, change.p99_us, row->in_flight,
                    row->tunnels);
}

void live_print_json(const struct live *live, struct text *out)
{
    text_add_format(out, "{\"time\":\"%s\",\"epoch\":%" PRIu64 ",\"seconds\":%.6f,\"load\":[",
                    live->stamp, live->after->epoch,
                    (double)(live->after->at_us - live->before->at_us) / 1e6);
    for (size_t i = 0; i < live->after->count; i++)
        print_json_slot(live, i, out);
    text_add(out, "]}\n");
}
