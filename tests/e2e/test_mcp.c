/*
 * `switchctl mcp` as agents use it: through the public SDK's client (tests/web, installed by scripts/web-deps), and by raw lines
 * where the SDK would not go.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/scene.h"
#include "support/stage.h"

static const char *program(void)
{
    const char *named = getenv("SWITCHCTL_BIN");

    return named != NULL ? named : BUILD_DIR "/switchctl";
}

/* What the command printed; *status: how it ended. The caller frees. */
static char *read_command(const char *command, int *status)
{
    FILE *pipe = popen(command, "r");
    struct text text;
    char bytes[4096];
    size_t count = 0;

    cr_assert_not_null(pipe);
    text_init(&text, 4 << 20);
    while ((count = fread(bytes, 1, sizeof bytes, pipe)) > 0)
        text_add_slice(&text, slice_of(bytes, count));
    *status = pclose(pipe);
    return text_take(&text);
}

Test(mcp, an_agent_with_the_public_client)
{
    struct origin_auto *extra = NULL;
    struct stage stage;
    char *command = NULL;
    char *said = NULL;
    char *wrong = NULL;
    int status = -1;

    if (system("node --version >/dev/null 2>&1 && test -d " BUILD_DIR "/web/node_modules") != 0) {
        scene_skip("mcp::an_agent_with_the_public_client", "needs node and scripts/web-deps");
        return;
    }
    extra = origin_auto_start("127.0.0.1:0", "green", 0);
    stage_open(&stage, &(struct stage_options){ .lines = "health { interval = \"200ms\" }\n" });
    command = mem_format(
        "SWITCHYARD_WEB=%s/web timeout 120 node %s/tests/web/mcp_client.mjs %s %s %s 2>&1",
        BUILD_DIR, SOURCE_DIR, program(), daemon_socket(stage.daemon), origin_auto_address(extra));
    said = read_command(command, &status);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", said);
    cr_expect(strstr(said, "ok all") != NULL, "%s", said);
    wrong = stage_close(&stage);
    cr_expect(wrong == NULL, "%s", wrong);
    origin_auto_stop(extra);
    free(wrong);
    free(said);
    free(command);
}

Test(mcp, without_a_daemon_every_tool_says_so)
{
    static const char lines[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
                                "\"params\":{\"protocolVersion\":\"1999\"}}\n"
                                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/"
                                "call\",\"params\":{\"name\":\"get_history\"}}\n";
    char *command = mem_format("printf '%%s' '%s' | timeout 30 %s -s /nonexistent/admin.sock mcp",
                               lines, program());
    int status = -1;
    char *said = read_command(command, &status);

    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", said);
    cr_expect(strstr(said, "\"protocolVersion\":\"2025-11-25\"") != NULL, "%s", said);
    cr_expect(strstr(said, "cannot be reached") != NULL, "%s", said);
    cr_expect(strstr(said, "\"isError\":true") != NULL, "%s", said);
    free(said);
    free(command);
}
