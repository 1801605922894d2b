/* Tenants: src/control/cmd_tenant.c, cmd_tenant_export.c, cmd_tenant_load.c, tenant_scope.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "route/pins.h"
#include "unit/control/asker.h"

static void start(void)
{
    asker_start();
    world_add_tenants(&asker_world, 1);
}

TestSuite(cmd_tenant, .init = start, .fini = asker_stop);

static void pin(const char *tenant, const char *slot)
{
    cr_assert_eq(pins_set(asker_world.deploy.pins[0], slice_from(tenant), slot), 0);
}

static const char *slot_of(const char *tenant)
{
    const struct pins *pins = asker_world.deploy.loaded;
    int name = pins_find(pins, slice_from(tenant));

    return name != PINS_NONE ? pins_name(pins, name) : "none";
}

Test(cmd_tenant, pin_and_unpin_become_changes)
{
    const struct change *change = ask_change("tenant pin acme green\n");

    cr_expect_eq(change->kind, CHANGE_TENANT_PIN);
    cr_expect_str_eq(change->name, "shop", "the only scope with tenants");
    cr_expect_str_eq(change->tenant, "acme");
    cr_expect_str_eq(change->slot, "green");
    cr_expect(ask_has("tenant pin acme green: done, epoch 42, durable\n"));
    change = ask_change("tenant unpin acme shop\n");
    cr_expect_eq(change->kind, CHANGE_TENANT_UNPIN);
    cr_expect_str_eq(change->tenant, "acme");
    cr_expect_str_eq(ask_change("tenant unpin *\n")->tenant, "*");
}

Test(cmd_tenant, bad_words_change_nothing)
{
    static char line[120];

    ask_refused("tenant pin acme\n", OUTCOME_USAGE, "too few words");
    ask_refused("tenant pin a/b green\n", OUTCOME_USAGE, "is no tenant");
    ask_refused("tenant pin * green\n", OUTCOME_USAGE, "is no tenant");
    ask_refused("tenant pin \"\" green\n", OUTCOME_USAGE, "is no tenant");
    ask_refused("tenant pin acme gr/een\n", OUTCOME_USAGE, "is no name of a slot");
    ask_refused("tenant pin acme grey\n", OUTCOME_REFUSED, "shop has no slot grey");
    ask_refused("tenant pin acme green nope\n", OUTCOME_REFUSED, "no service or group nope");
    ask_refused("tenant pin acme green api\n", OUTCOME_REFUSED, "api knows no tenants");
    ask_refused("tenant pin acme green shop/blue\n", OUTCOME_USAGE, "is no name of a service");
    ask_refused("tenant list --limit 0\n", OUTCOME_USAGE, "--limit takes 1 to 1000");
    ask_refused("tenant list --limit 1001\n", OUTCOME_USAGE, "--limit takes 1 to 1000");
    ask_refused("tenant list --from 7\n", OUTCOME_USAGE, "--from takes the place");
    ask_refused("tenant list --from 7.8.9\n", OUTCOME_USAGE, "--from takes the place");
    ask_refused("tenant list --from x.1\n", OUTCOME_USAGE, "--from takes the place");
    ask_refused("tenant export --limit 4\n", OUTCOME_USAGE, "unknown option --limit");
    ask_refused("tenant load\n", OUTCOME_USAGE, "takes lines: end the command with <<");
    memcpy(line, "tenant pin ", 11);
    memset(line + 11, 'a', 65);
    memcpy(line + 76, " green\n", 8);
    ask_refused(line, OUTCOME_USAGE, "is no tenant: 1 to 64");
}

Test(cmd_tenant, name_is_needed_where_several_have_tenants)
{
    pins_free(asker_world.deploy.pins[0]);
    world_add_tenants(&asker_world, 2);
    ask_refused("tenant pin acme green\n", OUTCOME_USAGE,
                "several have tenants: say which (shop, release)");
    ask_refused("tenant list\n", OUTCOME_USAGE, "shop, release");
    cr_expect_str_eq(ask_change("tenant pin acme green release\n")->name, "release");
    cr_expect_str_eq(ask_change("tenant pin acme green api\n")->name, "api");
}

Test(cmd_tenant, nobody_has_tenants)
{
    asker_world.service_rows[0].steering = NULL;
    world_publish(&asker_world, 41);
    ask_refused("tenant pin acme green\n", OUTCOME_REFUSED, "the configuration knows no tenants");
    ask_refused("tenant export\n", OUTCOME_REFUSED, "the configuration knows no tenants");
}

Test(cmd_tenant, list_shows_pins_and_counters)
{
    cJSON *json = NULL;
    const cJSON *row = NULL;

    cr_assert_str_eq(ask("tenant list\n"), "0 tenants of shop are pinned\n\n");
    pin("acme", "green");
    (void)pins_take(asker_world.deploy.pins[0], SLICE("acme"), 0);
    (void)pins_take(asker_world.deploy.pins[0], SLICE("acme"), 1);
    pins_count_error(asker_world.deploy.pins[0], SLICE("acme"), 1);
    ask("tenant list shop\n");
    cr_expect(ask_has("acme    green\n"), "%s", asker_out.bytes);
    cr_expect_not(ask_has("REQUESTS"));
    json = ask_json("json tenant list --stats\n");
    row = cJSON_GetArrayItem(json_result(json, "tenants"), 0);
    cr_expect_str_eq(json_text(row, "tenant"), "acme");
    cr_expect_str_eq(json_text(row, "slot"), "green");
    cr_expect_eq(json_number(row, "requests"), 2);
    cr_expect_eq(json_number(row, "errors"), 1);
    cr_expect(cJSON_IsNull(json_result(json, "next")));
    cJSON_Delete(json);
}

/* Each tenant stands on exactly one page. */
Test(cmd_tenant, list_goes_on_page_by_page)
{
    static bool seen[250];
    char line[80] = "json tenant list --limit 7\n";
    unsigned total = 0;
    char tenant[16];

    for (unsigned i = 0; i < 250; i++) {
        snprintf(tenant, sizeof tenant, "t%03u", i);
        pin(tenant, i % 2 == 0 ? "blue" : "green");
    }
    for (unsigned page = 0; line[0] != '\0'; page++) {
        cJSON *json = ask_json(line);
        const cJSON *rows = json_result(json, "tenants");
        const char *next = cJSON_GetStringValue(json_result(json, "next"));
        const cJSON *row = NULL;

        cr_assert_leq(cJSON_GetArraySize(rows), 7);
        cr_assert_lt(page, 250);
        cJSON_ArrayForEach(row, rows)
        {
            unsigned number = 0;

            cr_assert_eq(sscanf(json_text(row, "tenant"), "t%u", &number), 1);
            cr_expect_not(seen[number], "t%u is on two pages", number);
            seen[number] = true;
            total++;
        }
        line[0] = '\0';
        if (next != NULL)
            snprintf(line, sizeof line, "json tenant list --limit 7 --from %s\n", next);
        cJSON_Delete(json);
    }
    cr_assert_eq(total, 250);
    ask("tenant list --from 99999999.99999999\n");
    cr_expect(ask_has("250 tenants of shop are pinned\n"), "a place beyond the end is the end");
}

