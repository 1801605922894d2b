/*
 * Sessions and clients' certificates: tickets that every worker opens, that belong to one name and one listener, keys
 * that are replaced; certificates that are asked for, checked, and told to the app.
 */
#include <string.h>

#include "base/mem.h"
#include "e2e/e2e.h"

enum { WAIT_MS = 15000, TRIES = 12 };

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* A session after a whole exchange; the caller frees. */
static SSL_SESSION *take_session(const char *address, int version, const char *sni,
                                 const struct pem *certificate)
{
    struct tls_client client;
    SSL_SESSION *session = NULL;

    cr_assert(tls_client_open(
        &client, address,
        &(struct tls_client_options){ .sni = sni, .most = version, .certificate = certificate }));
    cr_expect_eq(tls_client_get(&client, sni, "/"), 200);
    cr_expect_not(tls_client_is_resumed(&client));
    session = client.session;
    client.session = NULL;
    tls_client_close(&client);
    return session;
}

/* Whether that session is resumed; the request works in any case. */
static bool is_resumed(const char *address, SSL_SESSION *session, int version, const char *sni)
{
    struct tls_client client;
    bool resumed = false;

    cr_assert(tls_client_open(
        &client, address,
        &(struct tls_client_options){ .sni = sni, .most = version, .session = session }));
    resumed = tls_client_is_resumed(&client);
    cr_expect_eq(tls_client_get(&client, sni, "/"), 200);
    tls_client_close(&client);
    return resumed;
}

Test(tls_session, every_worker_resumes)
{
    struct tls_stage stage;

    tls_stage_open(&stage, &(struct tls_stage_options){ .tls = NULL });
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        SSL_SESSION *session =
            take_session(tls_stage_front(&stage), versions[v], "shop.test", NULL);

        cr_assert_neq(session, NULL);
        for (unsigned i = 0; i < TRIES; i++)
            cr_expect(is_resumed(tls_stage_front(&stage), session, versions[v], "shop.test"));
        SSL_SESSION_free(session);
    }
    cr_expect_eq(tls_stage_done(&stage, "session=\"resumed\""), 2.0 * TRIES);
    cr_expect_eq(tls_stage_done(&stage, "session=\"full\""), 2.0);
    STOP_TLS(&stage);
}

Test(tls_session, belongs_to_one_name)
{
    struct tls_stage stage;

    tls_stage_open(&stage, &(struct tls_stage_options){ .tls = NULL });
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        SSL_SESSION *session =
            take_session(tls_stage_front(&stage), versions[v], "shop.test", NULL);

        cr_expect_not(is_resumed(tls_stage_front(&stage), session, versions[v], "rsa.test"));
        cr_expect_not(is_resumed(tls_stage_front(&stage), session, versions[v], "a.shop.test"));
        cr_expect(is_resumed(tls_stage_front(&stage), session, versions[v], "shop.test"));
        SSL_SESSION_free(session);
    }
    STOP_TLS(&stage);
}

Test(tls_session, none_without_tickets)
{
    struct tls_stage stage;

    tls_stage_open(&stage, &(struct tls_stage_options){ .tls = "tickets = false" });
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        SSL_SESSION *session =
            take_session(tls_stage_front(&stage), versions[v], "shop.test", NULL);

        if (session != NULL)
            cr_expect_not(is_resumed(tls_stage_front(&stage), session, versions[v], "shop.test"));
        SSL_SESSION_free(session);
    }
    STOP_TLS(&stage);
}

struct rotation {
    const struct tls_stage *stage;
    SSL_SESSION *session;
};

static bool is_forgotten(void *arg)
{
    struct rotation *rotation = arg;

    return !is_resumed(tls_stage_front(rotation->stage), rotation->session, TLS1_3_VERSION,
                       "shop.test");
}

/* A key is replaced twice, and what was sealed with it is not opened any more; a new ticket is. Reloads change nothing
 * about keys. */
