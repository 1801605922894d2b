/* All workers together: made, tuned, drained, summed. Thread: control. */
#ifndef APP_CREW_H
#define APP_CREW_H

#include <stdbool.h>
#include <stdint.h>

struct lag;
struct config;
struct control_stats;
struct gate;
struct ledger;
struct loop;
struct ring;
struct target;
struct tunnel_drain;
struct crew;

unsigned
crew_size_of(const struct config *config); /* 0 in the configuration: one per CPU we may use */

/* rings: one per worker, or NULL without an access log. */
struct crew *crew_new(struct loop *loop, const struct config *config, struct ring **rings);
void crew_start(struct crew *crew);

/* The secret of this run by which workers know a self-probe (health/selfprobe.h). */
const char *crew_nonce(const struct crew *crew);
unsigned crew_size(const struct crew *crew);

/* fds: one per worker, or NULL to change the gate only. */
void crew_listen(struct crew *crew, unsigned listener_id, const int *fds, const struct gate *gate);
void crew_unlisten(struct crew *crew, unsigned listener_id);
void crew_tune(struct crew *crew, const struct config *config);

/* Called every second: the limit of descriptors may be changed from outside. */
void crew_check_limits(struct crew *crew, const struct config *config);

/* The signature of deploy_ops.evict; arg is the crew. */
void crew_evict(void *arg, struct target *target, bool busy, void (*done)(void *done_arg),
                void *done_arg);

/* The signature of deploy_ops.warm: count is shared out over the workers. */
void crew_warm(void *arg, struct target *target, unsigned count,
               void (*done)(void *done_arg, unsigned open), void *done_arg);

/* The picture has changed for requests that wait: every worker looks at them again. */
void crew_kick(struct crew *crew);
void crew_drain(struct crew *crew, uint64_t grace_us);

/* The signature of deploy_ops.drain_tunnels; the rate is shared out by how many tunnels of the slot each worker has. */
void crew_drain_tunnels(void *arg, const struct tunnel_drain *order);

/* Every tunnel ends within a second; the switch stops. */
void crew_end_tunnels(struct crew *crew);
uint64_t crew_tunnels(const struct crew *crew);

/* What all workers have of ledger->slot (NULL: of all) is appended to the ledger, which must live until done; its
 * entries are on the heap and the caller's. */
void crew_list(struct crew *crew, struct ledger *ledger, void (*done)(void *done_arg),
               void *done_arg);

/* Ends the threads and frees. */
void crew_free(struct crew *crew);
void crew_sum(const struct crew *crew, struct control_stats *out);
uint64_t crew_sessions(const struct crew *crew);
const char *crew_name(const struct crew *crew, unsigned index);      /* "worker-0" */
const struct lag *crew_lag(const struct crew *crew, unsigned index); /* of one worker's loop */

#endif
