/*
 * Keys of session tickets (RFC 5077, RFC 8446 4.6.1): the present one and the one before, replaced together. Workers
 * read them under RCU; the control thread rotates. No key leaves this file, and none outlives its use in memory.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "base/slice.h"
#include "net/tls_crl_priv.h"
#include "net/tls_priv.h"

/* NAME_HEAD: of the extension, before the name. */
enum { NAME_HEAD = 5, NAME_BYTES = 16, KEY_BYTES = 32, KEYS = 2 };

struct ticket_key {
    unsigned char name[NAME_BYTES];
    unsigned char cipher[KEY_BYTES];
    unsigned char mac[KEY_BYTES];
};

/* [0] seals, both open. Immutable. */
struct ticket_keys {
    struct ticket_key keys[KEYS];
    unsigned count;
};

struct tls_tickets {
    _Atomic(struct ticket_keys *) keys;
    EVP_CIPHER *cipher; /* fetched once: looking it up takes locks */
};

static void make_key(struct ticket_key *key)
{
    CHECK(RAND_bytes(key->name, sizeof key->name) == 1);
    CHECK(RAND_priv_bytes(key->cipher, sizeof key->cipher) == 1);
    CHECK(RAND_priv_bytes(key->mac, sizeof key->mac) == 1);
}

struct tls_tickets *tls_tickets_new(void)
{
    struct tls_tickets *tickets = mem_zalloc(sizeof *tickets);
    struct ticket_keys *keys = mem_zalloc(sizeof *keys);

    make_key(&keys->keys[0]);
    keys->count = 1;
    atomic_store(&tickets->keys, keys);
    tickets->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    CHECK(tickets->cipher != NULL);
    return tickets;
}

static void free_keys(struct ticket_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
    free(keys);
}

void tls_tickets_free(struct tls_tickets *tickets)
{
    if (tickets == NULL)
        return;
    free_keys(atomic_load(&tickets->keys));
    EVP_CIPHER_free(tickets->cipher);
    free(tickets);
}

void tls_tickets_rotate(struct tls_tickets *tickets)
{
    struct ticket_keys *was = atomic_load(&tickets->keys);
    struct ticket_keys *keys = mem_zalloc(sizeof *keys);

    make_key(&keys->keys[0]);
    keys->keys[1] = was->keys[0];
    keys->count = KEYS;
    atomic_store(&tickets->keys, keys);
    rcu_grace_period();
    free_keys(was);
}

/* The key to seal with (name NULL), or the one of that name; its place, or -1. */
static int copy_key(struct tls_tickets *tickets, const unsigned char *name, struct ticket_key *out)
{
    const struct ticket_keys *keys = NULL;
    int found = -1;

    rcu_read_begin();
    keys = atomic_load(&tickets->keys);
    for (unsigned i = 0; i < keys->count && found < 0; i++)
        if (name == NULL || memcmp(keys->keys[i].name, name, NAME_BYTES) == 0)
            found = (int)i;
    if (found >= 0)
        *out = keys->keys[found];
    rcu_read_end();
    return found;
}

static int set_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    static const char digest[] = "SHA256";
    char name[sizeof digest];
    OSSL_PARAM params[3];

    memcpy(name, digest, sizeof digest);
    params[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, KEY_BYTES);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
    params[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(mac, params);
}

