/*
 * switchctl: a thin client of the admin socket. The daemon owns all logic; this program sends one line, prints
 * the answer and exits with the code that is in it.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/agents.h"
#include "ctl/audit_command.h"
#include "ctl/completion.h"
#include "ctl/database.h"
#include "ctl/options.h"
#include "ctl/outflow.h"
#include "ctl/paint.h"
#include "ctl/progress.h"
#include "ctl/talk.h"
#include "ctl/token_command.h"
#include "ctl/watch.h"
#include "lint/lint_command.h"

enum {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_TIMEOUT = 4,
    EXIT_UNREACHABLE = 8,
    EXIT_SIGNAL = 128,
    ANSWER_MAX = 64 << 20,
};

/* Ends at once, with the code a shell expects; nothing is to be cleaned up. */
static void on_signal(int number)
{
    _exit(EXIT_SIGNAL + number);
}

static void set_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool wants_color(const struct options *options)
{
    const char *no_color = getenv("NO_COLOR");

    return !options->no_color && !options->is_json && isatty(STDOUT_FILENO) &&
           (no_color == NULL || no_color[0] == '\0');
}

static void print_text(const struct options *options, const char *words, int code)
{
    FILE *to = code == 0 || code == 10 ? stdout : stderr;
    struct text painted;

    if (!wants_color(options)) {
        fputs(words, to);
        return;
    }
    text_init(&painted, ANSWER_MAX);
    paint_text(slice_from(words), &painted);
    fputs(painted.bytes != NULL ? painted.bytes : "", to);
    text_fini(&painted);
}

/* Prints the answer as it was asked for; the exit code in it. */
static int print_answer(const struct options *options, const struct text *answer)
{
    cJSON *json = cJSON_ParseWithLength(answer->bytes, answer->len);
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(json, "code");
    const cJSON *words = cJSON_GetObjectItemCaseSensitive(json, "text");
    int result = EXIT_FAILED;

    if (!cJSON_IsNumber(code)) { /* a refusal before the first command is plain text */
        fprintf(stderr, "switchctl: %.*s\n", SLICE_ARG(text_slice(answer)));
        cJSON_Delete(json);
        return EXIT_FAILED;
    }
    result = code->valueint;
    if (options->is_json)
        puts(answer->bytes);
    else if (cJSON_IsString(words))
        print_text(options, words->valuestring, result);
    cJSON_Delete(json);
    if (fflush(stdout) != 0 || ferror(stdout))
        return result != 0 ? result : EXIT_FAILED;
    return result;
}

static const char *remedy(int error_number)
{
    if (error_number == ENOENT)
        return "is the daemon running? -s SOCKET or $SWITCHYARD_SOCKET names another socket";
    if (error_number == ECONNREFUSED)
        return "the daemon has ended without removing its socket; start it again";
    if (error_number == EACCES || error_number == EPERM)
        return "run as root or as a member of the group of the socket";
    if (error_number == ENAMETOOLONG)
        return "the path of a socket has at most 107 bytes";
    return "see the daemon's log";
}

static int say_failure(const struct options *options, enum talk_fault fault)
{
    int error_number = errno;

    switch (fault) {
    case TALK_DONE: return 0;
    case TALK_UNREACHABLE:
        fprintf(stderr, "switchctl: cannot reach the daemon on %s: %s\nremedy: %s\n",
                options->socket, strerror(error_number), remedy(error_number));
        return EXIT_UNREACHABLE;
    case TALK_TIMEOUT:
        fprintf(stderr,
                "switchctl: the daemon on %s gave no answer in time\n"
                "remedy: the command may still take effect; look at status and history\n",
                options->socket);
        return EXIT_TIMEOUT;
    case TALK_UNREADABLE:
        fprintf(stderr, "switchctl: cannot read %s: %s; nothing has changed\n", options->file,
                strerror(error_number));
        return EXIT_FAILED;
    case TALK_BROKEN:
        fprintf(
            stderr,
            "switchctl: the daemon on %s closed the connection before its answer was complete%s%s\n"
            "remedy: the command may have taken effect; look at status and history\n",
            options->socket, error_number != 0 ? ": " : "",
            error_number != 0 ? strerror(error_number) : "");
        return EXIT_UNREACHABLE;
    }
    return EXIT_FAILED;
}

