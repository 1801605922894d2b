/* The command line of the demo app; every fault key is an option too: see demo_options.h. */
#include "demo/demo_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "demo/demo.h"

enum option_code {
    OPTION_BIND,
    OPTION_SLOT,
    OPTION_VERSION,
    OPTION_SEED,
    OPTION_IDLE,
    OPTION_GRACE,
    OPTION_HELP,
    OPTION_FAULT, /* and one more for each fault key */
};

#define OPTION_COUNT (OPTION_FAULT + DEMO_FAULT_KEYS)

struct option_row {
    const char *name;
    const char *argument; /* NULL: none */
    const char *help;
};

static const struct option_row option_rows[OPTION_FAULT] = {
    [OPTION_BIND] = { "bind", "ADDRESS", "127.0.0.1:5000, [::1]:0 or unix:/path; port 0: any" },
    [OPTION_SLOT] = { "slot", "NAME", "what the page and X-Slot say (blue)" },
    [OPTION_VERSION] = { "version", "TEXT", "what the page and X-Version say (v1.0)" },
    [OPTION_SEED] = { "seed", "NUMBER", "start of the random numbers, to repeat a run" },
    [OPTION_IDLE] = { "idle", "TIME", "close connections idle so long (0: never)" },
    [OPTION_GRACE] = { "grace", "TIME", "wait so long for open requests at SIGTERM (5s)" },
    [OPTION_HELP] = { "help", NULL, "this text" },
};

/* "error_rate" as an option: "error-rate". */
static void make_fault_option(size_t index, char *out, size_t size)
{
    CHECK(slice_copy(slice_from(demo_fault_key(index, NULL)), out, size));
    for (; *out != '\0'; out++)
        if (*out == '_')
            *out = '-';
}

static void print_help(void)
{
    puts("usage: switchyard-demo [--bind ADDRESS] [--slot NAME] [--version TEXT] [faults]\n\n"
         "A small app to put behind a switch. It answers on every path with its slot and version,\n"
         "on /health with JSON, and can be told to err, to be slow, or to break off.\n");
    for (size_t i = 0; i < OPTION_FAULT; i++) {
        const char *argument = option_rows[i].argument != NULL ? option_rows[i].argument : "";
        printf("  --%-8s %-9s %s\n", option_rows[i].name, argument, option_rows[i].help);
    }
    puts("\nfaults, also by POST /_admin/fault?error_rate=5%&latency=exp:20ms while it runs:\n");
    for (size_t i = 0; i < DEMO_FAULT_KEYS; i++) {
        char name[32] = "";
        const char *help = NULL;
        make_fault_option(i, name, sizeof name);
        demo_fault_key(i, &help);
        printf("  --%-15s %s\n", name, help);
    }
    puts("\npaths: /  /health  /echo  /headers  /count?id=X (POST counts, GET tells)\n"
         "       /_admin/fault (GET shows, POST sets)  POST /_admin/reset\n"
         "       /ws (WebSocket: sends every message back; ping, pong, close)\n"
         "       any path with \"Upgrade: echo\": sends every byte back\n"
         "one request only: /?status=503&delay=200ms&bytes=1m&chunked=1&chunk=4k&close=1&half=1\n"
         "       &drop=1&cut=1000&reset=1&drip=100,10ms");
}

static void fill_rows(struct option *rows, char names[][32])
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        rows[i] = (struct option){ .has_arg = required_argument, .val = i };
        if (i >= OPTION_FAULT) {
            make_fault_option((size_t)(i - OPTION_FAULT), names[i - OPTION_FAULT], 32);
            rows[i].name = names[i - OPTION_FAULT];
            continue;
        }
        rows[i].name = option_rows[i].name;
        if (option_rows[i].argument == NULL)
            rows[i].has_arg = no_argument;
    }
}

/* A name that can stand in a page and a header as it is. */
static int take_name(struct slice text, char *out, size_t size)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
                   text.ptr[i]) == NULL)
            return ERR_INVALID;
    return text.len > 0 && slice_copy(text, out, size) ? ERR_OK : ERR_INVALID;
}

static int take_option(struct demo *demo, int code, struct slice value)
{
    uint64_t seed = 0;
    int err = ERR_OK;

    switch (code) {
    case OPTION_BIND: return address_parse(value, &demo->bind);
    case OPTION_SLOT: return take_name(value, demo->slot, sizeof demo->slot);
    case OPTION_VERSION: return take_name(value, demo->version, sizeof demo->version);
    case OPTION_IDLE: return num_parse_duration(value, &demo->idle_us);
    case OPTION_GRACE: return num_parse_duration(value, &demo->grace_us);
    case OPTION_SEED:
        err = num_parse_u64(value, UINT64_MAX, &seed);
        demo->random = seed != 0 ? seed : 1;
        return err;
    default:
        return demo_fault_set(&demo->fault_at_start,
                              slice_from(demo_fault_key((size_t)(code - OPTION_FAULT), NULL)),
                              value);
    }
}

enum demo_options demo_options_read(int argc, char **argv, struct demo *demo)
{
    struct option rows[OPTION_COUNT + 1] = { 0 };
    char names[DEMO_FAULT_KEYS][32] = { 0 };
    int code = 0;

    fill_rows(rows, names);
    while ((code = getopt_long(argc, argv, "", rows, NULL)) != -1) {
        if (code == OPTION_HELP) {
            print_help();
            return DEMO_OPTIONS_DONE;
        }
        if (code == '?')
            return DEMO_OPTIONS_BAD;
        if (take_option(demo, code, slice_from(optarg)) != ERR_OK) {
            fprintf(stderr, "switchyard-demo: --%s does not take \"%s\"\n", rows[code].name,
                    optarg);
            return DEMO_OPTIONS_BAD;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "switchyard-demo: unexpected \"%s\"; see --help\n", argv[optind]);
        return DEMO_OPTIONS_BAD;
    }
    demo->fault = demo->fault_at_start;
    return DEMO_OPTIONS_RUN;
}
