/* room: mcp. Calls of tools on threads of their own, with progress, cancelling and a reader that goes on reading. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "mcp/mcp.h"

enum { CALLS = 400 };

static int ask(void *arg, struct slice line, uint64_t timeout_us, struct text *answer)
{
    (void)arg;
    (void)timeout_us;
    CHECK(line.len > 0);
    text_add(
        answer,
        "{\"ok\":true,\"code\":0,\"epoch\":1,\"result\":{\"token\":\"abc\",\"slots\":[{\"service\":"
        "\"shop\",\"slot\":\"green\",\"role\":\"standby\"}]},\"text\":\"x\"}");
    return ERR_OK;
}

int main(void)
{
    struct mcp_ops ops = { .ask = ask };
    FILE *in = tmpfile();
    FILE *out = tmpfile();
    struct mcp_options options = { .version = "0", .ops = &ops };
    char line[4096];
    unsigned answers = 0;

    CHECK(in != NULL && out != NULL);
    fputs("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
          "\"1\"}}\n",
          in);
    for (int i = 1; i <= CALLS; i++) {
        fprintf(in,
                "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"tools/"
                "call\",\"params\":{\"name\":\"%s\",\"arguments\":"
                "{\"service\":\"shop\"},\"_meta\":{\"progressToken\":%d}}}\n",
                i, i % 2 == 0 ? "switch_traffic" : "deploy_to_standby", i);
        fprintf(in, "{\"jsonrpc\":\"2.0\",\"id\":\"p%d\",\"method\":\"ping\"}\n", i);
    }
    fflush(in);
    rewind(in);
    options.in = fileno(in);
    options.out = fileno(out);
    CHECK(mcp_run(&options) == ERR_OK);
    rewind(out);
    while (fgets(line, sizeof line, out) != NULL)
        answers += strncmp(line, "{\"jsonrpc\":\"2.0\",\"id\":", 22) == 0;
    CHECK(answers == 1 + 2 * CALLS); /* each was answered, if only that there were too many */
    fclose(in);
    fclose(out);
    printf("ok %u answers\n", answers);
    return 0;
}
