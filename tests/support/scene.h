/*
 * What every end-to-end test needs around itself: a private folder, files in it, waiting for a fact
 * with a deadline, what /proc says about a process. A scene that cannot be set up ends the test with a
 * line on standard error (scene_fail); the folder then stays for the post-mortem. Any thread.
 */
#ifndef SUPPORT_SCENE_H
#define SUPPORT_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

enum { SCENE_PATH = 256 };

_Noreturn void scene_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A new empty folder under $TMPDIR or /tmp; the path goes to out (SCENE_PATH bytes). */
void scene_folder(char *out);
void scene_remove(const char *folder); /* with all that is in it */

/* The whole file, terminated; the caller frees. NULL when it cannot be read. *size may be NULL. */
char *scene_read(const char *path, size_t *size);
void scene_write(const char *path, const void *bytes, size_t size);
bool scene_exists(const char *path);

/* Cuts the next non-empty part off *rest, in place; NULL when nothing is left. */
char *scene_cut(char **rest, char separator);

/* Polls until check says true; false when ms have passed. */
typedef bool scene_check_fn(void *arg);
bool scene_await(scene_check_fn *check, void *arg, unsigned ms);
void scene_pause_us(uint64_t us); /* pacing of load only, never in place of a fact */

/* Descriptors of a process without pipes (which are pooled by kind), -1 when it is gone. */
int scene_descriptors(pid_t pid);
void scene_list_descriptors(pid_t pid, struct text *out); /* for the words of a failure */
long scene_rss_kib(pid_t pid);                            /* resident memory, -1 when gone */
int scene_threads(pid_t pid);
uint64_t scene_cpu_us(pid_t pid); /* user and system time so far */

/* Long forms of tests: SWITCHYARD_TEST_FULL=1 picks full, otherwise brief. */
unsigned long scene_scale(unsigned long brief, unsigned long full);

/* Prints "SKIPPED name: why" for the count of scripts/test. */
void scene_skip(const char *name, const char *why);

/* Whether the program is a build with sanitizers (its figures are not judged then). */
bool scene_is_sanitized(void);

#endif
