/*
 * One receiver, or program: its queue, the attempt that is under way, when the next one begins, and what became of those before. One
 * event at a time, in order. Owner: the postman. Thread: the postman's.
 */
#ifndef CONTROL_POST_BOX_PRIV_H
#define CONTROL_POST_BOX_PRIV_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "control/post_queue_priv.h"
#include "control/post_request_priv.h"

struct post_spec;

enum post_state { POST_IDLE, POST_SENDING, POST_WAITING };

struct post_view {
    char name[64];
    bool is_hook;
    char place[160];
    enum post_state state;
    struct post_queue_view queue;
    uint64_t delivered;
    uint64_t refused;      /* given up, because trying again would not help */
    uint64_t expired;      /* given up, too old or tried too often */
    uint64_t failures;     /* attempts */
    uint64_t repeats;      /* equal alerts that were not sent one by one */
    uint64_t delivered_us; /* wall times; 0: never */
    uint64_t failed_us;
    uint64_t wait_us; /* POST_WAITING: until the next attempt */
    char
        words[200]; /* of the last failure; "" : the last attempt succeeded, or there was none; of a
                         program: of its last end */
};

/* An event on its way to a box. */
struct post_event {
    bool is_hook; /* for the program of that name */
    char id[40];
    char key[160];
    char *json;
};

/* A program is to be run for an event; by the control thread. */
struct post_run {
    char name[64];
    char id[40];
    uint64_t count;
    unsigned attempt; /* from 1 on */
    char *json;
};
void post_run_free(struct post_run *run); /* NULL: nothing */

struct post_box;

/* spec is taken. */
struct post_box *post_box_new(CURLM *multi, const char *folder, struct post_spec *spec);

/* Events that wait stay in the file, counted ones with them. */
void post_box_free(struct post_box *box);

const char *post_box_name(const struct post_box *box);
bool post_box_is_hook(const struct post_box *box);
void post_box_replace(struct post_box *box, struct post_spec *spec); /* spec is taken */
void post_box_put(struct post_box *box, const struct post_event *event);
void post_box_sync(struct post_box *box);

/* Begins what is due; when it wants to be called again (monotonic us, UINT64_MAX: not before something happens). */
uint64_t post_box_step(struct post_box *box, uint64_t now_us);

/* Sends something beside the queue, once; number: for post_box_end. False: one is under way already. */
bool post_box_test(struct post_box *box, uint64_t number, struct slice json);

/* The end of an attempt; true: it was one of this box. *test: the number of the test that it was, 0: none; then *result
 * is what became of it. */
bool post_box_end(struct post_box *box, CURL *easy, CURLcode code, uint64_t *test,
                  struct post_result *result);

/* Of a program: what is to be run now; the caller frees it. NULL: nothing. And what became of it. */
struct post_run *post_box_take_run(struct post_box *box);
void post_box_ran(struct post_box *box, const char *id, const struct post_result *result);

/* The test that will never end, because the box goes; 0: none. */
uint64_t post_box_open_test(const struct post_box *box);

void post_box_look(const struct post_box *box, uint64_t now_us, struct post_view *out);

#endif
