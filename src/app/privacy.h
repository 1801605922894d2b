/*
 * What a crash may leave behind: no core file, unless the configuration wants one. Once at the start, on the control thread.
 */
#ifndef APP_PRIVACY_H
#define APP_PRIVACY_H

struct config;

void privacy_apply(const struct config *config);

#endif
