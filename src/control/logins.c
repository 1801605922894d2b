/* See logins_priv.h. peer.c calls it. */
#include "control/logins_priv.h"

#include <pwd.h>
#include <stdio.h>

static void read_login(uid_t uid, char out[LOGINS_TEXT])
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd *entry = NULL;

    out[0] = '\0';
    if (file == NULL)
        return;
    while ((entry = fgetpwent(file)) != NULL) {
        if (entry->pw_uid != uid)
            continue;
        snprintf(out, LOGINS_TEXT, "(%.32s)", entry->pw_name);
        break;
    }
    fclose(file);
}

/* The one of that user, else the one that ends first. */
static struct login *find_place(struct logins *logins, uid_t uid)
{
    struct login *first = &logins->items[0];

    for (unsigned i = 0; i < LOGINS_MAX; i++) {
        struct login *login = &logins->items[i];

        if (login->until_us != 0 && login->uid == uid)
            return login;
        if (login->until_us < first->until_us)
            first = login;
    }
    return first;
}

const char *logins_find(struct logins *logins, uid_t uid, uint64_t now_us)
{
    struct login *login = find_place(logins, uid);

    if (login->until_us != 0 && login->uid == uid && now_us < login->until_us)
        return login->text;
    login->uid = uid;
    login->until_us = now_us + LOGINS_US;
    read_login(uid, login->text);
    return login->text;
}
