/* How the daemon stands, for the service manager: once a second, in a line for people. Thread: control. */
#ifndef APP_BULLETIN_H
#define APP_BULLETIN_H

struct daemon;

void bulletin_tell(struct daemon *daemon);

#endif