Test(cmd_tenant, export_is_what_load_reads)
{
    struct text lines;
    char tenant[16];

    for (unsigned i = 0; i < 5000; i++) { /* more than one piece */
        snprintf(tenant, sizeof tenant, "t%u", i);
        pin(tenant, i % 2 == 0 ? "blue" : "green");
    }
    text_init(&lines, 1 << 20);
    text_add(&lines, "tenant load shop <<\n");
    text_add(&lines, ask("tenant export\n"));
    cr_expect_eq(ask_change(lines.bytes)->kind, CHANGE_TENANT_LOAD);
    cr_expect(ask_has("tenant load shop: 5000 lines, epoch 42, durable\n"), "%s", asker_out.bytes);
    cr_expect_eq(pins_count(asker_world.deploy.loaded), 5000);
    cr_expect_str_eq(slot_of("t0"), "blue");
    cr_expect_str_eq(slot_of("t4999"), "green");
    text_fini(&lines);
}

Test(cmd_tenant, export_of_nothing_is_an_empty_answer)
{
    int fd = world_connect(asker_world.path);

    cr_assert(world_ask(&asker_world, fd, "tenant export\nquit\n", NULL, &asker_out));
    cr_expect_str_eq(asker_out.bytes, "\n\n");
    close(fd);
}

Test(cmd_tenant, json_export_is_one_object)
{
    cJSON *json = NULL;
    char tenant[16];

    for (unsigned i = 0; i < 4500; i++) {
        snprintf(tenant, sizeof tenant, "t%u", i);
        pin(tenant, "green");
    }
    json = ask_json("json tenant export shop\n");
    cr_expect_eq(json_code(json), 0);
    cr_expect_eq(json_number(json, "epoch"), 41);
    cr_expect_str_eq(cJSON_GetStringValue(json_result(json, "name")), "shop");
    cr_expect_eq(cJSON_GetArraySize(json_result(json, "pins")), 4500);
    cr_expect_str_eq(json_text(json_result(json, "pins"), "t4499"), "green");
    cr_expect_eq(json_result(json, "count")->valueint, 4500);
    cr_expect(cJSON_IsNull(cJSON_GetObjectItem(json, "error")));
    cJSON_Delete(json);
    json = ask_json("json tenant export nope\n");
    cr_expect_eq(json_code(json), OUTCOME_REFUSED);
    cJSON_Delete(json);
}

