/* Databases: their values, and what no single value shows. src/config/crosscheck_database.c, option_database.c */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config.h"
#include "config/dump.h"
#include "expect_load.h"

#define COUNT(cases) (sizeof(cases) / sizeof(cases)[0])
#define DB(words)    REST "database shop { dsn = \"dbname=shop\"\n" words " }"
#define DSN(text)    REST "database shop { dsn = " text " }"
#define SLOT(words)                                                                                \
    LISTENER "service s { slot b { targets = { \"127.0.0.1:2\" } " words " } } "                   \
             "database shop { dsn = \"dbname=shop\" } "

static const struct load_case values[] = {
    { DB(""), NULL },
    { DSN("\"\""), "a connection string is UTF-8 text" },
    { DSN("\"host=db port=5433 user=me dbname=shop sslmode=verify-full\""), NULL },
    { DSN("\"postgresql://me@db:5433/shop?sslmode=require\""), NULL },
    { DSN("\"postgres://db1:5432,db2:5432/shop\""), NULL },
    { DSN("\"host=db password=secretword\""), "dsn: it has a password in it; put the password" },
    { DSN("\"postgresql://me:secretword@db/shop\""), "it has a password in it; put the password" },
    { DSN("\"postgresql://me@db/shop?password=secretword\""), "it has a password in it" },
    { DSN("\"host=db sslpassword=secretword\""), "it has a password in it; use a key" },
    { DSN("\"host=db passfile=/x\""), "write it as the option passfile" },
    { DSN("\"service=shop\""), "it names a service" },
    { DSN("\"host=db replication=database\""), "remove replication" },
    { DSN("\"hots=db\""), "'hots=db' is no connection string: invalid connection option \"hots\"" },
    { DSN("\"shop\""), "'shop' is no connection string: missing \"=\" after \"shop\"" },
    { DSN("\"postgresql://db:x/shop?z=1\""), "is no connection string: " },
    { REST "database shop { }", "database 'shop' needs the option 'dsn'" },
    { DB("interval = \"10ms\""), "interval: '10ms' is out of range" },
    { DB("versions = \"flyway\""), NULL },
    { DB("versions = \"SELECT version FROM v WHERE env = \\$1\""), NULL },
    { DB("versions = \"select(1)\""), NULL },
    { DB("versions = \"rails\""), "t.conf:3: versions: 'rails' is not one of auto, switchyard" },
    { DB("versions = \"SELECTION\""), "is not one of auto" },
    { DB("versions = \"DELETE FROM v\""), "no statement that begins with SELECT" },
    { DB("assertions = { \"rows: SELECT count(*) > 0 FROM o\", \"b : SELECT true\" }"), NULL },
    { DB("assertions = { \"SELECT true\" }"), "'SELECT true' is no assertion; write" },
    { DB("assertions = { \"rows: DROP TABLE o\" }"), "is no assertion" },
    { DB("assertions = { \"a b: SELECT true\" }"), "is no assertion" },
    { DB("assertions = { \"a: SELECT true\", \"a: SELECT false\" }"),
      "two assertions of database 'shop' are called 'a'; rename one" },
    { DB("snapshots { }"), "snapshots needs the option 'folder'" },
    { DB("snapshots { folder = \"/x\" kind = \"half\" }"), "is not one of logical or physical" },
    { DB("snapshots { folder = \"/x\" kind = \"physical\" }"), NULL },
};

Test(crosscheck_database, values)
{
    expect_cases(values, COUNT(values));
}

