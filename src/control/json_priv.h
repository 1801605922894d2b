/*
 * Building JSON for answers over cJSON: never NULL (memory out aborts, as base/mem.h does), 64-bit integers
 * as their own digits and never through a double, text that is not UTF-8 repaired. Thread: control.
 */
#ifndef CONTROL_JSON_PRIV_H
#define CONTROL_JSON_PRIV_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

cJSON *json_object(void);
cJSON *json_array(void);

/* Into an object under key (a literal: kept by reference), or into an array when key is NULL. */
void json_add(cJSON *parent, const char *key, cJSON *item);           /* takes item */
void json_add_text(cJSON *parent, const char *key, const char *text); /* NULL: null */
void json_add_u64(cJSON *parent, const char *key, uint64_t value);
void json_add_real(cJSON *parent, const char *key, double value); /* not finite: null */
void json_add_bool(cJSON *parent, const char *key, bool value);
void json_add_null(cJSON *parent, const char *key);

/* Seconds with six decimals from microseconds. */
void json_add_seconds(cJSON *parent, const char *key, uint64_t us);

/* On one line; freed with free(). */
char *json_print(const cJSON *item);

#endif
