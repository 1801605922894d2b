/*
 * A file of pins: one "TENANT SLOT" per line, '#' starts a comment, blank lines are fine. A million
 * lines are read in well under a second. Pure but for the report.
 */
#ifndef CONFIG_PINS_FILE_PRIV_H
#define CONFIG_PINS_FILE_PRIV_H

#include <stdint.h>

#include "base/slice.h"

struct config_pins;
struct config_service;
struct report;

#define PINS_FILE_LINES_MAX 5000000u
#define PINS_FILE_BYTES_MAX 1073741824u

/* Fills items, count and hash from the bytes of pins->file; slots must be those of the service. What
 * is wrong goes to the report, with the file's own lines. */
void pins_file_parse(struct slice bytes, const struct config_service *service,
                     struct config_pins *pins, struct report *report);

#endif
