/* switchctl and the admin socket for tests: see support/ctl.h. */
#include "support/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "support/dial.h"
#include "support/scene.h"

enum { RUN_MS = 60000, WORDS_MAX = 48 };

/* Reads both ends until they close or the deadline passes; false then. */
static bool collect(int out, int err, struct text *texts)
{
    struct pollfd ends[2] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };
    uint64_t deadline = clock_monotonic_us() + (uint64_t)RUN_MS * 1000;
    char part[16384];

    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        if (clock_monotonic_us() > deadline)
            return false;
        if (poll(ends, 2, 200) <= 0)
            continue;
        for (int i = 0; i < 2; i++) {
            ssize_t count = 0;

            if (ends[i].fd < 0 || ends[i].revents == 0)
                continue;
            count = read(ends[i].fd, part, sizeof part);
            if (count > 0)
                text_add_slice(&texts[i], slice_of(part, (size_t)count));
            else
                ends[i].fd = -1;
        }
    }
    return true;
}

static void run_switchctl(char *const words[], int out, int err)
{
    int nothing = open("/dev/null", O_RDONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(126);
    for (int i = 3; i < 1024; i++)
        close(i);
    execvp(words[0], words);
    _exit(127);
}

static char *take_or_empty(struct text *text)
{
    return text->bytes != NULL ? text_take(text) : mem_text("");
}

struct ctl_result ctl_run_words(const struct daemon *daemon, const char *const *words)
{
    const char *binary = getenv("SWITCHCTL_BIN");
    struct ctl_result result = { .code = -1, .started_us = clock_monotonic_us() };
    struct text texts[2];
    char *all[WORDS_MAX] = { NULL };
    int out[2];
    int err[2];
    int count = 0;
    int status = 0;
    pid_t pid = 0;

    all[count++] = mem_text(binary != NULL ? binary : BUILD_DIR "/switchctl");
    if (daemon != NULL) {
        all[count++] = mem_text("-s");
        all[count++] = mem_text(daemon_socket(daemon));
    }
    for (int i = 0; words[i] != NULL && count < WORDS_MAX - 1; i++)
        all[count++] = mem_text(words[i]);
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
        scene_fail("no pipe: %s", strerror(errno));
    pid = fork();
    if (pid == 0)
        run_switchctl(all, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    text_init(&texts[0], 16 << 20);
    text_init(&texts[1], 16 << 20);
    if (!collect(out[0], err[0], texts))
        kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    result.ended_us = clock_monotonic_us();
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result.out = take_or_empty(&texts[0]);
    result.err = take_or_empty(&texts[1]);
    close(out[0]);
    close(err[0]);
    for (int i = 0; i < count; i++)
        free(all[i]);
    return result;
}

struct ctl_result ctl_run(const struct daemon *daemon, const char *words)
{
    const char *list[WORDS_MAX] = { NULL };
    char *copy = mem_text(words);
    char *rest = copy;
    char *word = NULL;
    int count = 0;
    struct ctl_result result;

    while (count < WORDS_MAX - 1 && (word = scene_cut(&rest, ' ')) != NULL)
        list[count++] = word;
    result = ctl_run_words(daemon, list);
    free(copy);
    return result;
}

void ctl_free(struct ctl_result *result)
{
    free(result->out);
    free(result->err);
    result->out = result->err = NULL;
}

int ctl_code(const struct daemon *daemon, const char *words)
{
    struct ctl_result result = ctl_run(daemon, words);

    ctl_free(&result);
    return result.code;
}

cJSON *ctl_json(const struct daemon *daemon, const char *words, int *code)
{
    char *line = mem_format("--json %s", words);
    struct ctl_result result = ctl_run(daemon, line);
    cJSON *json = cJSON_Parse(result.out);

    if (code != NULL)
        *code = result.code;
    free(line);
    ctl_free(&result);
    return json;
}

bool ctl_open(struct ctl_line *line, const struct daemon *daemon)
{
    char *address = mem_format("unix:%s", daemon_socket(daemon));

    line->fd = dial_connect(address);
    free(address);
    text_init(&line->in, 16 << 20);
    return line->fd >= 0;
}

void ctl_close(struct ctl_line *line)
{
    if (line->fd >= 0)
        close(line->fd);
    line->fd = -1;
    text_fini(&line->in);
}

bool ctl_post(struct ctl_line *line, const char *words)
{
    char *whole = mem_format("%s\n", words);
    size_t len = strlen(whole);
    bool sent = send(line->fd, whole, len, MSG_NOSIGNAL) == (ssize_t)len;

    free(whole);
    return sent;
}

const char *ctl_hear(struct ctl_line *line, unsigned ms)
{
    uint64_t end = clock_monotonic_us() + (uint64_t)ms * 1000;
    char part[16384];

    text_clear(&line->in);
    for (;;) {
        struct pollfd wait = { .fd = line->fd, .events = POLLIN };
        uint64_t now = clock_monotonic_us();
        ssize_t count = 0;

        if (now >= end || poll(&wait, 1, (int)((end - now) / 1000 + 1)) <= 0)
            return NULL;
        count = recv(line->fd, part, sizeof part, 0);
        if (count <= 0)
            return NULL;
        text_add_slice(&line->in, slice_of(part, (size_t)count));
        if ((line->in.len >= 2 && memcmp(line->in.bytes + line->in.len - 2, "\n\n", 2) == 0) ||
            strcmp(line->in.bytes, "\n") == 0)
            return line->in.bytes;
    }
}

const char *ctl_say(struct ctl_line *line, const char *words, unsigned ms)
{
    return ctl_post(line, words) ? ctl_hear(line, ms) : NULL;
}
