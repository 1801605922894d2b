/*
 * What files say that options name: pins of tenants and the page of maintenance. Read once the blocks
 * are; what is wrong is reported with the line of that file, or of the option.
 */
#ifndef CONFIG_ATTACH_PRIV_H
#define CONFIG_ATTACH_PRIV_H

struct config;
struct origin;

void attach_files(struct config *config, const struct origin *origin);

#endif
