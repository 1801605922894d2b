/*
 * What the configuration of a service says about its judgement, in the numbers that the room evidence works with. Pure.
 */
#ifndef CONFIG_JUDGEMENT_H
#define CONFIG_JUDGEMENT_H

#include "evidence/settings.h"

struct config_service;

void judgement_settings(const struct config_service *service, struct settings *out);

#endif
