/* A state's bytes: what is written is read; what was touched anywhere is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "deploy/envelope_priv.h"
#include "deploy/state_code_priv.h"
#include "deploy/state_priv.h"

/* One of each thing that moves traffic. */
static void add_steering(struct state_service *api, struct state_service *shop)
{
    api->hold = (struct state_hold){ .since_wall_us = 5, .until_wall_us = 6 };
    api->maint.since_wall_us = 7;
    snprintf(api->maint.message, sizeof api->maint.message, "back \"soon\"");
    shop->canary = (struct state_canary){
        .candidate = "blue",
        .share = 1234,
        .salt = 0xfedcba9876543211,
        .is_paused = true,
        .starter = "uid=7 pid=1",
        .started_wall_us = 8,
        .next_wall_us = 9,
    };
}

static struct state *make_state(void)
{
    struct state *state = state_new();
    struct state_service *service = decisions_add(&state->decisions, "api");
    struct state_target *target = NULL;
    struct state_lock *lock = NULL;
    struct state_key *key = NULL;
    struct history_entry entry = {
        .sequence = 41,
        .wall_us = 1700000000000000,
        .epoch_before = 8,
        .epoch = 9,
        .duration_us = 1234,
        .kind = CHANGE_ROLLBACK,
        .outcome = OUTCOME_VOLATILE,
        .is_forced = true,
        .name = "api",
        .from = "green",
        .to = "blue",
        .actor = "uid=0 pid=1",
        .reason = "\"quoted\" \\ tab\t \xc3\xa9",
    };

    snprintf(service->active, sizeof service->active, "%s", "blue");
    service = decisions_add(&state->decisions, "shop");
    snprintf(service->active, sizeof service->active, "%s", "green");
    snprintf(service->previous, sizeof service->previous, "%s", "blue");
    snprintf(service->previous_version, sizeof service->previous_version, "%s", "v1");
    service->is_rolled_back = true;
    service->switched_wall_us = 1700000000000001;
    service->switch_count = 12;
    add_steering(state->decisions.services[0], service);
    target = state_service_add_target(service, "green", "app.internal:80");
    target->is_added = true;
    snprintf(target->address, sizeof target->address, "%s", "10.0.0.1:80");
    target->has_order = true;
    target->order = ORDER_MAINT;
    target->has_weight = true;
    target = state_service_add_target(service, "blue", "10.0.0.2:80");
    target->is_removed = true;
    lock = decisions_add_lock(&state->decisions, "");
    snprintf(lock->owner, sizeof lock->owner, "%s", "uid=7");
    snprintf(lock->reason, sizeof lock->reason, "%s", "deploy 17");
    lock->since_wall_us = 1700000000000002;
    lock->ttl_us = 60000000;
    key = state_add_key(state, "k-1");
    key->fingerprint = 0xfedcba9876543210;
    key->outcome = OUTCOME_DONE;
    key->changed = true;
    key->epoch_before = 6;
    key->epoch = 7;
    snprintf(key->to, sizeof key->to, "%s", "green");
    state_add_entry(state, &entry);
    state->decisions.epoch = 9007199254740991;
    state->config_hash = 0x0123456789abcdef;
    state->sequence = 42;
    return state;
}

static void encode(const struct state *state, size_t lists, struct text *out)
{
    struct state_picture picture = { state, &state->decisions, 77, 1700000000000003, lists, lists };

    text_init(out, 1 << 20);
    state_encode(&picture, out);
}

static int decode(struct slice bytes, struct state **out)
{
    char words[200];

    return state_decode(bytes, out, words, sizeof words);
}

