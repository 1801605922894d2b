/* See base/actor.h. Who counts approvals asks here, so that nobody agrees to what he wants himself. */
#include "base/actor.h"

#include <string.h>

struct slice actor_user(const char *actor)
{
    return slice_of(actor, strcspn(actor, " "));
}

/* Of "cert=O=Acme,CN=ann" that is ann; what is behind a blank of the name was cut off before. */
static struct slice find_common_name(struct slice user)
{
    const char *at = memmem(user.ptr, user.len, "CN=", 3);
    const char *end = user.ptr + user.len;
    size_t len = 0;

    if (at == NULL)
        return slice_of("", 0);
    at += 3;
    while (at + len < end && at[len] != ',' && at[len] != '+')
        len++;
    return slice_of(at, len);
}

/* What the user is called, on the machine, in a token or in a certificate; "" : not known. */
static struct slice login_of(struct slice user)
{
    const char *open = memchr(user.ptr, '(', user.len);

    if (user.len > 4 && memcmp(user.ptr, "sub=", 4) == 0)
        return slice_of(user.ptr + 4, user.len - 4);
    if (user.len > 5 && memcmp(user.ptr, "cert=", 5) == 0)
        return find_common_name(user);
    if (open != NULL && user.ptr[user.len - 1] == ')')
        return slice_of(open + 1, (size_t)(user.ptr + user.len - open) - 2);
    return slice_is_equal(user, SLICE("uid=0")) ? SLICE("root") : slice_of("", 0);
}

bool actor_is_same_person(const char *a, const char *b)
{
    struct slice first = login_of(actor_user(a));

    return slice_is_equal(actor_user(a), actor_user(b)) ||
           (first.len > 0 && slice_is_equal(first, login_of(actor_user(b))));
}
