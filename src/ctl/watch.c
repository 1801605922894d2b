/*
 * See watch.h. Differences are taken between answers, with the daemon's own clock, so that nothing is lost and nothing
 * counted twice however late we come. On a screen a daemon that is away is waited for; in a pipe that is the end.
 */
#include "ctl/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "ctl/live.h"
#include "ctl/load_view.h"
#include "ctl/screen.h"
#include "ctl/talk.h"

enum {
    EXIT_FAILED = 1,
    EXIT_UNREACHABLE = 8,
    SECOND_US = 1000000,
    ANSWER_MAX = 64 << 20,
    STAMP_SECONDS = 19, /* of "2026-01-02T03:04:05" */
};

struct watch {
    const struct options *options;
    bool is_screen;
    bool has_color;
    struct load_view before;
    struct load_view after;
    bool has_both;
    char trouble[256]; /* "": there is none */
    char stamp[CLOCK_STAMP_SIZE];
    uint64_t left; /* rows to go; 0: no end */
    int code;      /* of the end */
};

/* False: words are in trouble, and the code of it in watch->code. */
static bool ask(struct watch *watch, struct load_view *out)
{
    struct talk talk = { .path = watch->options->socket,
                         .timeout_us = 10ull * SECOND_US,
                         .line = text_slice(&watch->options->line),
                         .payload = -1 };
    struct text answer;
    enum talk_fault fault = TALK_DONE;
    bool is_good = false;

    text_init(&answer, ANSWER_MAX);
    fault = talk_ask(&talk, &answer);
    if (fault == TALK_DONE) {
        is_good = load_view_parse(text_slice(&answer), out, &watch->code, watch->trouble,
                                  sizeof watch->trouble) == 0;
    } else {
        watch->code = EXIT_UNREACHABLE;
        snprintf(watch->trouble, sizeof watch->trouble, "cannot reach the daemon on %.150s: %s",
                 watch->options->socket, errno != 0 ? strerror(errno) : "it closed the connection");
    }
    text_fini(&answer);
    return is_good;
}

static void take(struct watch *watch, struct load_view *now)
{
    watch->trouble[0] = '\0';
    watch->code = 0;
    load_view_free(&watch->before);
    watch->before = watch->after;
    watch->after = *now;
    watch->has_both = watch->before.rows != NULL && watch->after.at_us > watch->before.at_us;
    clock_stamp(clock_wall_us(), watch->stamp);
    snprintf(watch->stamp + STAMP_SECONDS, 2, "Z");
}

static void draw(const struct watch *watch)
{
    struct live live = { .before = &watch->before,
                         .after = &watch->after,
                         .stamp = watch->stamp,
                         .trouble = watch->trouble[0] != '\0' ? watch->trouble : NULL,
                         .has_color = watch->has_color };
    struct text out;

    text_init(&out, ANSWER_MAX);
    if (watch->is_screen) {
        screen_size(&live.rows, &live.columns);
        live_draw(&live, &out);
        screen_write(text_slice(&out));
    } else {
        (watch->options->is_json ? live_print_json : live_print)(&live, &out);
        fwrite(out.bytes, 1, out.len, stdout);
    }
    text_fini(&out);
}

/* Until then; false: the user has had enough. */
static bool rest(const struct watch *watch, uint64_t until_us)
{
    uint64_t now_us = clock_monotonic_us();
    int key = -1;

    if (!watch->is_screen) {
        uint64_t us = until_us > now_us ? until_us - now_us : 0;

        (void)nanosleep(&(struct timespec){ .tv_sec = (time_t)(us / SECOND_US),
                                            .tv_nsec = (long)(us % SECOND_US) * 1000 },
                        NULL);
        return true;
    }
    while ((key = screen_key(until_us)) != 0) {
        if (key == 'q' || key == 'Q')
            return false;
        if (key == -1)
            draw(watch);
    }
    return true;
}

/* One second's work; false: that was the last. */
static bool turn(struct watch *watch)
{
    struct load_view now;

    if (ask(watch, &now))
        take(watch, &now);
    else if (!watch->is_screen || watch->code != EXIT_UNREACHABLE)
        return false;
    if (!watch->is_screen && !watch->has_both)
        return true; /* nothing is known yet of any second */
    draw(watch);
    if (!watch->is_screen && (fflush(stdout) != 0 || ferror(stdout))) {
        watch->code = EXIT_FAILED;
        return false;
    }
    return watch->left == 0 || !watch->has_both || --watch->left > 0;
}

int watch_run(const struct options *options, bool has_color)
{
    struct watch watch = {
        .options = options,
        .is_screen = !options->is_json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO),
        .has_color = has_color,
        .left = options->count,
    };
    uint64_t next_us = clock_monotonic_us();

    if (watch.is_screen)
        screen_open();
    while (turn(&watch)) {
        uint64_t now_us = clock_monotonic_us();

        next_us += SECOND_US;
        if (next_us < now_us)
            next_us = now_us;
        if (!rest(&watch, next_us)) {
            watch.code = 0;
            break;
        }
    }
    screen_close();
    if (watch.code != 0)
        fprintf(stderr, "switchctl: %s\n", watch.trouble);
    load_view_free(&watch.before);
    load_view_free(&watch.after);
    return watch.code;
}