Test(state, what_is_written_is_read)
{
    struct state *state = make_state();
    struct state *read = NULL;
    struct text bytes;
    struct text again;
    const struct state_service *shop = NULL;
    const struct state_service *api = NULL;

    encode(state, 100, &bytes);
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    cr_assert_eq(read->generation, 77);
    cr_assert_eq(read->decisions.epoch, 9007199254740991);
    cr_assert_eq(read->decisions.service_count, 2);
    shop = decisions_find(&read->decisions, "shop");
    cr_assert_str_eq(shop->previous, "blue");
    cr_assert_str_eq(shop->previous_version, "v1");
    cr_assert(!shop->is_previous_tried);
    cr_assert(shop->is_rolled_back);
    cr_assert_eq(shop->target_count, 2);
    cr_assert_str_eq(shop->canary.candidate, "blue");
    cr_assert_eq(shop->canary.share, 1234);
    cr_assert_eq(shop->canary.salt, 0xfedcba9876543211);
    cr_assert(shop->canary.is_paused);
    cr_assert_str_eq(shop->canary.starter, "uid=7 pid=1");
    cr_assert_eq(shop->canary.started_wall_us, 8);
    cr_assert_eq(shop->canary.next_wall_us, 9);
    cr_assert_eq(shop->hold.since_wall_us + shop->maint.since_wall_us, 0);
    api = decisions_find(&read->decisions, "api");
    cr_assert_eq(api->canary.candidate[0], '\0');
    cr_assert_eq(api->hold.since_wall_us, 5);
    cr_assert_eq(api->hold.until_wall_us, 6);
    cr_assert_eq(api->maint.since_wall_us, 7);
    cr_assert_str_eq(api->maint.message, "back \"soon\"");
    cr_assert_eq(TAILQ_FIRST(&shop->targets)->order, ORDER_MAINT);
    cr_assert(TAILQ_FIRST(&shop->targets)->has_weight);
    cr_assert_eq(state_find_key(read, "k-1")->fingerprint, 0xfedcba9876543210);
    cr_assert_str_eq(TAILQ_FIRST(&read->tail)->entry.reason, "\"quoted\" \\ tab\t \xc3\xa9");
    encode(read, 100, &again);
    cr_assert(slice_is_equal(text_slice(&bytes), text_slice(&again)));
    text_fini(&bytes);
    text_fini(&again);
    state_free(read);
    state_free(state);
}

static bool has_reader(const struct state *state, const char *reader)
{
    struct text bytes;
    bool found = false;

    encode(state, 100, &bytes);
    found = strstr(bytes.bytes, reader) != NULL;
    text_fini(&bytes);
    return found;
}

/* The program before may read it as long as it loses nothing. */
Test(state, a_state_with_pins_is_for_newer_programs)
{
    struct state *state = state_new(); /* without canaries and pauses, which have the same effect */
    struct state *read = NULL;
    struct history_entry entry = { .sequence = 42, .kind = CHANGE_TENANT_PIN, .target = "acme" };
    struct state_pins pins = { "pins-shop-7.log", { 3, 51, 0xfedcba9876543210 } };
    struct text bytes;

    memcpy(decisions_add(&state->decisions, "api")->active, "blue", sizeof "blue");
    memcpy(decisions_add(&state->decisions, "shop")->active, "blue", sizeof "blue");
    state->decisions.epoch = 1;
    cr_expect(has_reader(state, "\"format\":3,\"min_reader\":1,"));
    state->decisions.services[1]->pins = pins;
    cr_expect(has_reader(state, "\"format\":3,\"min_reader\":2,"));
    encode(state, 100, &bytes);
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    cr_expect_str_eq(read->decisions.services[1]->pins.file, pins.file);
    cr_expect_eq(read->decisions.services[1]->pins.added.records, 3);
    cr_expect_eq(read->decisions.services[1]->pins.added.bytes, 51);
    cr_expect_eq(read->decisions.services[1]->pins.added.sum, pins.added.sum);
    text_fini(&bytes);
    state_free(read);
    state->decisions.services[1]->pins.file[0] = '\0';
    state_add_entry(state, &entry);
    cr_expect(has_reader(state, "\"format\":3,\"min_reader\":2,"));
    state_free(state);
}

