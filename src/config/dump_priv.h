/* The dump as it is hashed and compared, never shown to anybody: see config/dump.h. */
#ifndef CONFIG_DUMP_PRIV_H
#define CONFIG_DUMP_PRIV_H

struct config;
struct text;

/* As dump_config, but with the secrets themselves, so that loading it yields an equal tree. */
void dump_with_secrets(const struct config *config, struct text *out);

#endif
