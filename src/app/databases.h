/* The databases of a configuration as the store wants them. Control thread. */
#ifndef APP_DATABASES_H
#define APP_DATABASES_H

struct config;
struct deploy_databases;
struct store;

/* What this configuration has is watched from now on, and nothing else. */
void databases_apply(struct store *store, const struct config *config);

/* What deploy asks of them; its argument is the store. */
extern const struct deploy_databases databases_for_deploy;

#endif
