/*
 * The decisions in force as older tools read them: state.json (prod, standby, lastSwitch, switchCount, history),
 * .current-environment (the live slot of the first service, one line) and deployments.log (a line for each move).
 * Written by the thread of the audit trail, never on the way of an answer. Thread: control.
 */
#ifndef APP_COMPAT_H
#define APP_COMPAT_H

struct audit_trail;
struct change;
struct change_result;
struct compat;
struct config;
struct deploy;

struct compat *compat_new(const struct config *config, struct audit_trail *trail);
void compat_free(struct compat *compat);

/* Brings the files up to date. */
void compat_write(struct compat *compat, const struct deploy *deploy);

/* The same when the change has moved a live slot, with a line in the log. */
void compat_note(struct compat *compat, const struct deploy *deploy, const struct change *change,
                 const struct change_result *result);

#endif
