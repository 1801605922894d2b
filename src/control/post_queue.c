/* See post_queue_priv.h. */
#include "control/post_queue_priv.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "base/text.h"

enum { LINE_MAX_BYTES = 64 * 1024, SPARE_BYTES = 64 * 1024, NAMED_DAMAGES = 3 };

TAILQ_HEAD(post_items, post_item);

struct post_queue {
    char *folder;
    char *path;
    char *next_path; /* while it is written anew */
    int fd;          /* -1: in memory only */
    struct post_items items;
    struct post_queue_view view;
    uint64_t most;
    uint64_t most_bytes;
    uint64_t file_bytes; /* whole lines */
    bool is_dirty;       /* since the last sync */
    bool is_behind;      /* a write failed: memory has what the file has not */
    bool is_foreign;     /* it is there and cannot be read: never replaced */
    bool was_told;       /* that a write failed */
};

static struct post_item *find(const struct post_queue *queue, const char *id)
{
    struct post_item *item = NULL;

    TAILQ_FOREACH(item, &queue->items, link)
    if (strcmp(item->id, id) == 0)
        return item;
    return NULL;
}

static void unlink_item(struct post_queue *queue, struct post_item *item)
{
    TAILQ_REMOVE(&queue->items, item, link);
    queue->view.count--;
    queue->view.bytes -= item->size;
    free(item->json);
    free(item);
}

/* json is taken. */
static void link_item(struct post_queue *queue, const struct post_item *values, char *json)
{
    struct post_item *item = mem_zalloc(sizeof *item);

    *item = *values;
    item->json = json;
    item->size = strlen(json) + sizeof *item;
    TAILQ_INSERT_TAIL(&queue->items, item, link);
    queue->view.count++;
    queue->view.bytes += item->size;
}

static void complain(struct post_queue *queue, const char *what)
{
    queue->view.unsaved++;
    queue->is_behind = true;
    if (!queue->was_told)
        LOG_WARN("outbox", "file=%s cannot %s: %m; events are kept in memory until it can",
                 queue->path, what);
    queue->was_told = true;
}

static void print_item(const struct post_item *item, struct text *out)
{
    text_add_format(out,
                    "{\"id\":\"%s\",\"at\":%" PRIu64 ",\"count\":%" PRIu64 ",\"event\":", item->id,
                    item->at_us, item->count);
    text_add(out, item->json);
    text_add(out, "}\n");
}

/* Without what is done: into a file beside, which takes the place of the other one when it is whole. */
static void rewrite(struct post_queue *queue)
{
    struct text text;
    struct post_item *item = NULL;
    int fd = -1;

    (void)mkdir(queue->folder, 0700); /* the next line says what is wrong */
    fd = open(queue->next_path, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
              0600);
    text_init(&text, SIZE_MAX / 2);
    TAILQ_FOREACH(item, &queue->items, link)
    print_item(item, &text);
    errno = fd >= 0 ? ENOSPC : errno;
    if (fd < 0 || write(fd, text.bytes, text.len) != (ssize_t)text.len || fdatasync(fd) != 0 ||
        rename(queue->next_path, queue->path) != 0) {
        complain(queue, "be written");
        if (fd >= 0) {
            close(fd);
            (void)unlink(queue->next_path);
        }
    } else {
        if (queue->fd >= 0)
            close(queue->fd);
        queue->fd = fd;
        queue->file_bytes = text.len;
        queue->is_dirty = queue->is_behind = queue->was_told = false;
    }
    text_fini(&text);
}

/* One line more; after a failed write the whole file, so that nothing is missing in it. */
static void write_line(struct post_queue *queue, const char *bytes, size_t len)
{
    ssize_t written = 0;

    if (queue->is_foreign)
        return;
    if (queue->fd < 0 || queue->is_behind) {
        rewrite(queue);
        return;
    }
    written = write(queue->fd, bytes, len);
    if (written != (ssize_t)len) {
        if (written >= 0)
            errno = ENOSPC;
        complain(queue, "be written");
        return;
    }
    queue->file_bytes += len;
    queue->is_dirty = true;
}

/* False: no line of ours. */
static bool take_line(struct post_queue *queue, struct slice line)
{
    static const struct strict_json_limits limits = { LINE_MAX_BYTES, 20, 2048 };
    struct post_item item = { .count = 1 };
    char done[sizeof item.id];
    struct cJSON *json = NULL;
    const struct cJSON *event = NULL;
    bool is_good = false;

    if (strict_json_parse(line, &limits, &json, NULL) != ERR_OK)
        return false;
    if (strict_json_text(json, "done", done, sizeof done) == ERR_OK) {
        struct post_item *found = find(queue, done);

        if (found != NULL)
            unlink_item(queue, found);
        is_good = true;
    } else {
        event = strict_json_object(json, "event");
        is_good = event != NULL &&
                  strict_json_text(json, "id", item.id, sizeof item.id) == ERR_OK &&
                  strict_json_u64(json, "at", STRICT_JSON_INTEGER_MAX, &item.at_us) == ERR_OK &&
                  strict_json_u64(json, "count", STRICT_JSON_INTEGER_MAX, &item.count) == ERR_OK;
    }
    if (is_good && event != NULL && find(queue, item.id) == NULL) {
        const char *begin = memmem(line.ptr, line.len, "\"event\":", 8);

        /* its own bytes: what stands behind the last name, up to the last brace */
        is_good = begin != NULL && line.ptr[line.len - 1] == '}';
        if (is_good)
            link_item(queue, &item,
                      mem_text_of(begin + 8, (size_t)(line.ptr + line.len - 1 - (begin + 8))));
    }
    cJSON_Delete(json);
    return is_good;
}