/* The answer in pieces, as `tenant export` gives it. */
static int ask_long(const struct options *options, const struct talk *asked)
{
    struct talk talk = *asked;
    enum talk_fault fault = TALK_DONE;
    struct outflow outflow;
    int code = 0;

    outflow_init(&outflow, options->is_json);
    talk.on_bytes = outflow_add;
    talk.arg = &outflow;
    fault = talk_run(&talk);
    code = outflow_end(&outflow);
    if (fault != TALK_DONE)
        return say_failure(options, fault);
    return fflush(stdout) != 0 || ferror(stdout) ? EXIT_FAILED : code;
}

static int ask_short(const struct options *options, const struct talk *talk)
{
    enum talk_fault fault = TALK_DONE;
    struct text answer;
    struct talk asked = *talk;
    struct progress progress;
    int code = 0;

    progress_init(&progress, options);
    asked.on_wait = progress_tell;
    asked.wait_arg = &progress;
    text_init(&answer, ANSWER_MAX);
    fault = talk_ask(&asked, &answer);
    progress_fini(&progress);
    if (fault == TALK_DONE)
        code = print_answer(options, &answer);
    else
        code = say_failure(options, fault);
    text_fini(&answer);
    return code;
}

static int ask_once(const struct options *options)
{
    struct talk talk = { .path = options->socket,
                         .timeout_us = options->timeout_us,
                         .line = text_slice(&options->line),
                         .payload = -1 };
    int code = 0;

    if (options->is_long)
        return ask_long(options, &talk);
    if (options->file != NULL && strcmp(options->file, "-") == 0)
        talk.payload = STDIN_FILENO;
    else if (options->file != NULL)
        talk.payload = open(options->file, O_RDONLY | O_CLOEXEC);
    if (options->file != NULL && talk.payload < 0)
        return say_failure(options, TALK_UNREADABLE);
    code = ask_short(options, &talk);
    if (talk.payload > STDIN_FILENO)
        close(talk.payload);
    return code;
}

/* Every second until a signal; on a terminal each time from the top of the screen. */
static int watch(const struct options *options)
{
    bool is_screen = isatty(STDOUT_FILENO) && !options->is_json;
    int code = 0;

    for (;;) {
        if (is_screen)
            fputs("\033[H\033[2J", stdout);
        code = ask_once(options);
        if ((code != 0 && code != EXIT_UNREACHABLE) || ferror(stdout))
            return code;
        (void)nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
}

/* Whether the verb is `db lint`, which asks no daemon; its options that stand before it are moved behind it. */
static bool take_lint(int argc, char **argv)
{
    int at = 1;

    while (at < argc && (strcmp(argv[at], "--json") == 0 || strcmp(argv[at], "--no-color") == 0))
        at++;
    if (at + 1 >= argc || strcmp(argv[at], "db") != 0 || strcmp(argv[at + 1], "lint") != 0)
        return false;
    for (int i = at - 1; i >= 1; i--)
        argv[i + 2] = argv[i];
    return true;
}

int main(int argc, char **argv)
{
    struct options options;
    char problem[160] = "";
    int code = 0;

    set_signals();
    if (audit_command_is_meant(argc, argv))
        return audit_command(argc, argv);
    if (take_lint(argc, argv))
        return lint_command(argc - 3, argv + 3);
    if (argc > 1 && strcmp(argv[1], "token") == 0)
        return token_command(argc - 2, argv + 2); /* asks no daemon either */
    if (completion_run(argc - 1, argv + 1, &code))
        return code;
    if (options_parse(argc, argv, &options, problem, sizeof problem) < 0) {
        fprintf(stderr, "switchctl: %s\n", problem);
        code = EXIT_USAGE;
    } else if (options.help) {
        options_print_help();
    } else if (options.version) {
        puts("switchctl " SWITCHYARD_VERSION " (" SWITCHYARD_COMMIT ")");
    } else if (options.is_agents) {
        code = agents_run(options.socket);
    } else if (database_is_ours(&options)) {
        code = database_run(&options);
    } else {
        code = options.is_live ? watch_run(&options, wants_color(&options))
               : options.watch ? watch(&options)
                               : ask_once(&options);
    }
    options_fini(&options);
    return code;
}
