/*
 * Counts of commands by verb, level of who gave them, and result, whatever door they came through. Owner: app, for as
 * long as commands are carried out. Thread: control.
 */
#ifndef CONTROL_VERBS_H
#define CONTROL_VERBS_H

struct verbs;

struct verbs *verbs_new(void);
void verbs_free(struct verbs *verbs); /* NULL: nothing */

#endif
