/*
 * Read-copy-update, hidden: readers enter a section that does not allocate, log, call back or return
 * to the loop; a writer that has exchanged a pointer waits until every section that may still see the
 * old one has ended. Every reading thread registers at its start and unregisters at its end.
 * In ThreadSanitizer builds an extra release/acquire edge makes the order visible to the tool.
 */
#ifndef BASE_RCU_H
#define BASE_RCU_H

void rcu_thread_begin(void);
void rcu_thread_end(void);
void rcu_read_begin(void);
void rcu_read_end(void);

/* Waits for the grace period; microseconds, never from inside a read-side section. */
void rcu_grace_period(void);

#endif
