/* Hosts of a dsn, what is given to libpq, and the rests between tries. src/store/db_spec.c, pg_params.c, db_watch.c */
#include "store/db_spec_priv.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "net/loop.h"
#include "net/timer.h"
#include "store/db_watch_priv.h"
#include "store/name_lookup_priv.h"
#include "store/pg_params_priv.h"

static struct store_database database_of(const char *dsn)
{
    return (struct store_database){ .name = "shop", .dsn = dsn, .search_path = "public" };
}

static struct db_spec *spec_of(const char *dsn)
{
    struct store_database database = database_of(dsn);

    unsetenv("PGHOST");
    unsetenv("PGHOSTADDR");
    return db_spec_new(&database);
}

struct hosts_case {
    const char *dsn;
    size_t count;
    const char *first;
    const char *second_port;
    bool has_names;
};

static const struct hosts_case hosts[] = {
    { "dbname=shop", 0, NULL, NULL, false },
    { "host=db dbname=shop", 1, "db", NULL, true },
    { "host=10.0.0.1", 1, "10.0.0.1", NULL, false },
    { "host=::1", 1, "::1", NULL, false },
    { "host=/run/pg", 1, "/run/pg", NULL, false },
    { "host=@abstract", 1, "@abstract", NULL, false },
    { "host=a,b port=1,2", 2, "a", "2", true },
    { "host=a,b port=7", 2, "a", "7", true },
    { "host=,b", 2, "", "", true },
    { "host=db hostaddr=10.0.0.1", 0, NULL, NULL, false },
    { "postgresql://me@db1:5,10.0.0.2:6/shop", 2, "db1", "6", true },
    { "no connection string", 0, NULL, NULL, false },
};

Test(db_spec, hosts_are_taken_apart)
{
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct db_spec *spec = spec_of(hosts[i].dsn);

        cr_expect_eq(spec->host_count, hosts[i].count, "%s", hosts[i].dsn);
        cr_expect_eq(spec->has_names, hosts[i].has_names, "%s", hosts[i].dsn);
        if (hosts[i].first != NULL)
            cr_expect_str_eq(spec->hosts[0].text, hosts[i].first);
        if (hosts[i].second_port != NULL)
            cr_expect_str_eq(spec->hosts[1].port, hosts[i].second_port, "%s", hosts[i].dsn);
        db_spec_free(spec);
    }
    db_spec_free(NULL);
}

Test(db_spec, sameness)
{
    static const char *const slots[] = { "blue" };
    static const struct look_wish_assertion rows[] = { { "rows", "SELECT true", false } };
    struct store_database a = database_of("dbname=shop");
    struct store_database b = a;
    struct db_spec *spec = NULL;

    a.wishes.environments = slots;
    a.wishes.environment_count = 1;
    a.wishes.assertions = rows;
    a.wishes.assertion_count = 1;
    spec = db_spec_new(&a);
    cr_expect(db_spec_is_same(&spec->is, &a));
    cr_expect_not(db_spec_is_same(&spec->is, &b));
    b = a;
    b.passfile = "/x";
    cr_expect_not(db_spec_is_same(&spec->is, &b));
    b = a;
    b.wishes.has_shape = true;
    cr_expect_not(db_spec_is_same(&spec->is, &b));
    db_spec_free(spec);
}

static const char *param(const struct pg_params *params, const char *keyword)
{
    const char *value = NULL;

    for (unsigned i = 0; i < params->count; i++)
        if (strcmp(params->keywords[i], keyword) == 0)
            value = params->values[i];
    return value;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static void expect_addresses(const struct db_spec *spec, const struct name_lookup *names)
{
    struct pg_params params;

    pg_params_init(&params, spec, names);
    cr_expect(params.host_count >= 2);
    cr_expect_eq(strncmp(param(&params, "host"), "localhost,", 10), 0);
    cr_expect(strstr(param(&params, "host"), "nowhere") == NULL, "a name without an address");
    cr_expect(strstr(param(&params, "hostaddr"), "127.0.0.1") != NULL ||
              strstr(param(&params, "hostaddr"), "::1") != NULL);
    cr_expect_eq(strncmp(param(&params, "port"), "1,", 2), 0);
    pg_params_fini(&params);
}

Test(db_spec, names_become_addresses)
{
    struct loop *loop = loop_new();
    struct db_spec *spec = spec_of("host=localhost,nowhere.invalid,/run/pg port=1,2,3");
    struct name_lookup *names = name_lookup_new(loop, spec);
    struct name_waiter waiter = { .fn = stop, .arg = loop };

    name_lookup_ask(names, &waiter);
    while (name_lookup_is_busy(names))
        loop_run(loop);
    name_lookup_leave(names, &waiter);
    expect_addresses(spec, names);
    cr_expect(strstr(name_lookup_words(names), "'nowhere.invalid': ") != NULL);
    name_lookup_ask(names, &waiter); /* its end is not waited for */
    name_lookup_free(names);
    name_lookup_free(NULL);
    db_spec_free(spec);
    loop_free(loop);
}

Test(db_spec, what_libpq_gets)
{
    struct store_database database = database_of(
        "host=/run/pg dbname=shop connect_timeout=9 keepalives_idle=77 sslmode=require");
    struct pg_params params;
    struct db_spec *spec = NULL;

    database.passfile = "/etc/pass";
    spec = db_spec_new(&database);
    pg_params_init(&params, spec, NULL);
    cr_expect_str_eq(param(&params, "dbname"), "shop");
    cr_expect_str_eq(param(&params, "sslmode"), "require");
    cr_expect_str_eq(param(&params, "passfile"), "/etc/pass");
    cr_expect_str_eq(param(&params, "host"), "/run/pg");
    cr_expect_str_eq(param(&params, "keepalives_idle"), "77");
    cr_expect_str_eq(param(&params, "gssencmode"), "disable");
    cr_expect_null(param(&params, "hostaddr"));
    cr_expect_null(param(&params, "connect_timeout"));
    cr_expect_null(params.keywords[params.count]);
    pg_params_fini(&params);
    db_spec_free(spec);
}

Test(db_spec, rests_double_and_are_drawn_from_all_of_it)
{
    static const uint64_t most[] = {
        50000, 50000, 100000, 200000, 400000, 800000, 1600000, 2000000
    };

    for (unsigned i = 0; i < sizeof most / sizeof most[0]; i++) {
        cr_expect_eq(db_watch_backoff(i, 0), 0u);
        cr_expect_eq(db_watch_backoff(i, most[i]), most[i]);
        cr_expect_eq(db_watch_backoff(i, most[i] + 1), 0u);
    }
    cr_expect_eq(db_watch_backoff(4000000000u, 2000000), 2000000u);
}
