/*
 * Messages in, messages out, with a daemon that is a function: the methods, the refusals, and that nothing but a token
 * that was given out makes a line of the admin protocol that changes something.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "mcp/mcp.h"
#include "mcp/pass_priv.h"
#include "mcp/tool_priv.h"

static const char daemon_token[] = "00112233445566778899aabbccddeeff";

struct fake {
    pthread_mutex_t lock;
    unsigned asked;
    unsigned changed; /* lines that change something */
    const char *role;
    char last[1024];
};

static bool is_reading(const char *line)
{
    static const char *const words[] = { "json \"status\"",  "json \"show\" \"history\"",
                                         "json \"explain\"", "json \"plan\"",
                                         "json \"whoami\"",  "json \"wait\"" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(line, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static int ask(void *arg, struct slice line, uint64_t timeout_us, struct text *answer)
{
    struct fake *fake = arg;

    cr_assert(line.len > 0 && line.ptr[line.len - 1] == '\n' &&
              memchr(line.ptr, '\n', line.len) == line.ptr + line.len - 1);
    cr_expect_gt(timeout_us, 0);
    pthread_mutex_lock(&fake->lock);
    fake->asked++;
    snprintf(fake->last, sizeof fake->last, "%.*s", SLICE_ARG(line));
    fake->changed += !is_reading(fake->last);
    pthread_mutex_unlock(&fake->lock);
    text_add_format(
        answer,
        "{\"ok\":true,\"code\":0,\"epoch\":7,\"result\":{\"token\":%s%s%s,\"role\":\"%s\","
        "\"slots\":[{\"service\":\"shop\",\"slot\":\"blue\",\"role\":\"live\"},{\"service\":"
        "\"shop\",\"slot\":\"green\",\"role\":\"standby\"}]},\"text\":\"words\\n\"}",
        strncmp(fake->last, "json \"plan\"", 11) == 0 ? "\"" : "",
        strncmp(fake->last, "json \"plan\"", 11) == 0 ? daemon_token : "null",
        strncmp(fake->last, "json \"plan\"", 11) == 0 ? "\"" : "", fake->role);
    return 0;
}

/* All that is answered to the messages, a line each; the caller frees. */
static char *converse(struct fake *fake, const char *messages)
{
    struct mcp_ops ops = { .ask = ask, .arg = fake };
    FILE *in = tmpfile();
    FILE *out = tmpfile();
    struct mcp_options options = { .version = "1", .ops = &ops };
    char *said = NULL;
    long size = 0;

    cr_assert(in != NULL && out != NULL);
    fputs(messages, in);
    fflush(in);
    rewind(in);
    options.in = fileno(in);
    options.out = fileno(out);
    cr_expect_eq(mcp_run(&options), 0);
    size = lseek(options.out, 0, SEEK_END);
    said = calloc(1, (size_t)size + 1);
    cr_assert_eq(pread(options.out, said, (size_t)size, 0), size);
    fclose(in);
    fclose(out);
    return said;
}

#define FAKE(name) struct fake name = { .lock = PTHREAD_MUTEX_INITIALIZER, .role = "operator" }
#define HELLO                                                                                      \
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"     \
    "\"2025-06-18\",\"clientInfo\":{\"name\":\"un it\\\"\"}}}\n"

static void expect(const char *messages, const char *part)
{
    FAKE(fake);
    char *said = converse(&fake, messages);

    cr_expect(strstr(said, part) != NULL, "%s\nis not in the answer to\n%s\n%s", part, messages,
              said);
    free(said);
}

Test(conversation, methods_and_what_is_none)
{
    expect(HELLO, "\"protocolVersion\":\"2025-06-18\"");
    expect(HELLO "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}\n",
           "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{}}");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n", "-32600");
    expect(HELLO HELLO, "initialize comes once");
    expect(HELLO "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n",
           "\"name\":\"switch_traffic\"");
    expect(HELLO "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/list\"}\n", "-32601");
    expect(HELLO
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"x\"}}\n",
           "-32602");
    expect("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}\n", "-32600");
    expect("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}\n", "-32600");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}\n", "-32602");
    expect("[]\n", "batches are not taken");
    expect("{\"jsonrpc\":\"2.0\",\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n", "-32700");
    expect("{\n", "-32700");
}

Test(conversation, notifications_and_answers_get_no_answer)
{
    FAKE(fake);
    char *said = converse(
        &fake,
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n\r\n\n"
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\n"
        "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"rollback\"}}\n");

    cr_expect_str_eq(said, "");
    cr_expect_eq(fake.asked, 0);
    free(said);
}

Test(conversation, a_message_that_is_too_long_is_refused_and_the_next_is_read)
{
    FAKE(fake);
    struct text messages;
    char *said = NULL;

    text_init(&messages, 4 << 20);
    text_add(&messages, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"");
    for (int i = 0; i < (1 << 20); i += 64)
        text_add(&messages, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    text_add(&messages, "\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n");
    said = converse(&fake, messages.bytes);
    cr_expect(strstr(said, "longer than 1 MiB") != NULL);
    cr_expect(strstr(said, "\"id\":2,\"result\":{}") != NULL);
    free(said);
    text_fini(&messages);
}

Test(conversation, words_reach_the_daemon_as_they_are)
{
    FAKE(fake);
    char *said = converse(
        &fake, HELLO "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
                     "\"explain_route\",\"arguments\":{\"path\":\"/a;b \\\"c\\\\\"}}}\n");

    cr_expect_str_eq(fake.last,
                     "json \"explain\" \"--path\" \"/a;b \\\"c\\\\\" \"--as\" \"mcp:unit\" "
                     "\"--timeout\" \"10s\"\n");
    cr_expect(strstr(said, "\"isError\":false") != NULL, "%s", said);
    free(said);
}

/* ---- tools, called without a session ---- */

static struct tool_call new_call(struct fake *fake, struct passes *passes, cJSON *arguments)
{
    static struct mcp_ops ops;
    struct tool_call call = {
        .ops = &ops, .passes = passes, .arguments = arguments, .client = "unit"
    };

    ops = (struct mcp_ops){ .ask = ask, .arg = fake };
    text_init(&call.words, 1 << 20);
    text_init(&call.json, 1 << 20);
    return call;
}

/* True: no error. */
static bool run(struct fake *fake, struct passes *passes, const char *name, const char *json)
{
    cJSON *arguments = cJSON_Parse(json);
    struct tool_call call = new_call(fake, passes, arguments);
    const struct tool *tool = tool_find(name);
    char problem[256];
    bool is_ok = false;

    cr_assert_not_null(tool);
    if (param_check(tool->params, tool_param_count(tool), arguments, problem, sizeof problem) ==
        0) {
        tool->run(&call);
        is_ok = !call.is_error;
    }
    text_fini(&call.words);
    text_fini(&call.json);
    cJSON_Delete(arguments);
    return is_ok;
}

Test(tools, a_move_takes_two_calls_with_the_same_arguments)
{
    FAKE(fake);
    struct passes *passes = passes_new();
    char json[256];

    snprintf(json, sizeof json, "{\"service\":\"shop\",\"token\":\"%s\"}", daemon_token);
    cr_expect_not(run(&fake, passes, "switch_traffic", json));
    cr_expect(run(&fake, passes, "switch_traffic", "{\"service\":\"shop\"}"));
    cr_expect_not(run(&fake, passes, "rollback", json));
    cr_expect_eq(fake.changed, 0);
    cr_expect(run(&fake, passes, "switch_traffic", json));
    cr_expect_eq(fake.changed, 1);
    cr_expect_not(run(&fake, passes, "switch_traffic", json));
    cr_expect_eq(fake.changed, 1);
    passes_free(passes);
}

Test(tools, an_emergency_needs_admin_and_a_reason)
{
    FAKE(fake);
    struct passes *passes = passes_new();

    cr_expect_not(
        run(&fake, passes, "switch_traffic", "{\"service\":\"shop\",\"emergency\":true}"));
    cr_expect_eq(fake.asked, 0);
    cr_expect_not(run(&fake, passes, "switch_traffic",
                      "{\"service\":\"shop\",\"emergency\":true,\"reason\":\"r\"}"));
    fake.role = "admin";
    cr_expect(run(&fake, passes, "switch_traffic",
                  "{\"service\":\"shop\",\"emergency\":true,\"reason\":\"r\"}"));
    cr_expect(strstr(fake.last, "\"--force\"") != NULL, "%s", fake.last);
    cr_expect_eq(fake.changed, 0);
    passes_free(passes);
}

Test(tools, an_emergency_rollback_is_not_planned_by_the_daemon)
{
    struct fake fake = { .lock = PTHREAD_MUTEX_INITIALIZER, .role = "admin" };
    struct passes *passes = passes_new();
    char json[256];

    snprintf(json, sizeof json,
             "{\"service\":\"shop\",\"emergency\":true,\"reason\":\"r\",\"token\":\"%s\"}",
             daemon_token);
    cr_expect_not(run(&fake, passes, "rollback", json));
    cr_expect(run(&fake, passes, "rollback",
                  "{\"service\":\"shop\",\"emergency\":true,\"reason\":\"r\"}"));
    cr_expect_eq(fake.changed, 0);
    cr_expect(run(&fake, passes, "rollback", json));
    cr_expect(strstr(fake.last, "json \"rollback\" \"shop\" \"--emergency\" \"--reason\"") != NULL,
              "%s", fake.last);
    cr_expect_eq(fake.changed, 1);
    passes_free(passes);
}

Test(tools, nothing_is_deployed_on_a_live_slot)
{
    FAKE(fake);
    struct passes *passes = passes_new();

    cr_expect_not(run(&fake, passes, "deploy_to_standby",
                      "{\"service\":\"shop\",\"slot\":\"blue\",\"targets\":[\"a:1\"]}"));
    cr_expect_not(run(&fake, passes, "deploy_to_standby",
                      "{\"service\":\"shop\",\"slot\":\"red\",\"targets\":[\"a:1\"]}"));
    cr_expect_not(
        run(&fake, passes, "deploy_to_standby", "{\"service\":\"other\",\"targets\":[\"a:1\"]}"));
    cr_expect(
        run(&fake, passes, "deploy_to_standby", "{\"service\":\"shop\",\"targets\":[\"a:1\"]}"));
    cr_expect_eq(fake.changed, 0);
    passes_free(passes);
}

Test(tools, a_deployment_of_nothing_gets_no_token)
{
    FAKE(fake);
    struct passes *passes = passes_new();

    cr_expect_not(run(&fake, passes, "deploy_to_standby", "{\"service\":\"shop\"}"));
    cr_expect_not(run(&fake, passes, "deploy_to_standby", "{\"service\":\"shop\",\"targets\":[]}"));
    cr_expect_eq(fake.asked, 0);
    cr_expect(
        run(&fake, passes, "deploy_to_standby", "{\"service\":\"shop\",\"action\":\"ship\"}"));
    cr_expect_eq(fake.changed, 0);
    passes_free(passes);
}

/* Arguments that are right, wrong and nearly right, and tokens that nobody gave out. */
static void write_random(uint64_t *state, const struct tool *tool, char *out, size_t size)
{
    static const char *const values[] = { "\"shop\"",    "\"green\"",
                                          "true",        "1",
                                          "[\"a:1\"]",   "{\"A\":\"b\"}",
                                          "\"--force\"", "\"\"",
                                          "null",        "-1",
                                          "\"x\\ny\"",   "\"0123456789abcdef0123456789abcdef\"",
                                          "\"why\"",     "600" };
    size_t len = (size_t)snprintf(out, size, "{");
    size_t count = tool_param_count(tool);

    for (size_t i = 0; i < count; i++) {
        *state = *state * 6364136223846793005ull + 1442695040888963407ull;
        if ((*state >> 33) % 3 == 0)
            continue;
        len += (size_t)snprintf(
            out + len, size - len, "%s\"%s\":%s", len > 1 ? "," : "", tool->params[i].name,
            i == 0 && (*state >> 40) % 2 == 0 ? "\"shop\"" : values[(*state >> 45) % 14]);
    }
    snprintf(out + len, size - len, "}");
}

Test(tools, random_calls_change_nothing)
{
    struct fake fake = { .lock = PTHREAD_MUTEX_INITIALIZER, .role = "admin" };
    struct passes *passes = passes_new();
    uint64_t state = 20261121;
    char json[1024];
    unsigned done = 0;

    for (unsigned i = 0; i < 100000; i++) {
        const struct tool *tool = tool_at(i % 6);

        write_random(&state, tool, json, sizeof json);
        done += run(&fake, passes, tool->name, json);
        cr_assert_eq(fake.changed, 0, "%s %s: %s", tool->name, json, fake.last);
    }
    cr_expect_gt(done, 1000, "hardly any call was right: %u", done);
    passes_free(passes);
}
