/* Names of rules, and the value of the chain header. */
#include "route/steering.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/seal.h"

Test(steering, names_every_rule_once)
{
    for (int i = 0; i < RULE_COUNT; i++) {
        cr_expect_str_neq(steering_rule_name((enum rule)i), "unknown");
        for (int j = 0; j < i; j++)
            cr_expect_str_neq(steering_rule_name((enum rule)i), steering_rule_name((enum rule)j));
    }
    cr_expect_str_eq(steering_rule_name(RULE_SLOT_HOST), "slot_host");
    cr_expect_str_eq(steering_rule_name(RULE_COUNT), "unknown");
}

Test(steering, sends_the_slot_alone_without_a_secret)
{
    struct chain chain = { .header = "X-Switchyard-Slot", .from_count = 1 };
    char out[8];

    cr_expect_eq(steering_chain_value(&chain, "blue", out, sizeof out), 4);
    cr_expect_str_eq(out, "blue");
    cr_expect_eq(steering_chain_value(&chain, "blue", out, 5), 4);
    cr_expect_eq(steering_chain_value(&chain, "blue", out, 4), 0);
    cr_expect_str_eq(out, "");
    cr_expect_eq(steering_chain_value(&chain, "blue", out, 0), 0);
}

Test(steering, seals_group_and_slot)
{
    struct chain chain = { .header = "X-Switchyard-Slot", .group = "release", .secret = "s3cret" };
    char out[64];
    char tag[SEAL_TAG + 1];
    size_t whole = strlen("blue.") + SEAL_TAG;

    seal_make(SLICE("s3cret"), SLICE("release blue"), tag);
    cr_expect_eq(steering_chain_value(&chain, "blue", out, sizeof out), whole);
    cr_expect_eq(strncmp(out, "blue.", 5), 0);
    cr_expect_str_eq(out + 5, tag);
    cr_expect_eq(steering_chain_value(&chain, "blue", out, whole + 1), whole);
    cr_expect_eq(steering_chain_value(&chain, "blue", out, whole), 0);
}

Test(steering, takes_what_the_picture_has_made)
{
    const char *values[] = { "blue.x.00112233445566778899aabbccddeeff",
                             "blue.00112233445566778899aabbccddeeff" };
    struct chain chain = {
        .header = "H", .group = "g", .secret = "s", .value_count = 2, .values = values
    };
    char out[64];

    steering_chain_value(&chain, "blue", out, sizeof out);
    cr_expect_str_eq(out, values[1]);
    steering_chain_value(&chain, "blue.x", out, sizeof out);
    cr_expect_str_eq(out, values[0]);
}

Test(steering, has_no_value_where_there_is_no_chain)
{
    struct chain chain = { .secret = "s", .group = "g" };
    char out[64];

    cr_expect_eq(steering_chain_value(&chain, "blue", out, sizeof out), 0);
}

Test(steering, refuses_names_that_do_not_fit)
{
    char group[300];
    char out[512];
    struct chain chain = { .header = "H", .group = group, .secret = "s" };

    memset(group, 'g', sizeof group - 1);
    group[sizeof group - 1] = '\0';
    cr_expect_eq(steering_chain_value(&chain, "blue", out, sizeof out), 0);
}