/* OpenSSL's question: 1 go on, 2 go on and give a new ticket, 0 no such key, -1 cannot. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_sealing)
{
    const struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key key;
    int found = copy_key(context->tickets, is_sealing ? NULL : name, &key);
    bool is_good = false;

    if (found < 0)
        return 0;
    if (is_sealing) {
        memcpy(name, key.name, NAME_BYTES);
        is_good = RAND_bytes(iv, EVP_CIPHER_get_iv_length(context->tickets->cipher)) == 1 &&
                  EVP_EncryptInit_ex2(cipher, context->tickets->cipher, key.cipher, iv, NULL) == 1;
    } else {
        is_good = EVP_DecryptInit_ex2(cipher, context->tickets->cipher, key.cipher, iv, NULL) == 1;
    }
    is_good = is_good && set_mac(mac, &key) == 1;
    OPENSSL_cleanse(&key, sizeof key);
    if (!is_good)
        return -1;
    return !is_sealing && found > 0 ? 2 : 1;
}

/* The name in the client's hello (RFC 6066 3): tickets are opened before OpenSSL itself looks for it. */
static struct slice asked_name(SSL *ssl)
{
    const unsigned char *bytes = NULL;
    size_t size = 0;
    size_t len = 0;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1 ||
        size < NAME_HEAD || bytes[2] != TLSEXT_NAMETYPE_host_name)
        return slice_of(NULL, 0);
    len = (size_t)bytes[3] << 8 | bytes[4];
    return slice_of((const char *)bytes + NAME_HEAD, len <= size - NAME_HEAD ? len : 0);
}

/* A session counts only for the name it was made for, lest another certificate be taken for granted. */
static bool is_of_another(SSL *ssl, const SSL_SESSION *session)
{
    const char *was = session != NULL ? SSL_SESSION_get0_hostname(session) : NULL;
    struct slice is = asked_name(ssl);

    return !slice_is_equal_nocase(is, was != NULL ? slice_from(was) : slice_of(NULL, 0));
}

/* Clients use a ticket of TLS 1.3 once (RFC 8446 C.4) and need another for the next time. */
static bool is_spent(const SSL_SESSION *session)
{
    return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

/* When the client proved who it is, in seconds; kept by every ticket that comes of that handshake. */
static uint64_t find_birth(SSL_SESSION *session)
{
    uint64_t birth_s = 0;
    void *bytes = NULL;
    size_t size = 0;

    if (SSL_SESSION_get0_ticket_appdata(session, &bytes, &size) == 1 && size == sizeof birth_s)
        memcpy(&birth_s, bytes, sizeof birth_s);
    return birth_s;
}

/* A session renewed again and again would keep a certificate of a client for ever. */
static bool is_over(const struct tls_context *context, SSL_SESSION *session)
{
    uint64_t now_s = clock_wall_us() / 1000000;
    uint64_t birth_s = find_birth(session);
    const X509 *peer = SSL_SESSION_get0_peer(session);

    return birth_s == 0 || birth_s > now_s || now_s - birth_s >= TLS_SESSION_S ||
           (peer != NULL && (X509_cmp_current_time(X509_get0_notAfter(peer)) < 0 ||
                             tls_crls_is_over(context->crls)));
}

static SSL_TICKET_RETURN on_opened(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                   size_t name_size, SSL_TICKET_STATUS status, void *arg)
{
    const struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    bool is_other = is_of_another(ssl, session) || (session != NULL && is_over(context, session));

    (void)name;
    (void)name_size;
    (void)arg;
    if (status == SSL_TICKET_SUCCESS && is_spent(session))
        status = SSL_TICKET_SUCCESS_RENEW;
    switch (status) {
    case SSL_TICKET_SUCCESS:
        return is_other ? SSL_TICKET_RETURN_IGNORE_RENEW : SSL_TICKET_RETURN_USE;
    case SSL_TICKET_SUCCESS_RENEW:
        return is_other ? SSL_TICKET_RETURN_IGNORE_RENEW : SSL_TICKET_RETURN_USE_RENEW;
    default: return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
}

static int on_sealing(SSL *ssl, void *arg)
{
    SSL_SESSION *session = SSL_get_session(ssl);
    uint64_t birth_s = find_birth(session);

    (void)arg;
    if (birth_s == 0 || !SSL_session_reused(ssl))
        birth_s = clock_wall_us() / 1000000;
    return SSL_SESSION_set1_ticket_appdata(session, &birth_s, sizeof birth_s);
}

void tls_tickets_use(SSL_CTX *ctx)
{
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
    SSL_CTX_set_session_ticket_cb(ctx, on_sealing, on_opened, NULL);
    SSL_CTX_set_num_tickets(ctx, 1); /* each costs a sealing and a record; it may be used again */
}