static void name_damage(struct post_queue *queue, unsigned long number)
{
    if (queue->view.damaged++ < NAMED_DAMAGES)
        LOG_WARN("outbox", "file=%s line=%lu is damaged and left out", queue->path, number);
}

static void load(struct post_queue *queue, FILE *file)
{
    char *line = mem_alloc(LINE_MAX_BYTES);
    unsigned long number = 0;
    bool is_inside = false; /* of a line that is too long */

    while (fgets(line, LINE_MAX_BYTES, file) != NULL) {
        size_t len = strlen(line);
        bool has_end = len > 0 && line[len - 1] == '\n';

        if (!is_inside)
            number++;
        if (!is_inside && (!has_end || !take_line(queue, slice_of(line, len - 1))))
            name_damage(queue, number);
        is_inside = !has_end;
    }
    free(line);
    if (queue->view.damaged > NAMED_DAMAGES)
        LOG_WARN("outbox", "file=%s damaged=%" PRIu64 " lines in all", queue->path,
                 queue->view.damaged);
}

static void open_file(struct post_queue *queue)
{
    int fd = open(queue->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

    if (file != NULL) {
        load(queue, file);
        fclose(file);
    } else if (errno != ENOENT) {
        complain(queue, "be read");
        queue->is_foreign = true;
        return;
    }
    rewrite(queue);
}

struct post_queue *post_queue_open(const char *folder, const char *name)
{
    struct post_queue *queue = mem_zalloc(sizeof *queue);

    queue->folder = mem_text(folder);
    queue->path = mem_format("%s/%s.jsonl", folder, name);
    queue->next_path = mem_format("%s/%s.jsonl.next", folder, name);
    queue->fd = -1;
    queue->most = queue->most_bytes = UINT64_MAX;
    TAILQ_INIT(&queue->items);
    open_file(queue);
    return queue;
}

void post_queue_close(struct post_queue *queue)
{
    struct post_item *item = NULL;

    if (queue == NULL)
        return;
    post_queue_sync(queue);
    while ((item = TAILQ_FIRST(&queue->items)) != NULL)
        unlink_item(queue, item);
    if (queue->fd >= 0)
        close(queue->fd);
    free(queue->folder);
    free(queue->path);
    free(queue->next_path);
    free(queue);
}

/* A file that is mostly of what is done begins anew; an empty one costs nothing but a call. */
static void tidy(struct post_queue *queue)
{
    if (queue->fd < 0 || queue->is_behind)
        return;
    if (queue->view.count == 0 && ftruncate(queue->fd, 0) == 0)
        queue->file_bytes = 0;
    else if (queue->file_bytes > 2 * queue->view.bytes + SPARE_BYTES)
        rewrite(queue);
}

void post_queue_remove(struct post_queue *queue, const char *id)
{
    struct post_item *item = find(queue, id);
    char line[64];
    int len = snprintf(line, sizeof line, "{\"done\":\"%s\"}\n", id);

    if (item == NULL)
        return;
    unlink_item(queue, item);
    if (queue->view.count > 0)
        write_line(queue, line, (size_t)len);
    tidy(queue);
}

static void drop_beyond(struct post_queue *queue)
{
    while (queue->view.count > 1 &&
           (queue->view.count > queue->most || queue->view.bytes > queue->most_bytes)) {
        char id[sizeof TAILQ_FIRST(&queue->items)->id];

        snprintf(id, sizeof id, "%s", TAILQ_FIRST(&queue->items)->id);
        if (queue->view.dropped++ == 0)
            LOG_WARN("outbox", "file=%s is full: the oldest events are dropped, now id=%s",
                     queue->path, id);
        post_queue_remove(queue, id);
    }
}

void post_queue_limit(struct post_queue *queue, uint64_t count, uint64_t bytes)
{
    queue->most = count;
    queue->most_bytes = bytes;
    drop_beyond(queue);
}

void post_queue_add(struct post_queue *queue, const char *id, uint64_t at_us, uint64_t count,
                    struct slice json)
{
    struct post_item item = { .at_us = at_us, .count = count };
    struct text line;

    if (find(queue, id) != NULL)
        return;
    snprintf(item.id, sizeof item.id, "%s", id);
    link_item(queue, &item, mem_text_of(json.ptr, json.len));
    text_init(&line, LINE_MAX_BYTES);
    print_item(TAILQ_LAST(&queue->items, post_items), &line);
    write_line(queue, line.bytes, line.len);
    text_fini(&line);
    drop_beyond(queue);
}

void post_queue_sync(struct post_queue *queue)
{
    if (queue->fd < 0 || !queue->is_dirty)
        return;
    queue->is_dirty = false;
    if (fdatasync(queue->fd) != 0)
        complain(queue, "be synced");
}

struct post_item *post_queue_head(const struct post_queue *queue)
{
    return TAILQ_FIRST(&queue->items);
}

struct post_queue_view post_queue_view(const struct post_queue *queue)
{
    struct post_queue_view view = queue->view;
    const struct post_item *first = TAILQ_FIRST(&queue->items);

    view.oldest_us = first != NULL ? first->at_us : 0;
    return view;
}
