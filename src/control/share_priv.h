/*
 * Shares of traffic as people write them: "5%", "0.01%", "25", in hundredths of a percent. Pure, any thread.
 */
#ifndef CONTROL_SHARE_PRIV_H
#define CONTROL_SHARE_PRIV_H

#include <stdint.h>

#include "base/check.h"

struct snapshot_service;

enum { SHARE_TEXT_SIZE = 24 };

/* 0 to 100 with at most two decimals; the percent sign may be left out. ERR_INVALID: no such number; ERR_RANGE:
 * above 100, or finer than 0.01 %. */
MUST_CHECK int share_parse(const char *text, uint32_t *out);

/* "5.00%" of a share in hundredths of a percent. */
void share_format(uint32_t share, char out[SHARE_TEXT_SIZE]);

/* The share of the users that a slot of the picture gets, of SPLIT_WHOLE: what the candidate does not take is the active
 * slot's. */
uint32_t share_of_slot(const struct snapshot_service *service, unsigned slot);

#endif
