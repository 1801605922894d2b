/*
 * `switchctl token` and the keys of a daemon: what it makes and shows, what it refuses, and that a daemon neither starts nor
 * reloads with a bad file of a key. Secrets of the test must not be found anywhere else.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "e2e/e2e.h"
#include "support/ctl.h"
#include "support/scene.h"
#include "support/token_maker.h"

#define SECRET "canary-7f3a9c-secret-of-this-test-0001"

static char folder[64];

static void start(void)
{
    snprintf(folder, sizeof folder, "/tmp/token-e2e-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
}

static void stop(void)
{
    char *command = mem_format("rm -rf %s", folder);

    cr_expect_eq(system(command), 0);
    free(command);
}

TestSuite(token, .init = start, .fini = stop);

static char *in_folder(const char *name)
{
    return mem_format("%s/%s", folder, name);
}

static void write_key(const char *path, const char *text, unsigned mode)
{
    FILE *file = fopen(path, "w");

    cr_assert(file != NULL);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

Test(token, is_made_and_shown)
{
    char *key = in_folder("hs");
    char *words = mem_format("token --key %s --alg HS256 --kid k1 --subject ci --role deployer "
                             "--services shop,api --ttl 5m --audience a --issuer i --id 7",
                             key);
    struct ctl_result made;
    struct ctl_result shown;
    char *inspect = NULL;

    write_key(key, SECRET, 0600);
    made = ctl_run(NULL, words);
    cr_assert_eq(made.code, 0, "%s", made.err);
    made.out[strcspn(made.out, "\n")] = '\0';
    inspect = mem_format("token inspect %s", made.out);
    shown = ctl_run(NULL, inspect);
    cr_expect_eq(shown.code, 0, "%s", shown.err);
    cr_expect(strstr(shown.out, "\"sub\":\t\"ci\"") != NULL, "%s", shown.out);
    cr_expect(strstr(shown.out, "\"services\":\t[\"shop\", \"api\"]") != NULL, "%s", shown.out);
    cr_expect(strstr(shown.out, "\"jti\":\t\"7\"") != NULL, "%s", shown.out);
    cr_expect(strstr(shown.out, "\"kid\":\t\"k1\"") != NULL, "%s", shown.out);
    cr_expect(strstr(shown.out, "nothing was checked") != NULL, "%s", shown.out);
    cr_expect(strstr(shown.out, SECRET) == NULL && strstr(made.out, SECRET) == NULL);
    ctl_free(&made);
    ctl_free(&shown);
    free(inspect);
    free(words);
    free(key);
}

Test(token, refuses_what_would_not_be_taken)
{
    static const struct {
        const char *words; /* behind --key FILE */
        int code;
        const char *says;
    } rows[] = {
        { "--alg HS256 --subject a --role viewer", 0, "" },
        { "--alg HS256 --subject a", 2, "missing: --role" },
        { "--alg HS256 --role viewer", 2, "missing: --subject" },
        { "--subject a --role viewer", 2, "missing: --alg" },
        { "--alg none --subject a --role viewer", 1, "'none' is not one of HS256" },
        { "--alg RS256 --subject a --role viewer", 1, "is not what RS256 needs" },
        { "--alg HS256 --subject a --role viewer --ttl 0s", 2, "--ttl is no time" },
        { "--alg HS256 --subject a --role viewer --ttl 721h", 2, "--ttl is no time" },
        { "--alg HS256 --subject a --role viewer --ttl", 2, "there is no value for --ttl" },
        { "--alg HS256 --subject a --role admin --role s", 2, "twice: --role" },
        { "--alg HS256 --subject a --role viewer --force x", 2, "unknown option --force" },
        { "--alg HS256 --subject a --role god", 2, "none of viewer, deployer, operator, admin" },
        { "--alg HS256 --subject a --role Admin", 2, "--role-claim role): Admin" },
        { "--alg HS256 --subject a --role sre --role-claim groups", 0,
          "groups=sre is a role only" },
    };
    char *key = in_folder("hs");

    write_key(key, SECRET, 0600);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *words = mem_format("token --key %s %s", key, rows[i].words);
        struct ctl_result result = ctl_run(NULL, words);

        cr_expect_eq(result.code, rows[i].code, "%s: %s", words, result.err);
        cr_expect(strstr(result.err, rows[i].says) != NULL, "%s: %s", words, result.err);
        cr_expect_null(strstr(result.err, SECRET));
        ctl_free(&result);
        free(words);
    }
    chmod(key, 0644);
    {
        char *words = mem_format("token --key %s --alg HS256 --subject a --role viewer", key);
        struct ctl_result result = ctl_run(NULL, words);

        cr_expect_eq(result.code, 1);
        cr_expect(strstr(result.err, "chmod 600") != NULL, "%s", result.err);
        ctl_free(&result);
        free(words);
    }
    cr_expect_eq(ctl_code(NULL, "token inspect a.b.c"), 1);
    cr_expect_eq(ctl_code(NULL, "token inspect a b"), 2);
    cr_expect_eq(ctl_code(NULL, "token"), 2);
    free(key);
}

static char *globals_with(const char *key)
{
    return mem_format("run_dir = \"%%s/run\"\nstate_dir = \"%%s/state\"\nworkers = 1\n"
                      "log { access = \"%%s/access.log\" }\n"
                      "api { bind = \"127.0.0.1:0\"\n"
                      "      key ci { alg = HS256 file = \"%s\" } }\n",
                      key);
}

/* A key that others may read: the reload is refused, says why, and changes nothing; without it all is well again. */
Test(token, a_bad_key_refuses_a_reload)
{
    char *key = in_folder("hs");
    char *globals = globals_with(key);
    const struct stage_options options = { .globals = globals,
                                           .lines = "health { enabled = false }\n" };
    struct stage stage;
    struct ctl_result result;

    write_key(key, SECRET, 0600);
    stage_open(&stage, &options);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    chmod(key, 0644);
    result = ctl_run(stage.daemon, "reload");
    cr_expect_neq(result.code, 0);
    cr_expect(strstr(result.err, "api key ci: ") != NULL, "%s", result.err);
    cr_expect(strstr(result.err, "chmod 600") != NULL, "%s", result.err);
    ctl_free(&result);
    write_key(key, "short", 0600);
    result = ctl_run(stage.daemon, "reload");
    cr_expect_neq(result.code, 0);
    cr_expect(strstr(result.err, "fewer than 32 bytes") != NULL, "%s", result.err);
    ctl_free(&result);
    write_key(key, SECRET, 0600);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    result = ctl_run(stage.daemon, "show config");
    cr_expect(strstr(result.out, "key ci") != NULL, "%s", result.out);
    cr_expect_null(strstr(result.out, SECRET));
    ctl_free(&result);
    {
        char *command = mem_format("grep -rqs %s %s", SECRET, daemon_folder(stage.daemon));

        cr_expect_neq(system(command), 0, "the secret lies in a file of the daemon");
        free(command);
    }
    STOP_STAGE(&stage);
    free(globals);
    free(key);
}

/* No core file, neither in the working folder nor to a program. */
Test(token, no_core_is_left)
{
    static const struct stage_options options = { .lines = "health { enabled = false }\n" };
    struct stage stage;
    struct rlimit limit = { 77, 77 };

    stage_open(&stage, &options);
    cr_assert_eq(prlimit(daemon_pid(stage.daemon), RLIMIT_CORE, NULL, &limit), 0);
    cr_expect_leq(limit.rlim_cur, 1);
    STOP_STAGE(&stage);
}