/* The first piece is on its way while the whole table is replaced. */
static void replace_pins(bool is_json)
{
    struct pins *old = asker_world.deploy.pins[0];
    int fd = world_connect(asker_world.path);
    char tenant[64];
    struct text line;

    for (unsigned i = 0; i < 20000; i++) { /* more than the socket holds */
        snprintf(tenant, sizeof tenant, "a-tenant-with-a-name-of-some-length-%u", i);
        pin(tenant, "green");
    }
    text_init(&line, 100);
    text_add_format(&line, "%stenant export\n", is_json ? "json " : "");
    cr_assert_eq(send(fd, line.bytes, line.len, MSG_NOSIGNAL), (ssize_t)line.len);
    world_turn(&asker_world, 20);
    asker_world.deploy.pins[0] = pins_new(2);
    cr_assert(world_ask(&asker_world, fd, "", "\n\n", &asker_out));
    pins_free(old);
    text_fini(&line);
    close(fd);
}

Test(cmd_tenant, export_notices_that_the_pins_were_replaced)
{
    cJSON *json = NULL;

    replace_pins(false);
    cr_expect(ask_has(" green\nerror 5 conflict (conflict): all pins of shop were replaced"));
    replace_pins(true);
    json = cJSON_Parse(asker_out.bytes);
    cr_assert_not_null(json);
    cr_expect_eq(json_code(json), OUTCOME_CONFLICT);
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(json, "ok")));
    cr_expect_str_eq(json_text(cJSON_GetObjectItem(json, "error"), "hint"), "export again");
    cJSON_Delete(json);
}

Test(cmd_tenant, load_takes_lines_up_to_an_empty_one)
{
    const struct change *change =
        ask_change("json tenant load --key k3 --reason pilots <<\n# who\nacme green\r\n"
                   "  b.corp\t blue \n \n acme   green\n\n");

    cr_expect_eq(change->kind, CHANGE_TENANT_LOAD);
    cr_expect_str_eq(change->name, "shop");
    cr_expect_str_eq(change->key, "k3");
    cr_expect_str_eq(change->reason, "pilots");
    cr_expect_eq(pins_count(asker_world.deploy.loaded), 2);
    cr_expect_str_eq(slot_of("acme"), "green");
    cr_expect_str_eq(slot_of("b.corp"), "blue");
    cr_expect(ask_has("\"lines\":5"));
    ask_change("tenant load <<\n\n");
    cr_expect_eq(pins_count(asker_world.deploy.loaded), 0, "no lines: no pins");
}

Test(cmd_tenant, load_refuses_a_bad_line_by_its_number)
{
    static const struct {
        const char *lines;
        const char *words;
    } cases[] = {
        { "acme green\nb/c green\n\n", "line 2: \"b/c\" is no tenant" },
        { "acme\n\n", "line 1: \"\" is no slot of it" },
        { "# x\nacme grey\n\n", "line 2: \"grey\" is no slot of it" },
        { "acme green blue\n\n", "line 1: \"green blue\" is no slot of it" },
        { "a green\nb blue\na blue\n\n",
          "line 3: \"a\" has been pinned to another slot by a line before" },
        { "acme gr\001een\n\n", "line 1: " },
        { "\x80 green\n\n", "line 1: " },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[128];

        snprintf(line, sizeof line, "tenant load <<\n%s", cases[i].lines);
        ask_refused(line, OUTCOME_USAGE, cases[i].words);
        cr_expect(ask_has("nothing has changed"));
        cr_expect_null(asker_world.deploy.loaded);
    }
}

