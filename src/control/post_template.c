/* Bodies of webhooks: see post_template_priv.h. */
#include "control/post_template_priv.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "control/event_face_priv.h"
#include "control/json_priv.h"

enum form { FORM_JSON, FORM_SLACK, FORM_FILE };

struct post_template {
    enum form form;
    char *text; /* FORM_FILE */
};

static void add_text(struct text *out, const char *text)
{
    text_add_json(out, slice_from(text));
}

static void add_count(struct text *out, const struct event_face *face)
{
    text_add_format(out, "%" PRIu64, face->count);
}

static void add_host(struct text *out)
{
    char host[256] = "";

    if (gethostname(host, sizeof host - 1) != 0)
        return;
    add_text(out, host);
}

/* A member of the event: texts as they are, everything else as JSON writes it. */
static void add_fact(struct text *out, const struct event_face *face, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(face->json, name);
    char *printed = NULL;

    if (item == NULL || cJSON_IsNull(item))
        return;
    if (cJSON_IsString(item)) {
        add_text(out, item->valuestring);
        return;
    }
    printed = json_print(item);
    add_text(out, printed);
    free(printed);
}

/* False: nobody knows the name. */
static bool add_value(struct text *out, const struct event_face *face, struct slice name)
{
    char word[64];

    if (!slice_copy(name, word, sizeof word))
        return false;
    if (strncmp(word, "event.", 6) == 0 && word[6] != '\0')
        add_fact(out, face, word + 6);
    else if (strcmp(word, "title") == 0)
        add_text(out, face->title);
    else if (strcmp(word, "text") == 0)
        add_text(out, face->text);
    else if (strcmp(word, "id") == 0)
        add_text(out, face->id);
    else if (strcmp(word, "time") == 0)
        add_text(out, face->time);
    else if (strcmp(word, "kind") == 0)
        add_text(out, face->word);
    else if (strcmp(word, "service") == 0)
        add_text(out, face->service);
    else if (strcmp(word, "severity") == 0)
        add_text(out, event_face_severity(face->severity));
    else if (strcmp(word, "count") == 0)
        add_count(out, face);
    else if (strcmp(word, "host") == 0)
        add_host(out);
    else
        return false;
    return true;
}

/* False: *bad is a name that nobody knows, or has no end. */
static bool fill_text(const char *text, const struct event_face *face, struct text *out,
                      struct slice *bad)
{
    const char *mark = NULL;

    while ((mark = strstr(text, "${")) != NULL) {
        const char *end = strchr(mark, '}');

        text_add_slice(out, slice_of(text, (size_t)(mark - text)));
        *bad = slice_of(mark + 2, end != NULL ? (size_t)(end - mark) - 2 : 0);
        if (end == NULL || !add_value(out, face, *bad))
            return false;
        text = end + 1;
    }
    text_add(out, text);
    return true;
}

/* Values that are no JSON outside of a string. */
static const char sample[] =
    "{\"id\":1,\"time\":\"2026-01-02T03:04:05.678Z\",\"kind\":\"test\",\"service\":\"a b\","
    "\"words\":\"a \\\"b\\\"\"}";

static int check(const struct post_template *made, const char *name, char *words, unsigned size)
{
    struct event_face face;
    struct text body;
    struct slice bad = SLICE("");
    struct cJSON *json = NULL;
    const char *why = "";
    int err = event_face_make(SLICE(sample), "a b", 1, &face);

    CHECK(err == ERR_OK);
    text_init(&body, POST_BODY_BYTES);
    if (!fill_text(made->text, &face, &body, &bad)) {
        err = ERR_INVALID;
        snprintf(words, size,
                 "template %s: '${%.*s}' is no placeholder; they are ${title}, ${text}, ${id}, "
                 "${time}, ${kind}, ${service}, ${severity}, ${count}, ${host} and ${event.NAME}",
                 name, bad.len < 60 ? (int)bad.len : 60, bad.ptr);
    } else {
        err = strict_json_parse(text_slice(&body), &strict_json_small, &json, &why);
        if (err != ERR_OK)
            snprintf(words, size,
                     "template %s: with values in it, it is no JSON: %s; put the placeholders "
                     "inside of strings, but for ${count}",
                     name, why);
    }
    cJSON_Delete(json);
    text_fini(&body);
    event_face_free(&face);
    return err;
}

