/*
 * The demo app (BUILD_DIR/switchyard-demo) as an app server: for tests with more connections than an origin has threads,
 * and for its WebSocket and raw echoes. It dies with the thread that started it. Test thread.
 */
#ifndef SUPPORT_DEMO_APP_H
#define SUPPORT_DEMO_APP_H

struct demo_app;

struct demo_app *demo_app_start(const char *slot);
const char *demo_app_address(const struct demo_app *app);
void demo_app_stop(struct demo_app *app);

#endif
