/* From configuration and decisions to the picture: every field that the workers read is what was configured. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench_desk.h"
#include "deploy/deploy_priv.h"
#include "route/slot_rules.h"

static const char config[] =
    "listener http { bind = \"127.0.0.1:0\" }\n"
    "service shop {\n"
    "  hosts = { \"shop.example\" }\n"
    "  paths = { \"/shop\" }\n"
    "  strip_prefix = \"/shop\"\n"
    "  slow_start = \"30s\"\n"
    "  https_redirect = true\n"
    "  health { enabled = false }\n"
    "  tenant { from = { \"header:X-Tenant\", \"cookie:tenant\", \"host-label:2\", "
    "\"path-segment:1\", \"query:t\" } }\n"
    "  canary { key = { \"tenant\", \"cookie:uid\", \"header:X-User\", \"own-cookie\", "
    "\"client-ip\" } secret = \"0123456789abcdef\" cookie = \"who\" shield = true }\n"
    "  preview { header = \"X-Preview\" cookie = \"preview\" secret = \"abcdefgh\" "
    "from = { \"10.0.0.0/8\" } }\n"
    "  retry { budget = \"35%\" }\n"
    "  timeouts { tunnel = \"7m\" response = \"3s\" }\n"
    "  evidence { key = \"header:X-User\" }\n"
    "  limits { body_rate = 2k client_rate = 9 clients = 2048 }\n"
    "  headers { request_set = { \"X-Both: service\" } response_remove = { \"Server\" } }\n"
    "  slot blue { targets = { \"127.0.0.1:5001 max=3 max_connections=5\" } }\n"
    "  slot green {\n"
    "    targets = { \"127.0.0.1:5002\" }\n"
    "    max_requests = 11  queue = 12  queue_timeout = \"13ms\"\n"
    "    headers { request_set = { \"X-Both: green\" } }\n"
    "  }\n"
    "  slot gone { targets = { \"127.0.0.1:5003\" } role = \"off\" }\n"
    "}\n"
    "service web { hosts = { \"web.example\" } health { enabled = false }\n"
    "  evidence { enabled = false key = \"path\" inflight_error = \"2s\" }\n"
    "  slot blue { targets = { \"127.0.0.1:6001\" } }\n"
    "}\n"
    "service api { hosts = { \"api.example\" } health { enabled = false }\n"
    "  slot blue { targets = { \"127.0.0.1:7001\" } }\n"
    "}\n"
    "group release { services = { \"web\" } "
    "chain { header = \"X-Chain\" secret = \"0123456789abcdef\" } }\n";

static struct bench_desk desk;

static void begin(void)
{
    bench_desk_init(&desk, config);
    bench_desk_must_start(&desk);
}

static void end(void)
{
    bench_desk_fini(&desk);
}

TestSuite(picture, .init = begin, .fini = end);

static void start_canary(void)
{
    struct change change = bench_desk_change(CHANGE_CANARY_START, "shop", "green");
    struct change_result result;

    change.share = 777;
    result = bench_desk_do(&desk, &change);
    cr_assert(result.changed, "%s", result.words);
}

Test(picture, policy_and_service)
{
    const struct snapshot_service *shop = bench_desk_service("shop");

    cr_assert_str_eq(shop->strip_prefix, "/shop");
    cr_assert_eq(shop->slow_start_us, 30000000);
    cr_assert(shop->policy.https_redirect && shop->policy.shield);
    cr_assert_eq(shop->policy.retry_budget, 35);
    cr_assert_eq(shop->policy.body_rate, 2048);
    cr_assert_eq(shop->policy.client_rate, 9);
    cr_assert_eq(shop->policy.client_burst, 9, "as the rate when it is not given");
    cr_assert_eq(shop->policy.tunnel_us, 420000000);
    cr_assert_not_null(shop->service->rate);
    cr_assert(shop->policy.evidence && shop->evidence_key.kind == EVIDENCE_HEADER);
    cr_assert_str_eq(shop->evidence_key.name, "X-User");
    cr_assert_eq(shop->policy.inflight_error_us, 3000000,
                 "never longer than the response may take");
    cr_assert_eq(shop->traffic.mode, TRAFFIC_OPEN);
    shop = bench_desk_service("web");
    cr_assert(!shop->policy.https_redirect && !shop->policy.shield);
    cr_assert(!shop->policy.evidence && shop->evidence_key.kind == EVIDENCE_PATH);
    cr_assert_eq(shop->policy.inflight_error_us, 2000000);
    cr_assert_null(shop->strip_prefix);
    cr_assert_null(shop->service->rate);
}

Test(picture, limits_of_slots_and_targets)
{
    const struct snapshot_service *shop = bench_desk_service("shop");

    cr_assert_eq(shop->slots[0].picks[0].max_requests, 3);
    cr_assert_eq(shop->slots[0].picks[0].max_connections, 5);
    cr_assert_eq(shop->slots[0].circuit.max_requests, 0);
    cr_assert_eq(shop->slots[1].picks[0].max_requests, 0);
    cr_assert_eq(shop->slots[1].circuit.max_requests, 11);
    cr_assert_eq(shop->slots[1].circuit.queue, 12);
    cr_assert_eq(shop->slots[1].circuit.queue_us, 13000);
    cr_assert_eq(shop->slots[0].role, ROLE_LIVE);
    cr_assert_eq(shop->slots[1].role, ROLE_STANDBY);
    cr_assert_eq(shop->slots[2].role, ROLE_OFF);
}

Test(picture, tenants_and_preview)
{
    static const enum tenant_kind kinds[] = { TENANT_HEADER, TENANT_COOKIE, TENANT_HOST_LABEL,
                                              TENANT_PATH_SEGMENT, TENANT_QUERY };
    const struct steering *steering = bench_desk_service("shop")->steering;

    cr_assert_not_null(steering);
    cr_assert_eq(steering->tenant_count, 5);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(steering->tenants[i].kind, kinds[i]);
    cr_assert_str_eq(steering->tenants[0].name, "X-Tenant");
    cr_assert_eq(steering->tenants[2].index, 2);
    cr_assert_str_eq(steering->tenants[4].name, "t");
    cr_assert_eq(steering->split.candidate, SLOT_NONE);
    cr_assert_str_eq(steering->preview.header, "X-Preview");
    cr_assert_str_eq(steering->preview.cookie, "preview");
    cr_assert_str_eq(steering->preview.secret, "abcdefgh");
    cr_assert_eq(steering->preview.from_count, 1);
    cr_assert_null(steering->chain.header);
}

Test(picture, split_of_a_canary)
{
    static const enum split_key_kind kinds[] = { SPLIT_TENANT, SPLIT_COOKIE, SPLIT_HEADER,
                                                 SPLIT_OWN_COOKIE, SPLIT_CLIENT_IP };
    const struct split *split = NULL;

    start_canary();
    split = &bench_desk_service("shop")->steering->split;
    cr_assert_eq(split->candidate, 1);
    cr_assert_eq(split->share, 777);
    cr_assert_eq(split->key_count, 5);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(split->keys[i].kind, kinds[i]);
    cr_assert_str_eq(split->keys[2].name, "X-User");
    cr_assert_str_eq(split->own_cookie, "who");
    cr_assert_str_eq(split->own_secret, "0123456789abcdef");
    cr_assert(split->shield);
}

Test(picture, chain_of_a_group_and_nothing_at_all)
{
    const struct steering *steering = bench_desk_service("web")->steering;

    cr_assert_not_null(steering);
    cr_assert_str_eq(steering->chain.header, "X-Chain");
    cr_assert_str_eq(steering->chain.group, "release");
    cr_assert_str_eq(steering->chain.secret, "0123456789abcdef");
    cr_assert_null(steering->preview.header);
    cr_assert_null(bench_desk_service("api")->steering, "it uses none of this");
}

static bool has_line(const struct header_rules *rules, const char *line)
{
    struct slice lines = rules != NULL ? header_rules_lines(rules) : slice_of("", 0);

    return lines.len > 0 && memmem(lines.ptr, lines.len, line, strlen(line)) != NULL;
}

Test(picture, header_rules_of_the_slots_follow_a_reload)
{
    struct change change = bench_desk_change(CHANGE_RELOAD, "", "");
    const struct snapshot_service *shop = bench_desk_service("shop");
    char plain[sizeof config];
    char *block = NULL;

    cr_assert(has_line(shop->slots[0].slot->request_rules, "X-Both: service\r\n"));
    cr_assert(has_line(shop->slots[1].slot->request_rules, "X-Both: green\r\n"));
    cr_assert(!has_line(shop->slots[1].slot->request_rules, "X-Both: service\r\n"));
    cr_assert(header_rules_drops(shop->slots[0].slot->response_rules, slice_from("server")));
    cr_assert_null(bench_desk_service("web")->slots[0].slot->request_rules);
    memcpy(plain, config, sizeof plain);
    block = strstr(plain, "headers { request_set = { \"X-Both: green\"");
    memset(block, ' ', strcspn(block, "\n"));
    bench_desk_write_config(&desk, plain);
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    shop = bench_desk_service("shop");
    cr_assert(has_line(shop->slots[1].slot->request_rules, "X-Both: service\r\n"));
}

Test(picture, a_planned_pin_is_in_no_table)
{
    struct change change = bench_desk_change(CHANGE_TENANT_PIN, "shop", "green");
    struct change_result result;

    snprintf(change.tenant, sizeof change.tenant, "acme");
    change.plan_only = true;
    result = bench_desk_do(&desk, &change);
    cr_assert_eq(result.outcome, OUTCOME_DONE, "%s", result.words);
    cr_assert_neq(result.token[0], '\0');
    change.plan_only = false;
    change.kind = CHANGE_TENANT_UNPIN;
    cr_assert(!bench_desk_do(&desk, &change).changed, "it is not there");
    change.kind = CHANGE_TENANT_PIN;
    cr_assert(bench_desk_do(&desk, &change).changed);
    change.kind = CHANGE_TENANT_UNPIN;
    snprintf(change.tenant, sizeof change.tenant, "*");
    change.plan_only = true;
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    cr_assert_neq(pins_find(bench_desk_service("shop")->steering->pins, slice_from("acme")),
                  PINS_NONE);
}

Test(picture, pins_reach_all_services_of_a_scope)
{
    struct change change = bench_desk_change(CHANGE_TENANT_PIN, "shop", "green");
    const struct steering *steering = NULL;

    snprintf(change.tenant, sizeof change.tenant, "acme");
    cr_assert_eq(bench_desk_do(&desk, &change).outcome, OUTCOME_DONE);
    steering = bench_desk_service("shop")->steering;
    cr_assert_not_null(steering->pins);
    cr_assert_neq(pins_find(steering->pins, slice_from("acme")), PINS_NONE);
}