int post_template_parse(struct slice text, const char *name, char *words, unsigned size,
                        struct post_template **out)
{
    struct post_template *made = mem_zalloc(sizeof *made);
    int err = ERR_INVALID;

    made->form = FORM_FILE;
    made->text = mem_text_of(text.ptr, text.len);
    if (memchr(text.ptr, '\0', text.len) != NULL || !text_is_utf8(text))
        snprintf(words, size, "template %s is not UTF-8 text without NUL bytes", name);
    else
        err = check(made, name, words, size);
    if (err == ERR_OK)
        *out = made;
    else
        post_template_free(made);
    return err;
}

static int read_file(const char *path, char *words, unsigned size, struct post_template **out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *bytes = mem_alloc(POST_TEMPLATE_BYTES + 1);
    ssize_t len = fd >= 0 ? read(fd, bytes, POST_TEMPLATE_BYTES + 1) : -1;
    int err = ERR_IO;

    if (len < 0)
        snprintf(words, size, "template %s cannot be read: %m", path);
    else if (len > POST_TEMPLATE_BYTES)
        snprintf(words, size, "template %s has more than %d bytes; make it shorter", path,
                 POST_TEMPLATE_BYTES);
    else
        err = post_template_parse(slice_of(bytes, (size_t)len), path, words, size, out);
    if (fd >= 0)
        close(fd);
    free(bytes);
    return err;
}

int post_template_new(const char *template, char *words, unsigned size, struct post_template **out)
{
    struct post_template *made = NULL;

    if (template[0] == '/')
        return read_file(template, words, size, out);
    made = mem_zalloc(sizeof *made);
    made->form = strcmp(template, "slack") == 0 ? FORM_SLACK : FORM_JSON;
    *out = made;
    return ERR_OK;
}

void post_template_free(struct post_template *made)
{
    if (made == NULL)
        return;
    free(made->text);
    free(made);
}

static void fill_json(const struct event_face *face, struct text *out)
{
    cJSON *object = cJSON_Duplicate(face->json, true);
    char *printed = NULL;

    CHECK(object != NULL);
    json_add_text(object, "event", face->word);
    json_add_text(object, "event_id", face->id);
    json_add_u64(object, "count", face->count);
    json_add_text(object, "title", face->title);
    json_add_text(object, "text", face->text);
    printed = json_print(object);
    text_add(out, printed);
    free(printed);
    cJSON_Delete(object);
}

/* What has a meaning in texts of chats is written as they ask for it. */
static void add_chat(struct text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&')
            text_add(out, "&amp;");
        else if (*text == '<')
            text_add(out, "&lt;");
        else if (*text == '>')
            text_add(out, "&gt;");
        else
            text_add_slice(out, slice_of(text, 1));
    }
}

static void fill_slack(const struct event_face *face, struct text *out)
{
    struct text words;

    text_init(&words, POST_BODY_BYTES);
    text_add(&words, "*");
    add_chat(&words, face->title);
    text_add(&words, "*\n");
    add_chat(&words, face->text);
    text_add(out, "{\"text\":\"");
    text_add_json(out, text_slice(&words));
    text_add(out, "\"}");
    text_fini(&words);
}

void post_template_fill(const struct post_template *made, const struct event_face *face,
                        struct text *out)
{
    struct slice bad;

    switch (made->form) {
    case FORM_JSON: fill_json(face, out); return;
    case FORM_SLACK: fill_slack(face, out); return;
    case FORM_FILE: CHECK(fill_text(made->text, face, out, &bad)); return;
    }
}