Test(tls_session, keys_are_replaced)
{
    struct tls_stage stage;
    struct rotation rotation = { .stage = &stage };

    tls_stage_open(&stage, &(struct tls_stage_options){ .tls = "ticket_rotation = \"1h\"" });
    rotation.session = take_session(tls_stage_front(&stage), TLS1_3_VERSION, "shop.test", NULL);
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect_not(is_forgotten(&rotation));
    {
        char *config = tls_stage_config(
            &stage, &(struct tls_stage_options){ .tls = "ticket_rotation = \"400ms\"" });

        daemon_set_config(stage.daemon, config);
        free(config);
    }
    cr_expect_eq(ctl_code(stage.daemon, "reload"), 0);
    cr_expect(scene_await(is_forgotten, &rotation, WAIT_MS));
    SSL_SESSION_free(rotation.session);
    STOP_TLS(&stage);
}

/* An authority with a good client, and a client of another one. */
struct authority {
    struct pem root;
    struct pem good;
    struct pem stranger_root;
    struct pem stranger;
    struct pem expired;
};

static void make_authority(struct authority *authority, const char *path)
{
    pem_make(&(struct pem_options){ .subject = "/O=Shop/CN=Shop CA", .is_authority = true },
             &authority->root);
    pem_make(&(struct pem_options){ .subject = "/O=Shop/OU=a, \"b\"/CN=J\xc3\xb6rg + Sohn",
                                    .issuer = &authority->root },
             &authority->good);
    pem_make(&(struct pem_options){ .subject = "/O=Shop/CN=old",
                                    .issuer = &authority->root,
                                    .days = -3 },
             &authority->expired);
    pem_make(&(struct pem_options){ .subject = "/O=Shop/CN=Shop CA", .is_authority = true },
             &authority->stranger_root);
    pem_make(
        &(struct pem_options){ .subject = "/O=Shop/CN=me", .issuer = &authority->stranger_root },
        &authority->stranger);
    pem_write(path, &(struct pem_file){ .certs = { authority->root.cert }, .mode = 0644 });
}

static void free_authority(struct authority *authority)
{
    pem_free(&authority->root);
    pem_free(&authority->good);
    pem_free(&authority->stranger_root);
    pem_free(&authority->stranger);
    pem_free(&authority->expired);
}

/* With TLS 1.3 a client learns of it only when it reads: the status tells. */
static int ask_as(const struct tls_stage *stage, int version, const struct pem *certificate)
{
    return tls_client_ask(tls_stage_front(stage),
                          &(struct tls_client_options){
                              .sni = "shop.test", .most = version, .certificate = certificate },
                          "shop.test");
}

static void open_verifying(struct tls_stage *stage, struct authority *authority, const char *verify)
{
    char *lines = mem_format("client_ca = \"FOLDER/ca.crt\"  client_verify = \"%s\"", verify);
    char *config = NULL;

    tls_stage_prepare(stage);
    make_authority(authority, tls_stage_path(stage, "ca.crt"));
    config = tls_stage_config(stage, &(struct tls_stage_options){ .tls = lines });
    stage->daemon = daemon_start(&(struct daemon_options){ .config = config });
    free(config);
    free(lines);
}

static void expect_part(const struct tls_stage *stage, unsigned index, const char *part)
{
    struct slice request = origin_request(stage->origin, index);

    cr_expect(memmem(request.ptr, request.len, part, strlen(part)) != NULL, "%s in %.*s", part,
              SLICE_ARG(request));
}

