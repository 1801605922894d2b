/* A health with real probes, up to four targets with an origin each, and what was told. One at a time. */
#ifndef TESTS_UNIT_HEALTH_SCENE_H
#define TESTS_UNIT_HEALTH_SCENE_H

#include "health/watch_priv.h"
#include "origin.h"

enum { MS = 1000, EVENTS = 16, TARGETS = 4 };

struct event {
    struct target *target;
    enum verdict was;
    enum verdict is;
    char words[PROBE_WORDS_SIZE];
};

/* A loop, a health, up to four targets with an origin each, and what was told. */
struct scene {
    struct loop *loop;
    struct health *health;
    struct timer *poll;
    bool (*is_over)(struct scene *scene);
    uint64_t began_ms;
    uint64_t waited_ms;
    bool forgets; /* on_verdict forgets the target */
    struct service *service;
    struct slot *slot;
    struct target *targets[TARGETS];
    struct origin *origins[TARGETS];
    unsigned target_count;
    struct event events[EVENTS];
    unsigned event_count;
    unsigned answers; /* of health_probe_now */
    struct probe_result answer;
};

extern struct scene scene;

extern const struct origin_script scene_good; /* 200 */
extern const struct origin_script scene_sick; /* 500 */

void scene_begin(unsigned target_count, const struct origin_script *script);
void scene_end(void);

/* Publishes the slot with its targets in these orders. */
void scene_publish(const enum order *orders);

/* An enabled spec with rise 2 and fall 3. */
struct probe_spec scene_spec(uint64_t interval_ms);

/* Runs the loop until it is so; fails the test after 30 s. */
void scene_run_until(bool (*is_over)(struct scene *scene));
bool scene_has_passed_60ms(struct scene *s);
bool scene_has_passed_250ms(struct scene *s);
bool scene_is_known(struct scene *s);
bool scene_is_first_down(struct scene *s);
bool scene_is_first_up(struct scene *s);

#endif
