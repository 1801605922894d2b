/* See post_spec_priv.h. */
#include "control/post_spec_priv.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/config_event.h"
#include "control/post_template_priv.h"

enum { HOOK_BYTES = 4 * 1024 * 1024 };

/* A line feed at the end is the editor's. */
static int read_key(const char *path, struct post_spec *spec, char *words, unsigned size)
{
    int err = secret_file_read(path, true, &spec->key, words, size);

    if (err != ERR_OK)
        return err;
    if (spec->key.len > 0 && spec->key.bytes[spec->key.len - 1] == '\n')
        spec->key.len--;
    if (spec->key.len >= POST_SPEC_SECRET_LEAST)
        return ERR_OK;
    snprintf(words, size, "%s has a secret of less than %d bytes; make a longer one", path,
             POST_SPEC_SECRET_LEAST);
    return ERR_INVALID;
}

static bool has_certificate(const char *bytes, size_t len)
{
    BIO *bio = BIO_new_mem_buf(bytes, (int)len);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool has_one = cert != NULL;

    X509_free(cert);
    BIO_free(bio);
    ERR_clear_error();
    return has_one;
}

static int read_ca(const char *path, struct post_spec *spec, char *words, unsigned size)
{
    struct secret bytes = { .bytes = NULL };
    int err = secret_file_read(path, false, &bytes, words, size);

    if (err != ERR_OK)
        return err;
    if (has_certificate(bytes.bytes, bytes.len)) {
        spec->ca = mem_text_of(bytes.bytes, bytes.len);
        spec->ca_len = bytes.len;
    } else {
        snprintf(words, size, "%s has no certificate in PEM form; write the authority's there",
                 path);
        err = ERR_INVALID;
    }
    secret_wipe(&bytes);
    return err;
}

static void copy_address(const char *url, struct post_spec *spec)
{
    size_t scheme = strcspn(url, ":") + 3;
    size_t host = strcspn(url + scheme, "/?");

    secret_copy(url, strlen(url), &spec->url);
    snprintf(spec->place, sizeof spec->place, "%.*s", (int)(scheme + host), url);
}

static void copy_headers(const struct config_webhook *webhook, struct post_spec *spec)
{
    spec->header_count = webhook->headers.count;
    spec->headers = mem_zalloc((spec->header_count + 1) * sizeof *spec->headers);
    for (size_t i = 0; i < spec->header_count; i++)
        spec->headers[i] = mem_text(webhook->headers.items[i]);
}

static void copy_authorization(const char *value, struct post_spec *spec)
{
    char *field = mem_format("Authorization: %s", value);

    secret_copy(field, strlen(field), &spec->authorization);
    explicit_bzero(field, strlen(field));
    free(field);
}

int post_spec_new(const struct config_webhook *webhook, char *words, unsigned size,
                  struct post_spec **out)
{
    struct post_spec *spec = mem_zalloc(sizeof *spec);
    char why[400] = "";
    int err = ERR_OK;

    snprintf(spec->name, sizeof spec->name, "%s", webhook->name);
    copy_address(webhook->url, spec);
    copy_headers(webhook, spec);
    if (webhook->authorization != NULL)
        copy_authorization(webhook->authorization, spec);
    spec->timeout_us = webhook->timeout;
    spec->attempts = webhook->attempts;
    spec->give_up_us = webhook->give_up_after;
    spec->repeat_us = webhook->repeat;
    spec->queue = webhook->queue;
    spec->queue_bytes = webhook->queue_bytes;
    err = post_template_new(webhook->template, why, sizeof why, &spec->template);
    if (err == ERR_OK && webhook->secret_file != NULL)
        err = read_key(webhook->secret_file, spec, why, sizeof why);
    if (err == ERR_OK && webhook->ca != NULL)
        err = read_ca(webhook->ca, spec, why, sizeof why);
    if (err == ERR_OK) {
        *out = spec;
        return ERR_OK;
    }
    snprintf(words, size, "webhook %s: %s", webhook->name, why);
    post_spec_free(spec);
    return err;
}

struct post_spec *post_spec_of_hook(const struct config_hook *hook)
{
    struct post_spec *spec = mem_zalloc(sizeof *spec);

    snprintf(spec->name, sizeof spec->name, "%s", hook->name);
    snprintf(spec->place, sizeof spec->place, "%s", hook->command);
    spec->is_hook = true;
    spec->every_us = hook->every;
    spec->attempts = hook->attempts;
    spec->give_up_us = hook->give_up_after;
    spec->repeat_us = hook->repeat;
    spec->queue = hook->queue;
    spec->queue_bytes = HOOK_BYTES;
    return spec;
}

void post_spec_free(struct post_spec *spec)
{
    if (spec == NULL)
        return;
    secret_wipe(&spec->url);
    secret_wipe(&spec->key);
    secret_wipe(&spec->authorization);
    post_template_free(spec->template);
    for (size_t i = 0; i < spec->header_count; i++)
        free(spec->headers[i]);
    free(spec->headers);
    free(spec->ca);
    free(spec);
}
