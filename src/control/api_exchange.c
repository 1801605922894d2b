/* A request to the API and its answer: see api_exchange_priv.h. */
#include "control/api_exchange_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/json_priv.h"
#include "http/page.h"

enum { EXTRA_MAX = 4096 };

void api_exchange_begin(struct api_exchange *exchange)
{
    api_exchange_fini(exchange);
    exchange->body = slice_of(NULL, 0);
    exchange->route = NULL;
    exchange->param_count = 0;
    exchange->progress = API_OPEN;
    exchange->status = 0;
    exchange->type = "application/json";
    exchange->cache = "no-store";
    exchange->pull = NULL;
    exchange->drop = NULL;
    exchange->arg = NULL;
    exchange->is_long = false;
    exchange->wants_quit = exchange->is_quit_now = false;
    text_init(&exchange->extra, EXTRA_MAX);
    text_init(&exchange->answer, API_BODY_MAX);
}

void api_exchange_fini(struct api_exchange *exchange)
{
    text_fini(&exchange->extra);
    text_fini(&exchange->answer);
}

void api_exchange_answer(struct api_exchange *exchange, int status, const char *type)
{
    exchange->status = status;
    exchange->type = type;
    exchange->progress = API_ANSWERED;
    exchange->drop = NULL;
}

void api_exchange_refuse(struct api_exchange *exchange, const struct api_error *error,
                         const char *format, ...)
{
    cJSON *object = json_object();
    cJSON *inner = json_object();
    char words[512];
    char *line = NULL;
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    json_add_text(inner, "code", error->code);
    json_add_text(inner, "message", words);
    json_add_text(inner, "hint", error->hint);
    json_add_text(inner, "next", error->next);
    json_add_bool(object, "ok", false);
    json_add(object, "error", inner);
    line = json_print(object);
    cJSON_Delete(object);
    text_clear(&exchange->answer);
    text_add(&exchange->answer, line);
    text_add(&exchange->answer, "\n");
    free(line);
    api_exchange_answer(exchange, error->status, "application/json");
}

void api_exchange_park(struct api_exchange *exchange, void (*drop)(void *arg), void *arg)
{
    exchange->progress = API_PARKED;
    exchange->drop = drop;
    exchange->arg = arg;
}

void api_exchange_stream(struct api_exchange *exchange, const char *type, api_pull_fn *pull,
                         void (*drop)(void *arg), void *arg)
{
    exchange->status = 200;
    exchange->type = type;
    exchange->progress = API_STREAMED;
    exchange->pull = pull;
    exchange->drop = drop;
    exchange->arg = arg;
}

bool api_exchange_is_head(const struct api_exchange *exchange)
{
    return exchange->head.method == METHOD_HEAD;
}

bool api_exchange_is_chunked(const struct api_exchange *exchange)
{
    return exchange->head.minor > 0;
}

/* RFC 9110 5.6.7; the C locale is never left, so names are English. */
static void add_date(struct text *out)
{
    time_t now = time(NULL);
    char line[64];
    struct tm utc;

    if (gmtime_r(&now, &utc) != NULL &&
        strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc) > 0)
        text_add(out, line);
}

void api_exchange_write_head(const struct api_exchange *exchange, bool close, struct text *out)
{
    text_add_format(out, "HTTP/1.1 %d %s\r\n", exchange->status, page_reason(exchange->status));
    add_date(out);
    text_add_format(out, "Content-Type: %s\r\n", exchange->type);
    /* RFC 9110 8.6: a 304 has no length but that of what is not sent */
    if (exchange->progress != API_STREAMED && exchange->status != 304)
        text_add_format(out, "Content-Length: %zu\r\n", exchange->answer.len);
    else if (exchange->progress == API_STREAMED && api_exchange_is_chunked(exchange))
        text_add(out, "Transfer-Encoding: chunked\r\n");
    text_add_format(out, "Cache-Control: %s\r\nX-Content-Type-Options: nosniff\r\n",
                    exchange->cache);
    text_add_slice(out, text_slice(&exchange->extra));
    if (close)
        text_add(out, "Connection: close\r\n");
    else if (exchange->head.minor == 0)
        text_add(out, "Connection: keep-alive\r\n");
    text_add(out, "\r\n");
}
