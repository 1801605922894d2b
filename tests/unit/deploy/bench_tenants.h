/*
 * A desk with tenants: shop on its own (blue, green, old: off), web and api in the group release (api has red,
 * too), dull without tenants. Its writing goes through fault_io.
 */
#ifndef BENCH_TENANTS_H
#define BENCH_TENANTS_H

#include "bench_desk.h"
#include "route/pins.h"

#define FROM "tenant { from = { \"header:X-Tenant-Id\" } } "
#define SLOTS(port)                                                                                \
    "health { enabled = false } slot blue { targets = { \"127.0.0.1:" port "1\" } } "              \
    "slot green { targets = { \"127.0.0.1:" port "2\" } } "
#define SERVICE(name, port, more)                                                                  \
    "service " name " { hosts = { \"" name ".example\" } " SLOTS(port) more "}\n"
#define HEAD "listener http { bind = \"127.0.0.1:0\" }\n"
#define OLD  "slot old { targets = { \"127.0.0.1:9\" } role = \"off\" } "

extern struct bench_desk bench_tenants_desk;

void bench_tenants_begin(void);
void bench_tenants_end(void);
void bench_tenants_restart(void);

struct change bench_tenants_change(enum change_kind kind, const char *name, const char *tenant,
                                   const char *slot);
struct change_result bench_tenants_pin(const char *name, const char *tenant, const char *slot);
struct change_result bench_tenants_unpin(const char *name, const char *tenant);

/* words: "acme=blue pilot=green" */
struct pins *bench_tenants_make(const char *words);
struct change_result bench_tenants_load(const char *name, const char *words);
struct change_result bench_tenants_reload(const char *config);

unsigned bench_tenants_index(const char *service);
const char *bench_tenants_slot(const char *service, const char *tenant); /* "" : not pinned */
size_t bench_tenants_count(const char *service);

/* Files of pins in the state folder, and the path of one. */
unsigned bench_tenants_files(char *last, size_t size);

#endif
