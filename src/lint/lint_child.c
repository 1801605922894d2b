/* The child that does the work: see lint_child_priv.h. */
#include "lint/lint_child_priv.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lint/sanitized_priv.h"

enum { STACK_BYTES = 64 << 20, CODE_FAILED = 1 };

static void set_limit(int what, rlim_t value)
{
    struct rlimit limit = { .rlim_cur = value, .rlim_max = value };
    struct rlimit now;

    if (getrlimit(what, &now) == 0 && now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
        limit.rlim_cur = limit.rlim_max = now.rlim_max;
    (void)setrlimit(what, &limit);
}

static void set_limits(const struct lint_options *options)
{
#if !SANITIZED /* whose shadow needs terabytes of addresses */
    set_limit(RLIMIT_AS, options->memory_max_bytes);
#endif
    set_limit(RLIMIT_STACK, STACK_BYTES);
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_CPU, options->time_max_us / 1000000 + 1);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Waits for the child until the deadline; false: it had to be killed. */
static bool wait_child(pid_t pid, uint64_t deadline_us, int *status)
{
    struct pollfd entry = { .fd = pidfd_open(pid, 0), .events = POLLIN };
    int ready = 0;

    while (entry.fd >= 0 && ready <= 0) {
        uint64_t now_us = clock_monotonic_us();

        if (now_us >= deadline_us)
            break;
        ready = poll(&entry, 1, (int)((deadline_us - now_us) / 1000 + 1));
        if (ready < 0 && errno != EINTR)
            break;
    }
    if (entry.fd >= 0 && ready <= 0)
        (void)kill(pid, SIGKILL);
    if (entry.fd >= 0)
        close(entry.fd);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
    return entry.fd < 0 || ready > 0; /* without a descriptor the limit of CPU time is left */
}

static void say(const struct lint_options *options, const struct lint_progress *progress,
                const char *what)
{
    fprintf(stderr, "switchctl: %s%s", progress->path[0] != '\0' ? progress->path : "db lint",
            progress->path[0] != '\0' && progress->line > 0 ? "" : ": ");
    if (progress->path[0] != '\0' && progress->line > 0)
        fprintf(stderr, ":%u: ", progress->line);
    fprintf(stderr,
            "%s\nremedy: look at that statement, split the file, or allow more: --max-time "
            "(now %llu s), --max-memory (now %llu MiB)\n",
            what, (unsigned long long)(options->time_max_us / 1000000),
            (unsigned long long)(options->memory_max_bytes >> 20));
}

static int judge_status(const struct lint_options *options, const struct lint_progress *progress,
                        bool is_in_time, int status)
{
    char words[120];

    if (!is_in_time || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) {
        say(options, progress, "the analysis was not over in time");
        return CODE_FAILED;
    }
    if (WIFEXITED(status) && progress->is_over)
        return WEXITSTATUS(status);
    snprintf(words, sizeof words,
             "the analysis broke off (%s %d): out of memory, or a fault of the parser",
             WIFEXITED(status) ? "exit" : "signal",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    say(options, progress, words);
    return CODE_FAILED;
}

int lint_child_run(const struct lint_options *options,
                   int (*work)(const struct lint_options *options, struct lint_progress *progress))
{
    struct lint_progress *progress = NULL;
    int status = 0;
    int code = CODE_FAILED;
    pid_t pid = -1;

    progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED) {
        fprintf(stderr, "switchctl: no memory: %s\n", strerror(errno));
        return CODE_FAILED;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        set_limits(options);
        code = work(options, progress);
        progress->is_over = true;
        exit(fflush(stdout) != 0 || ferror(stdout) ? CODE_FAILED : code);
    }
    if (pid < 0)
        fprintf(stderr, "switchctl: cannot start a process: %s\n", strerror(errno));
    else {
        bool is_in_time = wait_child(pid, clock_monotonic_us() + options->time_max_us, &status);

        code = judge_status(options, progress, is_in_time, status);
    }
    (void)munmap(progress, sizeof *progress);
    return code;
}
