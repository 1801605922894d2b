/*
 * A server that speaks just enough of PostgreSQL's protocol to get it wrong: on a socket in a folder of its own, on a
 * thread of its own. Test thread.
 */
#ifndef UNIT_STORE_FAKE_SERVER_H
#define UNIT_STORE_FAKE_SERVER_H

struct fake_server;

enum fake_manner {
    FAKE_NO_WORDS,   /* the login is refused by an error without any field */
    FAKE_GARBAGE,    /* bytes that are no message */
    FAKE_HUGE,       /* a message that says it has two gigabytes */
    FAKE_CLOSES,     /* takes the login and closes at the first question */
    FAKE_NO_FIELDS,  /* takes the login; every question has an error without any field */
    FAKE_COPY,       /* every question begins a copy that does not end */
    FAKE_NO_COLUMNS, /* every question has no row and no column */
    FAKE_HANGS       /* takes the login and is silent */
};

struct fake_server *fake_server_start(enum fake_manner manner);
const char *fake_server_dsn(const struct fake_server *server);
unsigned fake_server_logins(const struct fake_server *server); /* connections so far */
void fake_server_stop(struct fake_server *server);

#endif
