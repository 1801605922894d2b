/* The demo app as a child: see demo_app.h. */
#include "support/demo_app.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "support/dial.h"
#include "support/scene.h"

#define GREETING "listening on "

struct demo_app {
    pid_t pid;
    char address[DIAL_TEXT];
};

static void run(const char *slot, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(out, 1) < 0)
        _exit(126);
    execl(BUILD_DIR "/switchyard-demo", "switchyard-demo", "--bind", "127.0.0.1:0", "--slot", slot,
          "--grace", "0s", (char *)NULL);
    _exit(127);
}

/* The line that tells the address; the pipe stays with the child. */
static void read_address(struct demo_app *app, int in)
{
    char line[DIAL_TEXT + sizeof GREETING] = "";
    size_t at = 0;

    while (at < sizeof line - 1 && strchr(line, '\n') == NULL) {
        ssize_t count = read(in, line + at, sizeof line - 1 - at);

        if (count <= 0)
            scene_fail("switchyard-demo does not start");
        at += (size_t)count;
    }
    if (strncmp(line, GREETING, sizeof GREETING - 1) != 0)
        scene_fail("switchyard-demo says \"%s\"", line);
    *strchr(line, '\n') = '\0';
    memcpy(app->address, line + sizeof GREETING - 1, strlen(line) - (sizeof GREETING - 1) + 1);
}

struct demo_app *demo_app_start(const char *slot)
{
    struct demo_app *app = mem_zalloc(sizeof *app);
    int out[2];

    if (pipe2(out, O_CLOEXEC) < 0)
        scene_fail("no pipe: %s", strerror(errno));
    app->pid = fork();
    if (app->pid < 0)
        scene_fail("cannot fork: %s", strerror(errno));
    if (app->pid == 0)
        run(slot, out[1]);
    close(out[1]);
    read_address(app, out[0]);
    close(out[0]);
    return app;
}

const char *demo_app_address(const struct demo_app *app)
{
    return app->address;
}

void demo_app_stop(struct demo_app *app)
{
    kill(app->pid, SIGKILL);
    waitpid(app->pid, NULL, 0);
    free(app);
}
