/* Rollouts, consents and confirmations as bytes and back. src/deploy/state_rollout.c */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "deploy/envelope_priv.h"
#include "deploy/state_code_priv.h"
#include "deploy/state_priv.h"

static struct state *make_state(void)
{
    struct state *state = state_new();
    struct state_service *service = decisions_add(&state->decisions, "shop");
    struct state_rollout *rollout = state_book_add(&state->decisions.book, "shop");
    struct state_consent *consent = state_book_add_consent(&state->decisions.book, "shop");

    memcpy(service->active, "green", sizeof "green");
    service->confirm = (struct state_confirm){ .since_wall_us = 5, .until_wall_us = 605 };
    state->decisions.epoch = 3;
    state->decisions.book.last_id = 9;
    rollout->id = 8;
    rollout->plan = ROLLOUT_SWITCH;
    rollout->phase = ROLLOUT_WATCHING;
    memcpy(rollout->from, "blue", sizeof "blue");
    memcpy(rollout->to, "green", sizeof "green");
    memcpy(rollout->version, "v2 \"odd\"", sizeof "v2 \"odd\"");
    memcpy(rollout->profile, "minor", sizeof "minor");
    memcpy(rollout->starter, "uid=1 pid=2", sizeof "uid=1 pid=2");
    memcpy(rollout->words, "the way", sizeof "the way");
    rollout->is_paused = true;
    rollout->started_wall_us = 11;
    rollout->entered_wall_us = 12;
    rollout->manual_us = 13;
    rollout->confirm_us = 14;
    memcpy(consent->slot, "green", sizeof "green");
    memcpy(consent->version, "v2", sizeof "v2");
    memcpy(consent->who, "uid=7", sizeof "uid=7");
    memcpy(consent->note, "fine", sizeof "fine");
    consent->at_wall_us = 15;
    return state;
}

static void encode(const struct state *state, struct text *bytes)
{
    struct state_picture picture = {
        .state = state, .decisions = &state->decisions, .keys_max = 10, .tail_max = 10
    };

    text_init(bytes, 1 << 20);
    state_encode(&picture, bytes);
    cr_assert(!text_is_cut(bytes));
}

static int decode(struct slice bytes, struct state **out)
{
    char words[200];

    return state_decode(bytes, out, words, sizeof words);
}

Test(state_rollout, comes_back_as_it_went)
{
    struct state *state = make_state();
    struct state *read = NULL;
    const struct state_rollout *rollout = NULL;
    const struct state_consent *consent = NULL;
    struct text bytes;

    encode(state, &bytes);
    cr_expect_not_null(strstr(bytes.bytes, "\"format\":3,\"min_reader\":3,"));
    cr_assert_eq(decode(text_slice(&bytes), &read), 0);
    rollout = state_book_find(&read->decisions.book, "shop");
    cr_assert_not_null(rollout);
    cr_expect_eq(read->decisions.book.last_id, 9);
    cr_expect_eq(rollout->id, 8);
    cr_expect_eq(rollout->plan, ROLLOUT_SWITCH);
    cr_expect_eq(rollout->phase, ROLLOUT_WATCHING);
    cr_expect_str_eq(rollout->version, "v2 \"odd\"");
    cr_expect_str_eq(rollout->starter, "uid=1 pid=2");
    cr_expect_str_eq(rollout->words, "the way");
    cr_expect(rollout->is_paused && !rollout->is_final);
    cr_expect(rollout->started_wall_us == 11 && rollout->entered_wall_us == 12);
    cr_expect(rollout->manual_us == 13 && rollout->confirm_us == 14);
    consent = TAILQ_FIRST(&read->decisions.book.consents);
    cr_assert_not_null(consent);
    cr_expect_str_eq(consent->who, "uid=7");
    cr_expect_str_eq(consent->version, "v2");
    cr_expect_str_eq(consent->item, "");
    cr_expect_eq(consent->at_wall_us, 15);
    cr_expect_eq(read->decisions.services[0]->confirm.until_wall_us, 605);
    text_fini(&bytes);
    state_free(read);
    state_free(state);
}

Test(state_rollout, without_any_an_older_program_may_read_it)
{
    struct state *state = state_new();
    struct text bytes;

    memcpy(decisions_add(&state->decisions, "shop")->active, "blue", sizeof "blue");
    encode(state, &bytes);
    cr_expect_not_null(strstr(bytes.bytes, "\"min_reader\":1,"));
    cr_expect_null(strstr(bytes.bytes, "rollouts"));
    text_fini(&bytes);
    state_free(state);
}

/* A whole envelope around content that is none. */
Test(state_rollout, what_does_not_fit_is_refused)
{
    static const struct {
        const char *from;
        const char *to;
    } cases[] = {
        { "\"phase\":\"watching\"", "\"phase\":\"sleeping\"" },
        { "\"phase\":\"watching\"", "\"phase\":7" },
        { "\"plan\":\"switch\"", "\"plan\":\"hope\"" },
        { "\"plan\":\"switch\",", "" },
        { "\"id\":8", "\"id\":0" },
        { "\"id\":8", "\"id\":10" }, /* beyond the last */
        { "\"to\":\"green\"", "\"to\":\"\"" },
        { "\"to\":\"green\",", "" },
        { "\"paused\":true", "\"paused\":1" },
        { "\"manual_us\":13", "\"manual_us\":-13" },
        { "\"last\":9", "\"last\":\"9\"" },
        { "\"who\":\"uid=7\"", "\"who\":7" },
        { "\"consents\":[", "\"consent\":[" },
        { "\"rollouts\":{", "\"rollouts\":5,\"x\":{" },
        { "\"confirm\":{\"since_us\":5", "\"confirm\":{\"since_us\":0" },
        { "\"until_us\":605", "\"until_us\":4" },
        { "\"confirm\":{", "\"confirm\":[],\"x\":{" },
    };
    struct state *state = make_state();
    struct envelope envelope;
    const char *why = NULL;
    struct text bytes;
    char *good = NULL;

    encode(state, &bytes);
    cr_assert_eq(envelope_read(text_slice(&bytes), STATE_FORMAT, &envelope, &why), 0);
    good = mem_text_of(envelope.content.ptr, envelope.content.len);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *at = strstr(good, cases[i].from);
        struct state *read = NULL;
        struct text bad;
        char *content = NULL;

        cr_assert_not_null(at, "%s", cases[i].from);
        content =
            mem_format("%.*s%s%s", (int)(at - good), good, cases[i].to, at + strlen(cases[i].from));
        text_init(&bad, 1 << 20);
        envelope_write(STATE_FORMAT, STATE_FORMAT, 1, slice_from(content), &bad);
        cr_expect_neq(decode(text_slice(&bad), &read), 0, "%s -> %s", cases[i].from, cases[i].to);
        text_fini(&bad);
        free(content);
    }
    free(good);
    text_fini(&bytes);
    state_free(state);
}