Test(state, what_belongs_to_the_judgement_is_for_newer_programs)
{
    struct state *state = state_new();
    struct state *read = NULL;
    struct history_entry entry = {
        .sequence = 1, .kind = CHANGE_ROLLBACK, .trigger = "err_abs", .decision = 5
    };
    struct text bytes;

    memcpy(decisions_add(&state->decisions, "shop")->active, "blue", sizeof "blue");
    state->decisions.epoch = 1;
    state->decisions.services[0]->trial_wall_us = 77;
    cr_expect(has_reader(state, "\"format\":3,\"min_reader\":3,"));
    encode(state, 100, &bytes);
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    cr_expect_eq(read->decisions.services[0]->trial_wall_us, 77);
    text_fini(&bytes);
    state_free(read);
    state->decisions.services[0]->trial_wall_us = 0;
    cr_expect(has_reader(state, "\"format\":3,\"min_reader\":1,"));
    state->decisions.services[0]->is_previous_tried = true;
    cr_expect(has_reader(state, "\"format\":3,\"min_reader\":3,"));
    encode(state, 100, &bytes);
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    cr_expect(read->decisions.services[0]->is_previous_tried);
    cr_expect_str_eq(read->decisions.services[0]->previous_version, "");
    text_fini(&bytes);
    state_free(read);
    state->decisions.services[0]->is_previous_tried = false;
    state->sequence = 1;
    state_add_entry(state, &entry);
    cr_expect(has_reader(state, "\"format\":3,\"min_reader\":3,"));
    encode(state, 100, &bytes);
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    cr_expect_str_eq(TAILQ_FIRST(&read->tail)->entry.trigger, "err_abs");
    cr_expect_eq(TAILQ_FIRST(&read->tail)->entry.decision, 5);
    text_fini(&bytes);
    state_free(read);
    state_free(state);
}

Test(state, only_so_much_of_the_lists_is_written)
{
    struct state *state = make_state();
    struct state *read = NULL;
    struct text bytes;

    state_add_key(state, "k-2")->outcome = OUTCOME_DONE;
    encode(state, 1, &bytes);
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    cr_assert_eq(read->key_count, 1);
    cr_assert_not_null(state_find_key(read, "k-2"));
    text_fini(&bytes);
    state_free(read);
    state_free(state);
}

Test(state, every_flipped_bit_is_refused)
{
    struct state *state = make_state();
    struct state *read = NULL;
    struct text bytes;

    encode(state, 100, &bytes);
    for (size_t i = 0; i < bytes.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            int err = 0;

            bytes.bytes[i] = (char)(bytes.bytes[i] ^ (1 << bit));
            err = decode(text_slice(&bytes), &read);
            cr_assert(err == ERR_CORRUPT || err == ERR_VERSION, "byte %zu bit %d: %s", i, bit,
                      err_name(err));
            bytes.bytes[i] = (char)(bytes.bytes[i] ^ (1 << bit));
        }
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    state_free(read);
    text_fini(&bytes);
    state_free(state);
}