/* What comes behind the refused line is not taken for commands. */
Test(cmd_tenant, lines_behind_a_refusal_are_dropped)
{
    static const char *const starts[] = {
        "tenant load nope <<\n",
        "tenant load <<\nbad\n",
        "nonsense <<\n",
        "\"open <<\n",
        "<<\n",
        " <<\n",
        "version <<\n",
        "json tenant load nope <<\n",
    };

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        int fd = world_connect(asker_world.path);
        char lines[128];

        snprintf(lines, sizeof lines, "%sswitch shop\nshutdown\n\nversion\nquit\n", starts[i]);
        cr_assert(world_ask(&asker_world, fd, lines, NULL, &asker_out));
        cr_expect(ask_has("\nswitchyard "), "%s: %s", starts[i], asker_out.bytes);
        cr_expect_eq(asker_world.deploy.submitted_count, 0, "%s", starts[i]);
        cr_expect_eq(asker_world.quits, 0, "%s", starts[i]);
        close(fd);
        world_turn(&asker_world, 2);
    }
}

Test(cmd_tenant, load_that_ends_early_changes_nothing)
{
    int fd = world_connect(asker_world.path);

    cr_assert_eq(send(fd, "tenant load <<\nacme green\nb bl", 30, MSG_NOSIGNAL), 30);
    shutdown(fd, SHUT_WR);
    cr_assert(world_ask(&asker_world, fd, "", NULL, &asker_out));
    cr_expect_eq(strncmp(asker_out.bytes, "error 2 usage (usage): the connection ended before", 50),
                 0, "%s", asker_out.bytes);
    cr_expect_eq(asker_world.deploy.submitted_count, 0);
    close(fd);
    fd = world_connect(asker_world.path); /* gone altogether */
    cr_assert_eq(send(fd, "tenant load <<\nacme green\n", 26, MSG_NOSIGNAL), 26);
    world_turn(&asker_world, 5);
    close(fd);
    world_turn(&asker_world, 60);
    cr_expect_eq(asker_world.deploy.submitted_count, 0);
}

Test(cmd_tenant, load_has_its_timeout)
{
    int fd = world_connect(asker_world.path);

    cr_assert(world_ask(&asker_world, fd, "tenant load --timeout 50ms <<\nacme green\n", "\n\n",
                        &asker_out));
    cr_expect(ask_has("error 4 timeout (wait_timeout): the lines did not end in time"));
    cr_assert(world_ask(&asker_world, fd, "b green\n\nversion\n", "\n\n", &asker_out));
    cr_expect_eq(strncmp(asker_out.bytes, "switchyard ", 11), 0, "%s", asker_out.bytes);
    cr_expect_eq(asker_world.deploy.submitted_count, 0);
    close(fd);
}

/* Longer than the buffer: refused by its number, and its rest is no line of its own. */
Test(cmd_tenant, load_refuses_a_line_that_has_no_end)
{
    struct text lines;

    text_init(&lines, 1 << 20);
    text_add(&lines, "tenant load <<\nacme green\n");
    for (unsigned i = 0; i < 50000; i++)
        text_add(&lines, "x");
    text_add(&lines, "\nb green\n\n");
    ask_refused(lines.bytes, OUTCOME_USAGE, "line 2: \"xxxx");
    text_fini(&lines);
}

struct other {
    int fd;
    unsigned answers;
};

/* A second client that asks again and again; counts the answers. */
static bool is_load_done(void *arg)
{
    struct other *other = arg;
    char bytes[4096];
    ssize_t count = recv(other->fd, bytes, sizeof bytes, 0);

    if (count > 0) {
        other->answers++;
        cr_assert_eq(send(other->fd, "version\n", 8, MSG_NOSIGNAL), 8);
    }
    return asker_world.deploy.submitted_count > 0;
}

/* While two hundred thousand lines come in, another client is served as ever. */
Test(cmd_tenant, load_lets_others_have_their_turn)
{
    struct other other = { .fd = world_connect(asker_world.path) };
    int fd = world_connect(asker_world.path);
    struct text lines;
    size_t sent = 0;

    text_init(&lines, 64 << 20);
    text_add(&lines, "tenant load <<\n");
    for (unsigned i = 0; i < 200000; i++)
        text_add_format(&lines, "tenant-%u %s\n", i, i % 2 == 0 ? "blue" : "green");
    text_add(&lines, "\n");
    cr_assert_eq(send(other.fd, "version\n", 8, MSG_NOSIGNAL), 8);
    while (sent < lines.len) {
        ssize_t count = send(fd, lines.bytes + sent, lines.len - sent, MSG_NOSIGNAL);

        sent += count > 0 ? (size_t)count : 0;
        (void)world_run(&asker_world, is_load_done, &other, 1);
    }
    cr_assert(world_run(&asker_world, is_load_done, &other, 20000));
    cr_expect_eq(pins_count(asker_world.deploy.loaded), 200000);
    cr_expect_gt(other.answers, 10);
    text_fini(&lines);
    close(other.fd);
    close(fd);
}
