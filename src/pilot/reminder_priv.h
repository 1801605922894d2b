/*
 * After a switch the slot before keeps its release for as long as somebody may want to go back, and then wants the new
 * one. Control thread, called by pilot.c once a second.
 */
#ifndef PILOT_REMINDER_PRIV_H
#define PILOT_REMINDER_PRIV_H

struct pilot;

/* An alert when rollout { sync_after } is over and the slot has stayed what it was: once for each switch, and again
 * after a restart. */
void reminder_look(struct pilot *pilot, unsigned service_index);

#endif