Test(tls_session, certificates_of_clients_required)
{
    struct tls_stage stage;
    struct authority authority;
    char print[65];
    char *line = NULL;

    open_verifying(&stage, &authority, "required");
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        cr_expect_eq(ask_as(&stage, versions[v], &authority.good), 200);
        cr_expect_eq(ask_as(&stage, versions[v], NULL), -1);
        cr_expect_eq(ask_as(&stage, versions[v], &authority.stranger), -1);
        cr_expect_eq(ask_as(&stage, versions[v], &authority.expired), -1);
    }
    cr_expect_eq(tls_stage_failed(&stage, "tls_client_cert", 6), 6);
    cr_expect_eq(origin_requests(stage.origin), 2u);
    pem_fingerprint(authority.good.cert, print);
    line = mem_format("X-SSL-Client-SHA256: %s\r\n", print);
    for (unsigned i = 0; i < 2; i++) {
        expect_part(&stage, i, "X-SSL-Client-Verify: SUCCESS\r\n");
        expect_part(&stage, i,
                    "X-SSL-Client-DN: CN=J\\C3\\B6rg \\+ Sohn,OU=a\\, \\\"b\\\",O=Shop\r\n");
        expect_part(&stage, i, line);
    }
    free(line);
    free_authority(&authority);
    STOP_TLS(&stage);
}

Test(tls_session, certificates_of_clients_optional)
{
    struct tls_stage stage;
    struct authority authority;
    SSL_SESSION *session = NULL;

    open_verifying(&stage, &authority, "optional");
    cr_expect_eq(ask_as(&stage, 0, NULL), 200);
    cr_expect_eq(ask_as(&stage, 0, &authority.good), 200);
    cr_expect_eq(ask_as(&stage, 0, &authority.stranger), -1);
    expect_part(&stage, 0, "X-SSL-Client-Verify: NONE\r\n");
    expect_part(&stage, 1, "X-SSL-Client-Verify: SUCCESS\r\n");
    /* a resumed session is still that client's */
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        origin_clear(stage.origin);
        session = take_session(tls_stage_front(&stage), versions[v], "shop.test", &authority.good);
        cr_expect(is_resumed(tls_stage_front(&stage), session, versions[v], "shop.test"));
        expect_part(&stage, 1, "X-SSL-Client-Verify: SUCCESS\r\n");
        expect_part(&stage, 1, "O=Shop\r\n");
        SSL_SESSION_free(session);
    }
    free_authority(&authority);
    STOP_TLS(&stage);
}

/* On a plain listener beside it nobody says who he is, either. */
Test(tls_session, nobody_forges_beside_it)
{
    struct tls_stage stage;
    struct authority authority;

    open_verifying(&stage, &authority, "optional");
    cr_expect_eq(client_ask(daemon_front(stage.daemon),
                            "GET / HTTP/1.1\r\nHost: shop.test\r\nX-SSL-Client-DN: CN=boss\r\n"
                            "X-SSL-Client_Verify: SUCCESS\r\n\r\n",
                            NULL),
                 200);
    cr_expect_eq(memmem(origin_request(stage.origin, 0).ptr, origin_request(stage.origin, 0).len,
                        "lient", 5),
                 NULL);
    free_authority(&authority);
    STOP_TLS(&stage);
}

/* What the authority of one file has vouched for does not outlive that file. */
Test(tls_session, another_authority_ends_sessions)
{
    struct tls_stage stage;
    struct authority authority;
    SSL_SESSION *session = NULL;
    struct tls_client client;

    open_verifying(&stage, &authority, "optional");
    session = take_session(tls_stage_front(&stage), TLS1_3_VERSION, "shop.test", &authority.good);
    pem_write(tls_stage_path(&stage, "ca.crt"),
              &(struct pem_file){ .certs = { authority.stranger_root.cert } });
    cr_expect_eq(ctl_code(stage.daemon, "tls reload"), 0);
    tls_client_open(&client, tls_stage_front(&stage),
                    &(struct tls_client_options){ .sni = "shop.test", .session = session });
    cr_expect_not(client.is_ready && tls_client_is_resumed(&client));
    tls_client_close(&client);
    cr_expect_eq(ask_as(&stage, 0, &authority.stranger), 200);
    cr_expect_eq(ask_as(&stage, 0, &authority.good), -1);
    SSL_SESSION_free(session);
    free_authority(&authority);
    STOP_TLS(&stage);
}
