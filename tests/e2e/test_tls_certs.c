/*
 * Certificates over time: what is refused at the start, at a check, at a reload; what is taken by command, by signal,
 * or because a file has changed; handshakes that go on meanwhile; what `tls list` and the metrics say; and that no key
 * shows up anywhere.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "e2e/e2e.h"

enum { WAIT_MS = 15000, SWAPPERS = 3, SWAPS_LEAST = 3 };

/* Files that are refused, each made in the folder as bad.pem (or a folder "bad.pem"). */
typedef void spoil_fn(const struct tls_stage *stage, const struct pem *root,
                      const struct pem *good);

static const char *bad_path(const struct tls_stage *stage)
{
    return tls_stage_path(stage, "bad.pem");
}

static void spoil_key(const struct tls_stage *stage, const struct pem *root, const struct pem *good)
{
    pem_write(bad_path(stage), &(struct pem_file){ .key = root->key, .certs = { good->cert } });
}

static void spoil_order(const struct tls_stage *stage, const struct pem *root,
                        const struct pem *good)
{
    struct pem middle;
    struct pem leaf;

    pem_make(&(struct pem_options){ .subject = "/CN=middle", .issuer = root, .is_authority = true },
             &middle);
    pem_make(&(struct pem_options){ .names = "DNS:a.test", .issuer = &middle }, &leaf);
    (void)good;
    pem_write(
        bad_path(stage),
        &(struct pem_file){ .key = leaf.key, .certs = { leaf.cert, root->cert, middle.cert } });
    pem_free(&middle);
    pem_free(&leaf);
}

static void spoil_expired(const struct tls_stage *stage, const struct pem *root,
                          const struct pem *good)
{
    struct pem old;

    (void)good;
    pem_make(&(struct pem_options){ .names = "DNS:a.test", .issuer = root, .days = -2 }, &old);
    pem_write(bad_path(stage), &(struct pem_file){ .key = old.key, .certs = { old.cert } });
    pem_free(&old);
}

static void spoil_early(const struct tls_stage *stage, const struct pem *root,
                        const struct pem *good)
{
    struct pem early;

    (void)good;
    pem_make(&(struct pem_options){ .names = "DNS:a.test", .issuer = root, .begin = 2 }, &early);
    pem_write(bad_path(stage), &(struct pem_file){ .key = early.key, .certs = { early.cert } });
    pem_free(&early);
}

static void spoil_mode(const struct tls_stage *stage, const struct pem *root,
                       const struct pem *good)
{
    (void)root;
    pem_write(bad_path(stage),
              &(struct pem_file){ .key = good->key, .certs = { good->cert }, .mode = 0644 });
}

static void spoil_writable(const struct tls_stage *stage, const struct pem *root,
                           const struct pem *good)
{
    (void)root;
    pem_write(bad_path(stage),
              &(struct pem_file){ .key = good->key, .certs = { good->cert }, .mode = 0660 });
}

static void spoil_passphrase(const struct tls_stage *stage, const struct pem *root,
                             const struct pem *good)
{
    (void)root;
    pem_write(bad_path(stage), &(struct pem_file){ .key = good->key,
                                                   .certs = { good->cert },
                                                   .passphrase = "canary-passphrase" });
}

static void spoil_keyless(const struct tls_stage *stage, const struct pem *root,
                          const struct pem *good)
{
    (void)root;
    pem_write(bad_path(stage), &(struct pem_file){ .certs = { good->cert } });
}

static void spoil_certless(const struct tls_stage *stage, const struct pem *root,
                           const struct pem *good)
{
    (void)root;
    pem_write(bad_path(stage), &(struct pem_file){ .key = good->key });
}

static void spoil_weak(const struct tls_stage *stage, const struct pem *root,
                       const struct pem *good)
{
    struct pem weak;

    (void)root;
    (void)good;
    pem_make(&(struct pem_options){ .names = "DNS:a.test", .kind = PEM_RSA_SHORT }, &weak);
    pem_write(bad_path(stage), &(struct pem_file){ .key = weak.key, .certs = { weak.cert } });
    pem_free(&weak);
}

static void spoil_rubbish(const struct tls_stage *stage, const struct pem *root,
                          const struct pem *good)
{
    (void)root;
    (void)good;
    scene_write(bad_path(stage), "-----BEGIN CERTIFICATE-----\nrubbish\n", 36);
    cr_assert_eq(chmod(bad_path(stage), 0600), 0);
}

