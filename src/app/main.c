/* switchyard: reads its arguments, then checks, dumps or runs. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/daemon.h"
#include "app/trust.h"
#include "app/vault.h"
#include "base/err.h"
#include "base/num.h"
#include "base/text.h"
#include "config/config.h"
#include "config/dump.h"
#include "config/loader.h"
#include "config/report.h"
#include "control/identity.h"
#include "control/outbox.h"
#include "health/detection.h"
#include "net/tls_process.h"

static const char usage[] =
    "usage: switchyard [-c FILE] [--accept-empty-state]   run in the foreground\n"
    "       switchyard -t [-c FILE]                        check the configuration only\n"
    "       switchyard -T [-c FILE]                        print it with all defaults\n"
    "       switchyard -V | -h\n"
    "FILE is " SWITCHYARD_CONFIG_FILE " unless given. See switchyard(8).\n";

enum mode { MODE_RUN, MODE_CHECK, MODE_DUMP };

enum { PRINT_BYTES = 16 * 1024 * 1024 };

static void print_text(struct text *text, FILE *out)
{
    if (text->len > 0)
        fwrite(text->bytes, 1, text->len, out);
    text_fini(text);
}

/* The files of the keys that tokens are checked with. */
static int check_keys(const struct config *config, char *words, unsigned size)
{
    struct identity *identity = NULL;
    int err = identity_new(&config->api, words, size, &identity);

    identity_free(identity);
    return err;
}

/* Certificates of listeners and for targets; what is good but will not work is said at once. */
static int check_tls(const char *path, const struct config *config, char *words, unsigned size)
{
    int err = vault_check(config, words, size);

    if (err == ERR_OK && words[0] != '\0')
        fprintf(stderr, "%s: %s\n", path, words);
    if (err == ERR_OK)
        err = trust_check(config, words, size);
    if (err == ERR_OK && words[0] != '\0')
        fprintf(stderr, "%s: %s\n", path, words);
    return err;
}

/* How long a dead target may get requests when nothing but its health checks finds out. */
static void print_detection(const struct config *config)
{
    for (size_t i = 0; i < config->service_count; i++) {
        const struct config_service *service = &config->services[i];
        const struct config_health *health = &service->health;
        char longest[32];

        if (!health->enabled) {
            fprintf(stderr,
                    "%s: no health checks, nothing but traffic finds out that a target died\n",
                    service->name);
            continue;
        }
        num_format_duration(
            detection_worst_us(health->interval, health->timeout, health->fall, health->jitter),
            longest);
        fprintf(stderr, "%s: health checks find a dead target within %s at the most\n",
                service->name, longest);
    }
}

/* -t and -T: every error and warning on standard error. */
static int check(const char *path, enum mode mode)
{
    struct report report;
    struct config *config = NULL;
    struct text text;
    int err = ERR_OK;

    report_init(&report);
    err = loader_load_file(path, &report, &config);
    text_init(&text, PRINT_BYTES);
    report_print(&report, &text);
    print_text(&text, stderr);
    report_fini(&report);
    if (err == ERR_OK && mode == MODE_DUMP) {
        text_init(&text, PRINT_BYTES);
        dump_config(config, &text);
        print_text(&text, stdout);
    } else if (err == ERR_OK) {
        char words[1024] = "";

        err = check_tls(path, config, words, sizeof words);
        if (err == ERR_OK)
            err = check_keys(config, words, sizeof words);
        if (err == ERR_OK)
            err = outbox_check(config, words, sizeof words);
        if (err == ERR_OK)
            print_detection(config);
        if (err == ERR_OK)
            fprintf(stderr, "%s: the configuration is valid\n", path);
        else
            fprintf(stderr, "%s: %s\n", path, words);
    }
    config_free(config);
    return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "check", no_argument, NULL, 't' },
        { "dump", no_argument, NULL, 'T' },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { "accept-empty-state", no_argument, NULL, 'E' },
        { NULL, 0, NULL, 0 },
    };
    struct daemon_options daemon = { .config_path = SWITCHYARD_CONFIG_FILE };
    enum mode mode = MODE_RUN;

    for (int c = 0; (c = getopt_long(argc, argv, "c:tTVh", options, NULL)) != -1;) {
        switch (c) {
        case 'c': daemon.config_path = optarg; break;
        case 't': mode = MODE_CHECK; break;
        case 'T': mode = MODE_DUMP; break;
        case 'E': daemon.accept_empty_state = true; break;
        case 'V': printf("switchyard %s (%s)\n", SWITCHYARD_VERSION, SWITCHYARD_COMMIT); return 0;
        case 'h': fputs(usage, stdout); return EXIT_SUCCESS;
        default: fputs(usage, stderr); return 2;
        }
    }
    tls_process_begin();
    if (optind < argc) {
        fprintf(stderr, "switchyard: unexpected argument '%s'\n%s", argv[optind], usage);
        return 2;
    }
    return mode == MODE_RUN ? daemon_run(&daemon) : check(daemon.config_path, mode);
}
