/*
 * Looks every second at what the verified snapshots have on the disk, on a thread of its own, and tells the catalogue: a
 * disk that does not answer holds up nobody else. Started and ended by control.
 */
#ifndef BACKUP_SURVEY_PRIV_H
#define BACKUP_SURVEY_PRIV_H

struct catalogue;
struct survey;

struct survey *survey_start(struct catalogue *catalogue);

/* Looks again now. */
void survey_hurry(struct survey *survey);

/* Waits for its thread; NULL is nothing. */
void survey_end(struct survey *survey);

#endif