static void spoil_folder(const struct tls_stage *stage, const struct pem *root,
                         const struct pem *good)
{
    (void)root;
    (void)good;
    cr_assert_eq(mkdir(bad_path(stage), 0700), 0);
}

static void spoil_absent(const struct tls_stage *stage, const struct pem *root,
                         const struct pem *good)
{
    (void)stage;
    (void)root;
    (void)good;
}

static const struct bad_case {
    spoil_fn *spoil;
    const char *words;
} bad_cases[] = {
    { spoil_key, "has a private key that belongs to another certificate" },
    { spoil_order, "certificate 2 of the chain did not issue certificate 1" },
    { spoil_expired, "has expired on" },
    { spoil_early, "is not valid yet" },
    { spoil_mode, "has mode 0644, so that others may read it; chmod 600 it" },
    { spoil_writable, "has mode 0660, so that others may change it; chmod 600 it" },
    { spoil_passphrase, "needs a passphrase" },
    { spoil_keyless, "has no private key" },
    { spoil_certless, "has no certificate" },
    { spoil_weak, "less than 2048 bits" },
    { spoil_rubbish, "has no certificate" },
    { spoil_folder, "has no file whose name ends with .pem" },
    { spoil_absent, "bad.pem cannot be read: No such file or directory" },
};

static char *kind_of_first(const struct tls_stage *stage)
{
    struct tls_client client;
    char *print = mem_alloc(65);

    print[0] = '\0';
    if (tls_client_open(&client, tls_stage_front(stage),
                        &(struct tls_client_options){ .sni = "shop.test" }))
        tls_client_fingerprint(&client, print);
    tls_client_close(&client);
    return print;
}

/* At the start, and at a reload, where nothing changes. */
static void check_bad(const struct bad_case *one, const struct pem *root, const struct pem *good,
                      struct tls_stage *running)
{
    struct tls_stage stage;
    char *config = NULL;
    char *words = NULL;
    struct ctl_result result;

    tls_stage_prepare(&stage);
    one->spoil(&stage, root, good);
    config = tls_stage_config(
        &stage,
        &(struct tls_stage_options){ .certificates = "\"FOLDER/ec.pem\", \"FOLDER/bad.pem\"" });
    cr_expect_eq(daemon_refusal(&(struct daemon_options){ .config = config }, &words), 1);
    cr_expect(words != NULL && strstr(words, one->words) != NULL, "%s: %s", one->words, words);
    cr_expect(words != NULL && strstr(words, "listener https: tls: ") != NULL, "%s", words);
    cr_expect(words != NULL && strstr(words, "canary-passphrase") == NULL);
    free(words);
    daemon_set_config(running->daemon, config);
    result = ctl_run(running->daemon, "reload");
    cr_expect_eq(result.code, 3, "%s: code %d", one->words, result.code);
    cr_expect(strstr(result.err, one->words) != NULL || strstr(result.out, one->words) != NULL,
              "%s: %s%s", one->words, result.out, result.err);
    ctl_free(&result);
    free(config);
    scene_remove(stage.folder);
    origin_stop(stage.origin);
}

Test(tls_certs, refused_in_words)
{
    struct tls_stage running;
    struct pem root;
    struct pem good;
    char *before = NULL;
    char *after = NULL;

    tls_stage_open(&running, &(struct tls_stage_options){ .tls = NULL });
    pem_make(&(struct pem_options){ .subject = "/CN=root", .is_authority = true }, &root);
    pem_make(&(struct pem_options){ .names = "DNS:a.test", .issuer = &root }, &good);
    before = kind_of_first(&running);
    for (size_t i = 0; i < COUNT_OF(bad_cases); i++)
        check_bad(&bad_cases[i], &root, &good, &running);
    after = kind_of_first(&running);
    cr_expect_str_eq(before, after);
    cr_expect_eq(strlen(after), 64);
    free(before);
    free(after);
    pem_free(&root);
    pem_free(&good);
    STOP_TLS(&running);
}

/* Waits until clients are shown another certificate. */
struct swap {
    const struct tls_stage *stage;
    const char *was;
};

static bool is_swapped(void *arg)
{
    struct swap *swap = arg;
    char *print = kind_of_first(swap->stage);
    bool swapped = print[0] != '\0' && strcmp(print, swap->was) != 0;

    free(print);
    return swapped;
}

