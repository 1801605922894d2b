/* One migration in an emergency when the dsn has several hosts: the primary is asked, and it is the one that is applied to. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e_db.h"
#include "support/scene.h"

static const char table[] = "CREATE TABLE orders (id int PRIMARY KEY, quantity int)";

/* From now on it only reads, as a server that lost its role does. */
static void demote(struct pg *pg)
{
    char *path = mem_format("%s/data/standby.signal", pg_folder(pg));

    pg_crash(pg);
    scene_write(path, "", 0);
    free(path);
    pg_restart(pg);
}

/* "db apply … [more]" with hosts, in one word each. */
static char *make_words(const char *hosts, const char *ports, const char *file, const char *more)
{
    return mem_format("db apply --emergency --dsn "
                      "postgresql:///postgres?host=%s&port=%s&user=postgres%s --reason test %s",
                      hosts, ports, more, file);
}

static char *find_token(const struct db_stage *stage, const char *words)
{
    int code = -1;
    char *said = db_stage_say(stage, words, &code);
    const char *at = strstr(said, "token: ");
    char *token = at != NULL ? mem_text_of(at + 7, 40) : NULL;

    cr_assert(code == 3 && token != NULL, "%d: %s", code, said);
    free(said);
    return token;
}

Test(db_apply, of_several_hosts_the_primary_is_asked_and_applied_to, .timeout = 180)
{
    struct pg *standby = pg_start(NULL);
    struct db_stage stage;
    char *hosts = NULL;
    char *file = NULL;
    char *words = NULL;
    char *token = NULL;
    char *with_token = NULL;
    char *type = NULL;

    db_stage_sql(standby, NULL, table);
    demote(standby);
    db_stage_folder(&stage);
    db_stage_open(&stage, pg_start(NULL), &(struct db_stage_options){ .sql = table });
    file = db_stage_file(&stage, "V2__wider.sql",
                         "ALTER TABLE orders ALTER COLUMN quantity TYPE bigint;\n");
    hosts = mem_format("%s,%s", pg_folder(standby), pg_folder(stage.pg));

    words = make_words(hosts, "5432,5432", file, "&target_session_attrs=any");
    db_expect_say(&stage, words, 3, "is a standby that only reads");
    free(words);
    words = make_words(pg_folder(standby), "5432", file, "");
    db_expect_say(&stage, words, 3, "name the primary in the dsn");
    free(words);
    words = make_words(hosts, "5432,5432", file, "");
    token = find_token(&stage, words);
    with_token = mem_format("%s --token %s", words, token);
    db_expect_say(&stage, with_token, 0, "applied: 1 statements");
    type = pg_psql(stage.pg, NULL,
                   "SELECT data_type FROM information_schema.columns WHERE column_name = "
                   "'quantity'");
    cr_expect_str_eq(type, "bigint\n");

    free(type);
    free(with_token);
    free(token);
    free(words);
    free(hosts);
    free(file);
    cr_expect(pg_stop(standby));
    STOP_DB(&stage);
}
