/*
 * run_dir/ports.json and run_dir/switchyard.pid: where the running switch listens, written (atomically) when it
 * is ready to serve, for scripts and tests that let the kernel choose ports. Thread: control.
 */
#ifndef APP_PORTS_H
#define APP_PORTS_H

struct api;
struct doors;

void ports_write(const char *run_dir, const struct doors *doors, const struct api *api);
void ports_remove(const char *run_dir);

#endif
