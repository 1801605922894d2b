/* room: mcp. What an agent sends, as lines of a session: no message makes it fail, and none changes anything without a token. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "mcp/mcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static int ask(void *arg, struct slice line, uint64_t timeout_us, struct text *answer)
{
    (void)arg;
    (void)timeout_us;
    CHECK(line.len > 6 && memcmp(line.ptr, "json \"", 6) == 0);
    CHECK(memchr(line.ptr, '\n', line.len) == line.ptr + line.len - 1);
    CHECK(strncmp(line.ptr, "json \"apply\"", 12) != 0);
    text_add(answer, "{\"ok\":true,\"code\":0,\"epoch\":1,\"result\":{},\"text\":\"\"}");
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char hello[] = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
                                "\"params\":{\"protocolVersion\":\"1\"}}\n";
    struct mcp_ops ops = { .ask = ask };
    struct mcp_options options = { .in = memfd_create("in", MFD_CLOEXEC),
                                   .version = "0",
                                   .ops = &ops };

    options.out = memfd_create("out", MFD_CLOEXEC);
    CHECK(options.in >= 0 && options.out >= 0);
    CHECK(write(options.in, hello, sizeof hello - 1) == (ssize_t)sizeof hello - 1);
    CHECK(count == 0 || write(options.in, bytes, count) == (ssize_t)count);
    CHECK(lseek(options.in, 0, SEEK_SET) == 0);
    CHECK(mcp_run(&options) == ERR_OK);
    close(options.in);
    close(options.out);
    return 0;
}