static bool await_swap(const struct tls_stage *stage, const char *was)
{
    struct swap swap = { .stage = stage, .was = was };

    return scene_await(is_swapped, &swap, WAIT_MS);
}

Test(tls_certs, taken_by_command_by_signal_and_by_themselves)
{
    struct tls_stage stage;
    struct tls_client old;
    char *first = NULL;
    char *second = NULL;

    tls_stage_open(&stage, &(struct tls_stage_options){ .tls = "watch = \"0s\"" });
    cr_assert(tls_client_open(&old, tls_stage_front(&stage),
                              &(struct tls_client_options){ .sni = "shop.test" }));
    first = kind_of_first(&stage);
    pem_shop(tls_stage_path(&stage, "ec.pem"), "DNS:shop.test", PEM_EC);
    second = kind_of_first(&stage);
    cr_expect_str_eq(first, second, "nothing happens by itself with watch = 0");
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    free(second);
    second = kind_of_first(&stage);
    cr_expect_str_neq(first, second, "by command, at once");

    pem_shop(tls_stage_path(&stage, "ec.pem"), "DNS:shop.test", PEM_EC);
    daemon_signal(stage.daemon, SIGHUP);
    cr_expect(await_swap(&stage, second), "by signal");
    free(first);
    free(second);
    first = kind_of_first(&stage);
    {
        char *config =
            tls_stage_config(&stage, &(struct tls_stage_options){ .tls = "watch = \"100ms\"" });

        daemon_set_config(stage.daemon, config);
        free(config);
    }
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    pem_shop(tls_stage_path(&stage, "ec.pem"), "DNS:shop.test", PEM_EC);
    cr_expect(await_swap(&stage, first), "by itself");
    cr_expect_eq(tls_client_get(&old, "shop.test", "/"), 200, "old connections go on");
    tls_client_close(&old);
    free(first);
    STOP_TLS(&stage);
}

/* A file that is half written is not taken, and what was there serves on until the whole one is there. */
Test(tls_certs, half_a_file_is_not_taken)
{
    struct tls_stage stage;
    char *first = NULL;
    char *bytes = NULL;
    char *second = NULL;
    size_t size = 0;
    struct ctl_result result;

    tls_stage_open(&stage, &(struct tls_stage_options){ .tls = "watch = \"100ms\"" });
    first = kind_of_first(&stage);
    pem_shop(tls_stage_path(&stage, "next"), "DNS:shop.test", PEM_EC);
    bytes = scene_read(tls_stage_path(&stage, "next"), &size);
    scene_write(tls_stage_path(&stage, "ec.pem"), bytes, size / 2);
    cr_expect(daemon_await_log(
        stage.daemon, "warn tls_reload refused, nothing changed: listener https", WAIT_MS));
    result = ctl_run(stage.daemon, "tls reload");
    cr_expect_eq(result.code, 3);
    cr_expect(strstr(result.err, "nothing was changed: listener https: tls: ") != NULL, "%s",
              result.err);
    ctl_free(&result);
    second = kind_of_first(&stage);
    cr_expect_str_eq(first, second);
    scene_write(tls_stage_path(&stage, "ec.pem"), bytes, size);
    cr_expect(await_swap(&stage, first));
    free(first);
    free(second);
    free(bytes);
    STOP_TLS(&stage);
}

/* Handshakes without an end, until told to stop. */
struct shaker {
    pthread_t thread;
    const char *address;
    atomic_bool *is_over;
    unsigned long count;
    unsigned long failed;
};

static void *shake(void *arg)
{
    struct shaker *shaker = arg;

    while (!atomic_load(shaker->is_over)) {
        int status = tls_client_ask(
            shaker->address,
            &(struct tls_client_options){ .sni = shaker->count % 2 == 0 ? "shop.test" : "both.test",
                                          .most = shaker->count % 3 == 0 ? TLS1_2_VERSION : 0 },
            shaker->count % 2 == 0 ? "shop.test" : "both.test");

        shaker->count++;
        shaker->failed += status != 200;
    }
    return NULL;
}

static unsigned long sum(const struct shaker *shakers)
{
    unsigned long count = 0;

    for (unsigned i = 0; i < SWAPPERS; i++)
        count += shakers[i].count;
    return count;
}

