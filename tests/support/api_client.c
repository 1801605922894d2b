/* See api_client.h. */
#include "support/api_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/client.h"

enum { WAIT_MS = 15000 };

const char api_client_globals[] =
    "run_dir = \"%s/run\"\nstate_dir = \"%s/state\"\nworkers = 1\n"
    "log { access = \"%s/access.log\" }\napi { bind = \"unix:%s/api.sock\" }\n";

struct api_said api_ask(const struct daemon *daemon, const char *method, const char *path,
                        const char *fields, const char *body)
{
    struct api_said said = { .status = -1 };
    struct client client = { .fd = -1 };
    struct reply reply = { 0 };
    char *request = mem_format("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s%s"
                               "Content-Length: %zu\r\n\r\n%s",
                               method, path, fields != NULL ? fields : "",
                               body != NULL ? "Content-Type: application/json\r\n" : "",
                               body != NULL ? strlen(body) : (size_t)0, body != NULL ? body : "");

    client_open(&client, daemon_api(daemon));
    if (client_send_text(&client, request) &&
        client_reply(&client, strcmp(method, "HEAD") == 0, WAIT_MS, &reply) == REPLY_WHOLE) {
        said.status = reply.status;
        said.head = mem_text_of(reply.head.ptr, reply.head.len);
        said.body = mem_text_of(reply.body.bytes != NULL ? reply.body.bytes : "", reply.body.len);
        said.json = cJSON_Parse(said.body);
    }
    reply_fini(&reply);
    client_close(&client);
    free(request);
    return said;
}

void api_said_free(struct api_said *said)
{
    free(said->head);
    free(said->body);
    cJSON_Delete(said->json);
    *said = (struct api_said){ .status = -1 };
}

int api_status(const struct daemon *daemon, const char *method, const char *path, const char *body)
{
    struct api_said said = api_ask(daemon, method, path, NULL, body);
    int status = said.status;

    api_said_free(&said);
    return status;
}

const cJSON *api_member(const struct api_said *said, const char *way)
{
    const cJSON *at = said->json;
    struct slice rest = slice_from(way);
    struct slice name = { NULL, 0 };
    char text[64];

    while (at != NULL && slice_next(&rest, '.', &name))
        at =
            slice_copy(name, text, sizeof text) ? cJSON_GetObjectItemCaseSensitive(at, text) : NULL;
    return at;
}

const char *api_text(const struct api_said *said, const char *way)
{
    const cJSON *member = api_member(said, way);

    return cJSON_IsString(member) ? member->valuestring : "";
}

double api_number(const struct api_said *said, const char *way)
{
    const cJSON *member = api_member(said, way);

    return cJSON_IsNumber(member) ? member->valuedouble : -1;
}
