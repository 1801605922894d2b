/*
 * A probe of an address of our own: see health/selfprobe.h. It is an ordinary probe with one header more, at a target
 * that no slot has, which keeps two fields of the answer.
 */
#include "health/selfprobe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/field_claim.h"
#include "base/mem.h"
#include "health/probe_answer_priv.h"
#include "health/probe_priv.h"
#include "health/probe_spec_priv.h"

enum { SELFPROBE_MAGIC = 0x73656c66, WANT_SLOT = 0, WANT_VERSION = 1, WANT_FIELDS = 2 };

/* Owner: who started it. Thread: the loop's. Ends by its result or selfprobe_cancel. */
struct selfprobe {
    uint32_t magic;
    struct target *target;
    struct probe_spec *spec;
    struct probe *probe;
    unsigned want_count;
    struct probe_want *wants; /* slot, version, then what is claimed of fields */
    char **claims;
    char *slot; /* expected; NULL: any */
    char *version;
    selfprobe_done_fn *done;
    void *arg;
};

static void free_selfprobe(struct selfprobe *selfprobe)
{
    CHECK(selfprobe->magic == SELFPROBE_MAGIC);
    selfprobe->magic = 0;
    probe_spec_free(selfprobe->spec);
    target_free(selfprobe->target);
    for (unsigned i = WANT_FIELDS; i < selfprobe->want_count; i++) {
        free(selfprobe->claims[i - WANT_FIELDS]);
        free((void *)(uintptr_t)selfprobe->wants[i].name);
    }
    free((void *)selfprobe->claims);
    free(selfprobe->wants);
    free(selfprobe->slot);
    free(selfprobe->version);
    free(selfprobe);
}

static void take_name(const struct probe_want *want, char out[SELFPROBE_NAME_SIZE])
{
    (void)slice_copy(slice_from(want->is_there ? want->value : ""), out, SELFPROBE_NAME_SIZE);
}

/* The right status is not enough: it must be from the right place. */
static void check_name(const char *what, const char *expected, const char *found,
                       struct selfprobe_result *result)
{
    if (result->fault != FAULT_NONE || expected == NULL || strcmp(expected, found) == 0)
        return;
    result->fault = FAULT_MISROUTED;
    if (found[0] == '\0')
        snprintf(result->words, sizeof result->words, "the answer names no %s, expected %.63s",
                 what, expected);
    else
        snprintf(result->words, sizeof result->words, "%s %.63s answered, expected %.63s", what,
                 found, expected);
}

static void check_field(const struct probe_want *want, const char *text,
                        struct selfprobe_result *result)
{
    struct slice value = { NULL, 0 };
    struct field_claim claim;
    const char *why = NULL;

    if (result->fault != FAULT_NONE || field_claim_parse(text, &claim, &why) != 0)
        return;
    if (want->is_there)
        value = slice_from(want->value);
    if (field_claim_holds(&claim, value))
        return;
    result->fault = FAULT_HEALTH_ASSERTION;
    snprintf(result->words, sizeof result->words, "header %.80s %s%.60s, expected %.80s",
             want->name, want->is_there ? "is " : "is missing", want->value, text);
}

static void check_fields(const struct selfprobe *selfprobe, struct selfprobe_result *result)
{
    for (unsigned i = WANT_FIELDS; i < selfprobe->want_count; i++)
        check_field(&selfprobe->wants[i], selfprobe->claims[i - WANT_FIELDS], result);
}

static void want_fields(struct selfprobe *selfprobe, const struct selfprobe_spec *spec)
{
    selfprobe->want_count = WANT_FIELDS + spec->field_count;
    selfprobe->wants = mem_zalloc(selfprobe->want_count * sizeof *selfprobe->wants);
    selfprobe->claims = mem_zalloc((spec->field_count + 1) * sizeof *selfprobe->claims);
    selfprobe->wants[WANT_SLOT].name = "X-Switchyard-Slot";
    selfprobe->wants[WANT_VERSION].name = "X-Switchyard-Version";
    for (unsigned i = 0; i < spec->field_count; i++) {
        struct slice name = slice_from(spec->fields[i]);

        name.len = strcspn(spec->fields[i], "=!~");
        selfprobe->claims[i] = mem_text(spec->fields[i]);
        selfprobe->wants[WANT_FIELDS + i].name = mem_text_of(name.ptr, name.len);
    }
}