static const struct load_case names[] = {
    { SLOT("database = shop schema = \"v1.3.0\" contract = \"/c.json\""), NULL },
    { SLOT("\ndatabase = shpo"), "t.conf:2: there is no database 'shpo'; did you mean 'shop'?" },
    { SLOT("database = elsewhere"), "there is no database 'elsewhere'; add a block database" },
    { SLOT("schema = \"v1\""), "schema of slot 'b' has no effect without database" },
    { SLOT("contract = \"/c.json\""), "contract of slot 'b' has no effect without database" },
    { DB("publisher = shop subscription = s"), "database 'shop' cannot follow itself" },
    { DB("publisher = live subscription = s"), "there is no database 'live'" },
    { DB("subscription = s"), "t.conf:3: subscription has no effect without publisher" },
    { DB("slot = s"), "slot has no effect without publisher" },
    { DB("publisher = live") " database live { dsn = \"dbname=live\" }",
      "publisher needs to know by which subscription" },
    { DB("publisher = live subscription = s slot = t lag_bytes = 0") " database live { dsn = "
                                                                     "\"dbname=live\" }",
      NULL },
    { DB("publisher = live subscription = s") " database live { dsn = \"dbname=live\" } database "
                                              "more { dsn = \"dbname=m\" publisher = live "
                                              "subscription = m }",
      "database 'live' is followed by 'shop' already" },
    { DB("publisher = live subscription = s") " database live { dsn = \"dbname=live\" } database "
                                              "more { dsn = \"dbname=m\" publisher = live "
                                              "subscription = m slot = s }",
      NULL },
    { LISTENER "service s { slot b { targets = { \"127.0.0.1:2\" } database = d } schema { "
               "strategy = \"parallel\" } } database d { dsn = \"dbname=d\" }",
      "schema: strategy 'parallel' is not available in this version" },
    { LISTENER "service s { slot b { targets = { \"127.0.0.1:2\" } database = d } schema { "
               "same_database = false lint_max_level = \"low\" on_unknown = \"allow\" } } "
               "database d { dsn = \"dbname=d\" }",
      NULL },
};

Test(crosscheck_database, names_and_blocks)
{
    expect_cases(names, COUNT(names));
}

/* Neither the words about a password nor those about a text that cannot be read repeat it. */
Test(crosscheck_database, a_password_is_never_repeated)
{
    static const char *const texts[] = {
        DSN("\"host=db password=secretword\""),
        DSN("\"host=db password='secretword\""),
        DSN("\"postgresql://me:secretword@db/shop\""),
        DSN("\"postgresql://me:secretword@[db/shop\""),
        DSN("\"postgresql://me@[db/shop?password=secretword\""),
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        char *report = expect_report(texts[i]);

        cr_expect(strstr(report, "password") != NULL, "%s", report);
        cr_expect_eq(strstr(report, "secretword"), NULL, "%s", report);
        free(report);
    }
}

static void expect_passfile(const char *path, const char *says)
{
    char *text = NULL;
    struct load_case one = { .says = says };

    cr_assert(asprintf(&text, DB("passfile = \"%s\""), path) > 0);
    one.text = text;
    expect_cases(&one, 1);
    free(text);
}

Test(crosscheck_database, a_file_with_passwords_is_looked_at)
{
    char path[] = "/tmp/passfile.XXXXXX";
    int fd = mkstemp(path);

    cr_assert(fd >= 0);
    expect_passfile(path, NULL);
    cr_assert_eq(fchmod(fd, 0640), 0);
    expect_passfile(path, "others than its owner may read");
    close(fd);
    unlink(path);
    expect_passfile(path, "No such file or directory");
    expect_passfile("/tmp", "'/tmp' is no plain file");
}

Test(crosscheck_database, defaults_and_the_dump)
{
    struct config *config = expect_config(DB("snapshots { folder = \"/x\" }"));
    const struct config_database *database = config_find_database(config, SLICE("shop"));
    struct text out;

    cr_assert_not_null(database);
    cr_expect_null(config_find_database(config, SLICE("sho")));
    cr_expect_eq(database->interval, 2000000u);
    cr_expect_str_eq(database->versions, "auto");
    cr_expect_str_eq(database->search_path, "public");
    cr_expect_null(database->passfile);
    cr_expect_null(database->publisher);
    cr_expect_eq(database->snapshots.keep, 7u);
    cr_expect(config->services[0].schema.same_database);
    text_init(&out, 1u << 20);
    dump_config(config, &out);
    cr_expect(strstr(out.bytes, "database shop {\n    dsn = \"dbname=shop\"") != NULL);
    cr_expect(strstr(out.bytes, "    snapshots {\n        folder = \"/x\"") != NULL);
    text_fini(&out);
    config_free(config);
}