Test(state, every_truncation_and_every_extra_byte_is_refused)
{
    struct state *state = make_state();
    struct state *read = NULL;
    struct text bytes;

    encode(state, 100, &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        cr_assert_eq(decode(slice_of(bytes.bytes, len), &read), ERR_CORRUPT, "%zu", len);
    text_add(&bytes, "\n\n\n"); /* the padding of a reserve file */
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    state_free(read);
    text_add(&bytes, " ");
    cr_assert_eq(decode(text_slice(&bytes), &read), ERR_CORRUPT);
    text_fini(&bytes);
    state_free(state);
}

/* The envelope of a format: a whole one, with these numbers. */
static int read_versions(const char *format, const char *min_reader, bool is_whole)
{
    struct text bytes;
    struct envelope envelope;
    const char *why = NULL;
    char head[128];
    char *at = NULL;
    int err = 0;

    text_init(&bytes, 1000);
    envelope_write(1, 1, 5, SLICE("{}"), &bytes);
    snprintf(head, sizeof head, "\"format\":%s,\"min_reader\":%s", format, min_reader);
    at = strstr(bytes.bytes, "\"format\":1,\"min_reader\":1");
    memcpy(at, head, strlen(head));
    if (is_whole) {
        unsigned new_format = (unsigned)(format[0] - '0');

        text_clear(&bytes);
        envelope_write(new_format, new_format, 5, SLICE("{}"), &bytes);
    }
    err = envelope_read(text_slice(&bytes), 1, &envelope, &why);
    text_fini(&bytes);
    return err;
}

Test(state, a_newer_format_is_told_from_a_broken_file)
{
    cr_expect_eq(read_versions("1", "1", false), 0);
    cr_expect_eq(read_versions("2", "2", true), ERR_VERSION);
    cr_expect_eq(read_versions("2", "2", false), ERR_VERSION);
    cr_expect_eq(read_versions("2", "1", false), ERR_VERSION);
    cr_expect_eq(read_versions("1", "9", false), ERR_VERSION);
    cr_expect_eq(read_versions("0", "1", false), ERR_CORRUPT);
}

Test(state, blank_is_no_state)
{
    struct state *read = NULL;

    cr_expect_eq(decode(SLICE("\n\n\n"), &read), ERR_NOT_FOUND);
    cr_expect_eq(decode(SLICE(""), &read), ERR_CORRUPT);
    cr_expect_eq(decode(SLICE("{}"), &read), ERR_CORRUPT);
}

/* A whole envelope around content that is not a state. */
Test(state, content_is_checked_behind_a_right_checksum)
{
    static const char good[] = "{\"epoch\":1,\"saved_us\":1,\"config\":\"ab\",\"sequence\":5,"
                               "\"services\":[{\"name\":\"a\",\"active\":\"b\",\"switched_us\":0,"
                               "\"switches\":0,\"targets\":[]}],\"locks\":[],\"keys\":[],"
                               "\"history\":[]}";
    static const struct {
        const char *from;
        const char *to;
    } cases[] = {
        { "\"epoch\":1", "\"epoch\":-1" },
        { "\"epoch\":1", "\"epoch\":1.5" },
        { "\"epoch\":1", "\"epoch\":9007199254740992" },
        { "\"epoch\":1", "\"epoch\":\"1\"" },
        { "\"epoch\":1", "\"Epoch\":1" },
        { "\"epoch\":1", "\"epoch\":1,\"epoch\":1" },
        { "\"config\":\"ab\"", "\"config\":\"xy\"" },
        { "\"name\":\"a\"", "\"name\":\"\"" },
        { "\"active\":\"b\"", "\"active\":\"\"" },
        { "\"active\":\"b\"", "\"active\":null" },
        { "\"active\":\"b\"", "\"active\":\"b\\u0000\"" },
        { "\"targets\":[]", "\"targets\":{}" },
        { "\"targets\":[]", "\"targets\":[{}]" },
        { "\"targets\":[]", "\"targets\":[{\"slot\":\"b\",\"target\":\"x\",\"order\":\"up\"}]" },
        { "\"targets\":[]", "\"targets\":[{\"slot\":\"b\",\"target\":\"x\",\"weight\":1001}]" },
        { "\"targets\":[]",
          "\"targets\":[{\"slot\":\"b\",\"target\":\"x\"},{\"slot\":\"b\",\"target\":\"x\"}]" },
        { "\"targets\":[]",
          "\"targets\":[{\"slot\":\"b\",\"target\":\"x\",\"added\":true,\"removed\":true}]" },
        { "\"locks\":[]", "\"locks\":[{\"name\":\"\",\"owner\":\"\",\"since_us\":0,"
                          "\"ttl_us\":0}]" },
        { "\"locks\":[]", "\"locks\":7" },
        { "\"keys\":[]", "\"keys\":[{\"key\":\"\"}]" },
        { "\"keys\":[]", "\"keys\":[[]]" },
        { "\"history\":[]", "\"history\":[{\"sequence\":6,\"time_us\":0,\"epoch_before\":0,"
                            "\"epoch\":0,\"duration_us\":0,\"kind\":\"switch\",\"outcome\":"
                            "\"done\"}]" }, /* beyond the last sequence */
        { "\"history\":[]", "\"history\":[{\"sequence\":5,\"time_us\":0,\"epoch_before\":0,"
                            "\"epoch\":0,\"duration_us\":0,\"kind\":\"flip\",\"outcome\":"
                            "\"done\"}]" },
        { "\"switches\":0", "\"switches\":0,\"canary\":{\"candidate\":\"c\",\"share\":10001,"
                            "\"salt\":\"a\",\"started_us\":1,\"next_us\":0}" },
        { "\"switches\":0", "\"switches\":0,\"canary\":{\"candidate\":\"c\",\"share\":-1,\"salt\":"
                            "\"a\",\"started_us\":1,\"next_us\":0}" },
        { "\"switches\":0", "\"switches\":0,\"canary\":{\"candidate\":\"c\",\"share\":1,\"salt\":5,"
                            "\"started_us\":1,\"next_us\":0}" },
        { "\"switches\":0", "\"switches\":0,\"canary\":{\"candidate\":\"c\",\"share\":1,\"salt\":"
                            "\"\",\"started_us\":1,\"next_us\":0}" },
        { "\"switches\":0", "\"switches\":0,\"canary\":{\"candidate\":\"c\",\"share\":1,\"salt\":"
                            "\"11112222333344445\",\"started_us\":1,\"next_us\":0}" },
        { "\"switches\":0",
          "\"switches\":0,\"canary\":{\"share\":1,\"salt\":\"a\",\"started_us\":1,\"next_us\":0}" },
        { "\"switches\":0", "\"switches\":0,\"canary\":{\"candidate\":\"\",\"share\":1,\"salt\":"
                            "\"a\",\"started_us\":1,\"next_us\":0}" },
        { "\"switches\":0", "\"switches\":0,\"canary\":{\"candidate\":\"c\",\"share\":1,\"salt\":"
                            "\"a\",\"started_us\":1}" },
        { "\"switches\":0", "\"switches\":0,\"canary\":[]" },
        { "\"switches\":0", "\"switches\":0,\"canary\":\"c\"" },
        { "\"switches\":0", "\"switches\":0,\"hold\":{\"since_us\":0,\"until_us\":5}" },
        { "\"switches\":0", "\"switches\":0,\"hold\":{\"since_us\":1}" },
        { "\"switches\":0", "\"switches\":0,\"hold\":true" },
        { "\"switches\":0", "\"switches\":0,\"maint\":{\"since_us\":0}" },
        { "\"switches\":0", "\"switches\":0,\"maint\":{\"since_us\":1,\"message\":7}" },
        { "\"switches\":0", "\"switches\":0,\"maint\":1" },
        { "]}],\"locks\"", "]},{\"name\":\"a\",\"active\":\"b\",\"switched_us\":0,\"switches\":0,"
                           "\"targets\":[]}],\"locks\"" }, /* the same service twice */
    };
    struct state *read = NULL;
    struct text bytes;

    text_init(&bytes, 1 << 16);
    envelope_write(1, 1, 5, slice_from(good), &bytes);
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    state_free(read);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *at = strstr(good, cases[i].from);
        char *content =
            mem_format("%.*s%s%s", (int)(at - good), good, cases[i].to, at + strlen(cases[i].from));

        envelope_write(1, 1, 5, slice_from(content), &bytes);
        cr_expect_eq(decode(text_slice(&bytes), &read), ERR_CORRUPT, "%zu: %s", i, content);
        free(content);
    }
    text_fini(&bytes);
}

