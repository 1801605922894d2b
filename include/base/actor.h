/*
 * Who asks, as the audit trail has it: "uid=7(ann) pid=9 as=ci", "sub=ann", "cert=CN=ann,O=Acme sha256=…". Pure, any
 * thread.
 */
#ifndef BASE_ACTOR_H
#define BASE_ACTOR_H

#include <stdbool.h>

#include "base/slice.h"

/* The user alone, which is what the kernel, the token or the certificate says and not what was claimed. */
struct slice actor_user(const char *actor);

/* Someone who comes once over the socket, once with a token and once with a certificate is one person. Two who are
 * called alike count as one, too: of those who must agree better one too few. */
bool actor_is_same_person(const char *a, const char *b);

#endif
