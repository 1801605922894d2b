/*
 * What is remembered of the baselines, kept over a restart: a canary that begins right after one is judged with it.
 * It is a help and no promise: a file that cannot be read, is too old or of another release is nothing. Control thread.
 */
#ifndef PILOT_PAST_PRIV_H
#define PILOT_PAST_PRIV_H

struct past;
struct pilot;

/* Reads what a life before has left, and keeps what this one remembers from time to time. */
struct past *past_new(struct pilot *pilot);

/* Writes once more. NULL: nothing. */
void past_free(struct past *past);

/* The service is looked at for the first time: its engine gets what is remembered of the slot that is its baseline now. */
void past_give(struct past *past, unsigned service_index);

#endif
