/*
 * Programs of the configuration (blocks `action`) that are run by their name: from the admin socket and over the API.
 * Owner: app. Thread: control.
 */
#ifndef CONTROL_ACTIONS_H
#define CONTROL_ACTIONS_H

struct actions;
struct control_room;

/* The room's loop, deploy and news (which may be NULL) must outlive it. */
struct actions *actions_new(const struct control_room *room);

/* Ends what still runs. NULL: nothing. */
void actions_free(struct actions *actions);

#endif
