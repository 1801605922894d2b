/* What the doors of control (admin socket, API) are given of the daemon. Thread: control. */
#ifndef APP_DAEMON_ROOM_H
#define APP_DAEMON_ROOM_H

#include "control/admin.h"

struct daemon;

struct control_room daemon_room(struct daemon *daemon);

#endif
