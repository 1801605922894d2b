/* The databases of a configuration as the store wants them. Control thread. */
#ifndef APP_DATABASES_H
#define APP_DATABASES_H

struct config;
struct store;

/* What this configuration has is watched from now on, and nothing else. */
void databases_apply(struct store *store, const struct config *config);

#endif