Test(tls_certs, swapped_under_handshakes)
{
    unsigned long wanted = scene_scale(300, 20000);
    struct shaker shakers[SWAPPERS];
    struct tls_stage stage;
    atomic_bool is_over = false;
    unsigned long swaps = 0;

    tls_stage_open(&stage, &(struct tls_stage_options){ .tls = "watch = \"150ms\"" });
    for (unsigned i = 0; i < SWAPPERS; i++) {
        shakers[i] = (struct shaker){ .address = tls_stage_front(&stage), .is_over = &is_over };
        cr_assert_eq(pthread_create(&shakers[i].thread, NULL, shake, &shakers[i]), 0);
    }
    while (sum(shakers) < wanted || swaps <= SWAPS_LEAST) {
        pem_shop(tls_stage_path(&stage, "ec.pem"), "DNS:shop.test,DNS:both.test", PEM_EC);
        if (swaps % 2 == 0)
            cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
        else if (swaps % 8 == 1)
            cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
        swaps++;
        origin_clear(stage.origin); /* it would keep them all */
    }
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < SWAPPERS; i++) {
        pthread_join(shakers[i].thread, NULL);
        cr_expect_eq(shakers[i].failed, 0u, "%lu of %lu failed", shakers[i].failed,
                     shakers[i].count);
    }
    STOP_TLS(&stage);
}

Test(tls_certs, listed_and_measured)
{
    struct tls_stage stage;
    cJSON *answer = NULL;
    const cJSON *list = NULL;
    char print[65];
    struct tls_client client;
    double end = 0;
    char *day = NULL;

    tls_stage_open(&stage, &(struct tls_stage_options){ .tls = NULL });
    answer = ctl_json(stage.daemon, "tls list", NULL);
    list = cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "result"), "certificates");
    cr_assert_eq(cJSON_GetArraySize(list), 2);
    cr_assert(tls_client_open(&client, tls_stage_front(&stage),
                              &(struct tls_client_options){ .sni = "shop.test" }));
    tls_client_fingerprint(&client, print);
    tls_client_close(&client);
    {
        const cJSON *first = cJSON_GetArrayItem(list, 0);

        cr_expect_str_eq(cJSON_GetObjectItem(first, "listener")->valuestring, "https");
        cr_expect_str_eq(cJSON_GetObjectItem(first, "names")->valuestring,
                         "shop.test *.shop.test both.test");
        cr_expect_str_eq(cJSON_GetObjectItem(first, "key")->valuestring, "ECDSA P-256");
        cr_expect_str_eq(cJSON_GetObjectItem(first, "sha256")->valuestring, print);
        cr_expect_geq(cJSON_GetObjectItem(first, "days_left")->valueint, 89);
        cr_expect_leq(cJSON_GetObjectItem(first, "days_left")->valueint, 90);
        cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(first, "default")));
        cr_expect_str_eq(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 1), "names")->valuestring,
                         "both.test rsa.test 192.0.2.7");
        day = mem_text(cJSON_GetObjectItem(first, "not_after")->valuestring);
    }
    cJSON_Delete(answer);
    end = daemon_metric(stage.daemon, "switchyard_tls_cert_not_after_timestamp_seconds",
                        "sni=\"*.shop.test\"");
    cr_expect(end > (double)time(NULL) + 89 * 86400.0 && end < (double)time(NULL) + 91 * 86400.0,
              "%f", end);
    cr_expect_eq(strlen(day), strlen("2026-01-01T00:00:00.000Z"));
    cr_expect_eq(ctl_code(stage.daemon, "tls rubbish"), 2);
    free(day);
    STOP_TLS(&stage);
}

