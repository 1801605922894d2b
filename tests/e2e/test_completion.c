/*
 * The scripts of `switchctl completion` in the shells themselves, with a daemon and without; and the manual pages as
 * mandoc reads them.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/scene.h"
#include "support/tool.h"

enum { TOOL_MS = 30000 };

static const struct stage_options usual = { 0 };

static const char *ctl_binary(void)
{
    const char *binary = getenv("SWITCHCTL_BIN");

    return binary != NULL ? binary : BUILD_DIR "/switchctl";
}

/* What bash makes of a line that ends where the cursor is: its candidates with blanks between. */
static char *complete_in_bash(const char *line, const char *socket)
{
    char *script = mem_format("source <(%s completion bash)\n"
                              "export SWITCHYARD_SOCKET='%s'\n"
                              "COMP_LINE=\"%s %s\"; COMP_POINT=${#COMP_LINE}\n"
                              "_switchctl; echo \"${COMPREPLY[*]}\"\n",
                              ctl_binary(), socket, ctl_binary(), line);
    const char *const words[] = { "bash", "--norc", "-eu", "-c", script, NULL };
    char *out = NULL;
    int code = tool_run(&(struct tool){ .words = words, .ms = TOOL_MS }, &out);

    cr_expect_eq(code, 0, "bash: %d: %s", code, out);
    free(script);
    return out;
}

static void expect_in_bash(const char *line, const char *socket, const char *want)
{
    char *got = complete_in_bash(line, socket);
    char *whole = mem_format("%s\n", want);

    cr_expect_str_eq(got, whole, "%s: %s", line, got);
    free(whole);
    free(got);
}

Test(completion, bash_without_a_daemon)
{
    expect_in_bash("swi", "/nowhere", "switch");
    expect_in_bash("canary pr", "/nowhere", "promote");
    expect_in_bash("switch --confirm", "/nowhere", "--confirm-within");
    expect_in_bash("switch ", "/nowhere", "");
}

Test(completion, bash_knows_the_names)
{
    struct stage stage;
    char *target = NULL;
    char *line = NULL;

    stage_open(&stage, &usual);
    expect_in_bash("switch ", daemon_socket(stage.daemon), "shop");
    expect_in_bash("switch shop --to ", daemon_socket(stage.daemon), "blue green");
    expect_in_bash("drain shop/g", daemon_socket(stage.daemon), "shop/green");
    /* bash cuts words at a colon: what it is given begins behind it */
    target = mem_text(origin_auto_address(stage.blue));
    line = mem_format("target set shop/blue/%.*s", (int)(strchr(target, ':') + 1 - target), target);
    expect_in_bash(line, daemon_socket(stage.daemon), strchr(target, ':') + 1);
    free(line);
    free(target);
    STOP_STAGE(&stage);
}

Test(completion, zsh_reads_the_script)
{
    char *script = mem_format("autoload -Uz compinit; compinit -u -D; source <(%s completion zsh); "
                              "print -r -- ${_comps[switchctl]}",
                              ctl_binary());
    const char *const words[] = { "zsh", "-f", "-c", script, NULL };
    char *out = NULL;

    if (tool_exists("zsh")) {
        cr_expect_eq(tool_run(&(struct tool){ .words = words, .ms = TOOL_MS }, &out), 0, "%s", out);
        cr_expect_str_eq(out, "_switchctl\n", "%s", out);
    }
    free(out);
    free(script);
}

Test(completion, asks_for_a_shell)
{
    struct ctl_result result = ctl_run(NULL, "completion fish");

    cr_expect_eq(result.code, 2);
    cr_expect_not_null(strstr(result.err, "bash|zsh"));
    ctl_free(&result);
}

/* The pages of the manual are right as mandoc sees it: no warning, no error. */
Test(completion, manual_pages_are_clean)
{
    static const char *const pages[] = { "man/switchctl.1", "man/switchyard.8",
                                         "man/switchyard.conf.5" };

    if (!tool_exists("mandoc"))
        return;
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        const char *const words[] = { "mandoc", "-T", "lint", "-W", "warning", pages[i], NULL };
        char *out = NULL;
        int code =
            tool_run(&(struct tool){ .words = words, .folder = SOURCE_DIR, .ms = TOOL_MS }, &out);

        cr_expect_eq(code, 0, "%s\n%s", pages[i], out);
        free(out);
    }
}
