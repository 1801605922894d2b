/*
 * What no single value can show: names that must exist or be unique, routes that no request can reach,
 * addresses used twice, options without an effect. Also fills in what follows from others: the
 * active slot, the indexes of groups, the widest limits.
 */
#ifndef CONFIG_CROSSCHECK_PRIV_H
#define CONFIG_CROSSCHECK_PRIV_H

struct config;
struct origin;

void crosscheck_config(struct config *config, const struct origin *origin);

/* The part about tenants, canary, preview and chain, in crosscheck_steering.c. */
void crosscheck_steering(struct config *config, const struct origin *origin);

/* The part about limits, queues, warm starts and prefixes, in crosscheck_policy.c. */
void crosscheck_policy(const struct config *config, const struct origin *origin);

/* The part about guards and the rules of the judgement, in crosscheck_judgement.c. */
void crosscheck_judgement(const struct config *config, const struct origin *origin);

/* The part about roles and keys, in crosscheck_api.c. */
void crosscheck_api(const struct config *config, const struct origin *origin);

/* The part about signals, in crosscheck_signal.c. */
void crosscheck_signal(const struct config *config, const struct origin *origin);

/* The part about gates and rollouts, in crosscheck_rollout.c. */
void crosscheck_rollout(const struct config *config, const struct origin *origin);

/* The part about answers of probes and ejection, in crosscheck_health.c. */
void crosscheck_health(const struct config *config, const struct origin *origin);

/* The part about TLS to targets, in crosscheck_tls.c. */
void crosscheck_tls(const struct config *config, const struct origin *origin);

/* The part about databases, in crosscheck_database.c. */
void crosscheck_database(const struct config *config, const struct origin *origin);
/* The part about actions, in crosscheck_action.c. */
void crosscheck_action(const struct config *config, const struct origin *origin);

/* The part about webhooks and hooks, in crosscheck_event.c. */
void crosscheck_event(const struct config *config, const struct origin *origin);

/* The part about hosts and paths, in crosscheck_route.c. */
void crosscheck_route(const struct config *config, const struct origin *origin);

#endif