Test(tls_certs, a_folder_and_what_ends_soon)
{
    struct tls_stage stage;
    struct pem soon;
    char *config = NULL;

    tls_stage_prepare(&stage);
    cr_assert_eq(mkdir(tls_stage_path(&stage, "all"), 0700), 0);
    pem_make(&(struct pem_options){ .names = "DNS:shop.test", .days = 12 }, &soon);
    pem_write(tls_stage_path(&stage, "all/b.pem"),
              &(struct pem_file){ .key = soon.key, .certs = { soon.cert }, .mode = 0640 });
    pem_shop(tls_stage_path(&stage, "all/a.pem"), "DNS:a.test", PEM_ED);
    scene_write(tls_stage_path(&stage, "all/README"), "x", 1);
    config = tls_stage_config(
        &stage, &(struct tls_stage_options){ .certificates = "\"FOLDER/all\", \"FOLDER/all/a.pem\"",
                                             .tls = "watch = \"100ms\"" });
    stage.daemon = daemon_start(&(struct daemon_options){ .config = config });
    cr_expect_eq(tls_client_ask(tls_stage_front(&stage),
                                &(struct tls_client_options){ .sni = "shop.test" }, "shop.test"),
                 200);
    cr_expect_eq(tls_client_ask(tls_stage_front(&stage),
                                &(struct tls_client_options){ .sni = "a.test" }, "a.test"),
                 200, "Ed25519");
    cr_expect(daemon_await_log(stage.daemon, "warn tls_expiry listener=https", WAIT_MS));
    pem_shop(tls_stage_path(&stage, "all/c.pem"), "DNS:c.test", PEM_EC);
    cr_expect(daemon_await_log(stage.daemon, "names=c.test", WAIT_MS), "a new file is found");
    cr_expect_eq(daemon_metric(stage.daemon, "switchyard_tls_cert_not_after_timestamp_seconds",
                               "sni=\"nowhere.test\""),
                 -1);
    pem_free(&soon);
    free(config);
    STOP_TLS(&stage);
}

/* A line of the key's PEM in any of the files or answers. */
static void expect_hidden(const char *where, const char *text, const char *key)
{
    char *copy = mem_text(key);
    char *rest = copy;
    const char *line = NULL;

    while ((line = scene_cut(&rest, '\n')) != NULL)
        if (strlen(line) > 20 && line[0] != '-')
            cr_expect(strstr(text, line) == NULL, "a line of the key stands in %s", where);
    free(copy);
}

Test(tls_certs, keys_show_up_nowhere)
{
    struct tls_stage stage;
    struct pem pem;
    char *key = NULL;
    char *text = NULL;
    struct ctl_result result;

    tls_stage_prepare(&stage);
    pem_make(&(struct pem_options){ .names = "DNS:shop.test" }, &pem);
    pem_write(tls_stage_path(&stage, "ec.pem"),
              &(struct pem_file){ .key = pem.key, .certs = { pem.cert } });
    pem_write(tls_stage_path(&stage, "key"), &(struct pem_file){ .key = pem.key });
    key = scene_read(tls_stage_path(&stage, "key"), NULL);
    {
        char *config = tls_stage_config(&stage, &(struct tls_stage_options){ .tls = NULL });

        stage.daemon = daemon_start(&(struct daemon_options){ .config = config });
        free(config);
    }
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    spoil_keyless(&stage, &pem, &pem);
    text = daemon_log(stage.daemon);
    expect_hidden("the log", text, key);
    free(text);
    result = ctl_run(stage.daemon, "show config");
    expect_hidden("show config", result.out, key);
    ctl_free(&result);
    text = scene_read(daemon_config_path(stage.daemon), NULL);
    free(text);
    for (unsigned i = 0; i < 2; i++) {
        char *path = mem_format("%s/state/%s", daemon_folder(stage.daemon),
                                i == 0 ? "state.json" : "history.jsonl");

        text = scene_read(path, NULL);
        if (text != NULL)
            expect_hidden(path, text, key);
        free(text);
        free(path);
    }
    free(key);
    pem_free(&pem);
    STOP_TLS(&stage);
}

Test(tls_certs, plain_becomes_tls_and_back)
{
    struct tls_stage stage;
    char *config = NULL;
    char *plain = NULL;
    const char *at = NULL;

    tls_stage_open(&stage, &(struct tls_stage_options){ .tls = NULL });
    config = tls_stage_config(&stage, &(struct tls_stage_options){ .tls = NULL });
    at = strstr(config, " tls {");
    plain = mem_format("%.*s%s", (int)(at - config), config, strstr(config, "}\nservice"));
    daemon_set_config(stage.daemon, plain);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_eq(
        client_ask(tls_stage_front(&stage), "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n", NULL),
        200);
    daemon_set_config(stage.daemon, config);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_eq(tls_client_ask(tls_stage_front(&stage),
                                &(struct tls_client_options){ .sni = "shop.test" }, "shop.test"),
                 200);
    free(plain);
    free(config);
    STOP_TLS(&stage);
}