Test(state, a_working_copy_shares_until_it_writes)
{
    struct state *state = make_state();
    struct state_service *service = NULL;
    struct decisions copy;

    decisions_init(&copy);
    decisions_copy(&copy, &state->decisions);
    cr_assert_eq(copy.services[0], state->decisions.services[0]);
    service = decisions_own(&copy, 0);
    snprintf(service->active, sizeof service->active, "green");
    cr_assert_neq(copy.services[0], state->decisions.services[0]);
    cr_assert_eq(copy.services[1], state->decisions.services[1]);
    cr_assert_str_eq(state->decisions.services[0]->active, "blue");
    decisions_drop_lock(&copy, TAILQ_FIRST(&copy.locks));
    cr_assert_not_null(TAILQ_FIRST(&state->decisions.locks));
    decisions_move(&state->decisions, &copy);
    cr_assert_str_eq(state->decisions.services[0]->active, "green");
    decisions_fini(&copy);
    state_free(state);
}

Test(state, keys_and_tail_are_taken_back_and_trimmed)
{
    struct state *state = state_new();
    struct history_entry entry = { 0 };
    char name[16];

    for (uint64_t i = 1; i <= 1100; i++) {
        snprintf(name, sizeof name, "k%u", (unsigned)i);
        state_add_key(state, name);
        entry.sequence = i;
        state_add_entry(state, &entry);
    }
    state_take_back(state, 1, 1090);
    cr_assert_null(state_find_key(state, "k1100"));
    state_trim(state, 0);
    cr_assert_eq(state->key_count, STATE_KEYS_MAX);
    cr_assert_eq(state->tail_count, STATE_TAIL_MAX);
    cr_assert_null(state_find_key(state, "k1"));
    state_trim(state, 1000);
    cr_assert_eq(state->tail_count, 90);
    cr_assert_eq(TAILQ_FIRST(&state->tail)->entry.sequence, 1001);
    state_free(state);
}
