/*
 * How things stand, compactly: services, slots and targets, and what each slot did since the last picture (requests
 * and errors a second, latency). For whoever looks each second. Owner: the event stream. Thread: control.
 */
#ifndef CONTROL_API_PICTURE_PRIV_H
#define CONTROL_API_PICTURE_PRIV_H

#include <stdint.h>

enum { API_PICTURE_MAX = 256 * 1024, API_PICTURE_SLOTS = 256, API_PICTURE_TARGETS = 1000 };

struct api_picture;
struct control_room;
struct text;

struct api_picture *api_picture_new(const struct control_room *room);
void api_picture_free(struct api_picture *picture);

/* One JSON object on one line. Rates are null for a slot that is seen for the first time, or again after more than a
 * few seconds; what is beyond the bounds above is left out, and "left_out" says how many slots. */
void api_picture_write(struct api_picture *picture, uint64_t now_us, struct text *out);

#endif
