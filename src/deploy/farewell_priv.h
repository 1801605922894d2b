/*
 * Orders for the tunnels of slots that lose their traffic, or have it again. Control thread.
 */
#ifndef DEPLOY_FAREWELL_PRIV_H
#define DEPLOY_FAREWELL_PRIV_H

struct plan;
struct registry;
struct snapshot;

/* Whether the slot's tunnels were told to end. */
enum farewell {
    FAREWELL_NONE,
    FAREWELL_LEFT,   /* the traffic went elsewhere */
    FAREWELL_DRAINED /* the operator drained all its targets */
};

/* From one picture to the next; both live, and the plan's objects are those of the new one. */
void farewell_tell(struct registry *registry, const struct plan *plan, const struct snapshot *was,
                   const struct snapshot *is);

#endif