static void on_probed(void *arg, const struct probe_result *probed)
{
    struct selfprobe *selfprobe = arg;
    selfprobe_done_fn *done = selfprobe->done;
    void *done_arg = selfprobe->arg;
    struct selfprobe_result result = {
        .fault = probed->fault,
        .status = probed->status,
        .duration_us = probed->duration_us,
    };

    CHECK(selfprobe->magic == SELFPROBE_MAGIC);
    snprintf(result.words, sizeof result.words, "%s", probed->words);
    take_name(&selfprobe->wants[WANT_SLOT], result.slot);
    take_name(&selfprobe->wants[WANT_VERSION], result.version);
    check_name("slot", selfprobe->slot, result.slot, &result);
    check_name("version", selfprobe->version, result.version, &result);
    check_fields(selfprobe, &result);
    free_selfprobe(selfprobe);
    done(done_arg, &result);
}

/* "Every address" is none to connect to. */
static struct address find_address(const struct selfprobe_spec *spec)
{
    struct address address = spec->address;

    if (address.sa.any.sa_family == AF_INET && address.sa.in.sin_addr.s_addr == INADDR_ANY)
        address.sa.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (address.sa.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address.sa.in6.sin6_addr))
        address.sa.in6.sin6_addr = in6addr_loopback;
    return address;
}

static struct probe_spec *make_spec(const struct selfprobe_spec *spec)
{
    char *header = mem_format("X-Switchyard-Probe: %s", spec->nonce);
    const char *headers[] = { header };
    struct probe_spec wanted = {
        .enabled = true,
        .kind = PROBE_HTTP,
        .timeout_us = spec->timeout_us,
        .path = spec->path,
        .host = spec->host,
        .header_count = 1,
        .headers = headers,
        .status_count = spec->status_count,
        .statuses = spec->statuses,
        .body = { .assertion_count = spec->assertion_count,
                  .assertions = spec->assertions,
                  .pattern_count = spec->pattern_count,
                  .patterns = spec->patterns,
                  .slot = spec->slot,
                  .version = spec->version },
    };
    struct probe_spec *copy = probe_spec_copy(&wanted);

    free(header);
    return copy;
}

struct selfprobe *selfprobe_start(struct loop *loop, const struct selfprobe_spec *spec,
                                  selfprobe_done_fn *done, void *arg)
{
    struct selfprobe *selfprobe = mem_zalloc(sizeof *selfprobe);
    struct address address = find_address(spec);
    struct probe_order order = { .done = on_probed, .arg = selfprobe };

    selfprobe->magic = SELFPROBE_MAGIC;
    selfprobe->spec = make_spec(spec);
    selfprobe->target = target_new(NULL, "self", &address, 1);
    selfprobe->target->proxy_protocol = spec->proxy_protocol;
    selfprobe->target->tls = spec->tls;
    (void)slice_copy(slice_from(spec->host), selfprobe->target->authority,
                     sizeof selfprobe->target->authority);
    want_fields(selfprobe, spec);
    selfprobe->slot = mem_text(spec->slot);
    selfprobe->version = mem_text(spec->version);
    selfprobe->done = done;
    selfprobe->arg = arg;
    order.want_count = selfprobe->want_count;
    order.wants = selfprobe->wants;
    order.target = selfprobe->target;
    order.spec = selfprobe->spec;
    selfprobe->probe = probe_start(loop, &order);
    return selfprobe;
}

void selfprobe_cancel(struct selfprobe *selfprobe)
{
    if (selfprobe == NULL)
        return;
    probe_cancel(selfprobe->probe);
    free_selfprobe(selfprobe);
}
