/*
 * Contexts: certificates by the names they are for. A name leads to a face, which has the first certificate of each
 * kind of key for it, so that a client gets the one it can check. See net/tls_keeper.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/tls_crl_priv.h"
#include "net/tls_files_priv.h"
#include "net/tls_priv.h"

enum { NAME_BYTES_MAX = 255 };

static size_t place_of(const struct tls_context *context, const char *name, size_t len)
{
    return (size_t)hash_bytes_nocase(0x715, name, len) & context->mask;
}

/* The place of the name, or the free one where it belongs. */
static struct tls_name *seek(const struct tls_context *context, const char *name)
{
    size_t at = place_of(context, name, strlen(name));

    while (context->table[at].name != NULL && strcasecmp(context->table[at].name, name) != 0)
        at = (at + 1) & context->mask;
    return &context->table[at];
}

const struct tls_face *tls_context_find(const struct tls_context *context, const char *name)
{
    char wild[NAME_BYTES_MAX + 3] = "*";
    size_t len = strlen(name);
    const char *dot = NULL;
    const struct tls_name *found = NULL;
    char exact[NAME_BYTES_MAX + 1];

    if (len > 0 && name[len - 1] == '.') /* the root may be written out */
        len--;
    if (len == 0 || len > NAME_BYTES_MAX || name[0] == '*')
        return NULL;
    memcpy(exact, name, len);
    exact[len] = '\0';
    found = seek(context, exact);
    dot = strchr(exact, '.');
    if (found->name == NULL && dot != NULL && dot != exact) { /* of a wildcard, one label */
        memcpy(wild + 1, dot, strlen(dot) + 1);
        found = seek(context, wild);
    }
    return found->name != NULL ? &context->faces[found->face] : NULL;
}

/* The face with these certificates, made if it is new. */
static int find_face(const struct tls_setup *setup, const struct tls_cert *const *certs,
                     struct text *words, uint32_t *out)
{
    struct tls_context *context = setup->context;
    struct tls_face face = { .ctx = NULL };
    int err = ERR_OK;

    for (size_t i = 0; i < context->face_count; i++) {
        if (memcmp(context->faces[i].certs, certs, sizeof face.certs) == 0) {
            *out = (uint32_t)i;
            return ERR_OK;
        }
    }
    memcpy(face.certs, certs, sizeof face.certs);
    err = tls_setup_ctx(setup, words, &face.ctx);
    for (unsigned i = 0; i < TLS_KEY_COUNT && err == ERR_OK; i++)
        if (certs[i] != NULL)
            err = tls_setup_cert(face.ctx, certs[i], words);
    if (err != ERR_OK) {
        SSL_CTX_free(face.ctx);
        return err;
    }
    context->faces = mem_grow(context->faces, context->face_count + 1, sizeof *context->faces);
    *out = (uint32_t)context->face_count;
    context->faces[context->face_count++] = face;
    return ERR_OK;
}

/* While names are gathered: which certificates each has. */
struct gathered {
    const char *name;
    const struct tls_cert *certs[TLS_KEY_COUNT];
};

static void gather_name(struct tls_context *context, struct gathered *all, size_t *count,
                        const struct tls_cert *cert, const char *name)
{
    struct tls_name *place = seek(context, name);

    if (place->name == NULL) {
        place->name = name;
        place->face = (uint32_t)*count; /* among the gathered, until faces are made */
        all[*count] = (struct gathered){ .name = name };
        (*count)++;
    }
    if (all[place->face].certs[cert->key_kind] == NULL)
        all[place->face].certs[cert->key_kind] = cert;
}

static void make_table(struct tls_context *context, size_t names)
{
    size_t places = 16;

    while (places < names * 2 + 2)
        places *= 2;
    context->mask = places - 1;
    context->table = mem_zalloc(places * sizeof *context->table);
}

/* What clients get that ask for no name, or an unknown one: the first certificate, and what stands beside it for the
 * same name. */
static int make_default(const struct tls_setup *setup, const struct gathered *all,
                        struct text *words)
{
    struct tls_context *context = setup->context;
    const struct tls_cert *first = context->certs[0];
    const struct tls_cert *certs[TLS_KEY_COUNT] = { NULL };
    uint32_t face = 0;

    if (first->host_count > 0)
        memcpy(certs, all[seek(context, first->names[0])->face].certs, sizeof certs);
    certs[first->key_kind] = first;
    return find_face(setup, certs, words, &face);
}

static int make_faces(const struct tls_setup *setup, struct text *words)
{
    struct tls_context *context = setup->context;
    struct gathered *all = NULL;
    size_t names = 0;
    size_t count = 0;
    int err = ERR_OK;

    for (size_t i = 0; i < context->cert_count; i++)
        names += context->certs[i]->host_count;
    make_table(context, names);
    all = mem_zalloc((names + 1) * sizeof *all);
    for (size_t i = 0; i < context->cert_count; i++)
        for (size_t k = 0; k < context->certs[i]->host_count; k++)
            gather_name(context, all, &count, context->certs[i], context->certs[i]->names[k]);
    err = make_default(setup, all, words);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = find_face(setup, all[i].certs, words, &seek(context, all[i].name)->face);
    free(all);
    return err;
}

static void set_alpn(struct tls_context *context, const struct tls_options *options)
{
    size_t size = 0;
    unsigned char *at = NULL;

    for (size_t i = 0; i < options->alpn_count; i++)
        size += strlen(options->alpn[i]) + 1;
    if (size == 0)
        return;
    at = context->alpn = mem_alloc(size);
    context->alpn_size = (unsigned)size;
    for (size_t i = 0; i < options->alpn_count; i++) {
        size_t len = strlen(options->alpn[i]);

        *at++ = (unsigned char)len;
        memcpy(at, options->alpn[i], len);
        at += len;
    }
}

static bool has_cert(const struct tls_context *now, const struct tls_cert *cert)
{
    for (size_t i = 0; now != NULL && i < now->cert_count; i++)
        if (strcmp(now->certs[i]->fingerprint, cert->fingerprint) == 0)
            return true;
    return false;
}

/* What has run out is refused when it is new; what is served already must not keep a reload from anything else. */
static int check_expiry(const struct tls_context *now, const struct tls_cert *cert,
                        struct text *words)
{
    char day[16] = "";
    time_t end = (time_t)cert->not_after_s;
    struct tm tm;

    if (cert->not_after_s > (int64_t)time(NULL) || has_cert(now, cert))
        return ERR_OK;
    if (gmtime_r(&end, &tm) != NULL)
        (void)strftime(day, sizeof day, "%Y-%m-%d", &tm);
    text_add_format(words, "%s has expired on %s; renew it", cert->file, day);
    return ERR_INVALID;
}

static int load_certs(struct tls_context *context, const struct tls_options *options,
                      const struct tls_context *now, struct text *words)
{
    struct tls_files files;
    int err = tls_files_list(options->certificates, options->certificate_count, words, &files);

    if (err != ERR_OK)
        return err;
    context->certs = mem_zalloc((files.count + 1) * sizeof *context->certs);
    for (size_t i = 0; i < files.count && err == ERR_OK; i++) {
        struct tls_cert *cert = NULL;

        err = tls_cert_load(files.items[i], words, &cert);
        if (err == ERR_OK)
            err = check_expiry(now, cert, words);
        if (err == ERR_OK && !has_cert(context, cert)) /* a file may be in a folder, too */
            context->certs[context->cert_count++] = cert;
        else
            tls_cert_free(cert);
    }
    if (err == ERR_OK && files.count == 0) {
        text_add(words, "no certificates are given; add certificates = { \"/path/shop.pem\" }");
        err = ERR_NOT_FOUND;
    }
    tls_files_free(&files);
    return err;
}

int tls_context_make(const struct tls_keeper *keeper, const struct tls_options *options,
                     struct text *words, struct tls_context **out)
{
    struct tls_context *context = mem_zalloc(sizeof *context);
    struct tls_setup setup = { .options = options, .name = keeper->name, .context = context };
    int err = ERR_OK;

    context->pins = 1;
    context->tickets = keeper->tickets;
    context->verify = options->client_verify;
    context->refuses_unknown = options->refuses_unknown;
    set_alpn(context, options);
    err = load_certs(context, options, atomic_load(&keeper->context), words);
    if (err == ERR_OK && options->client_crl != NULL)
        err = tls_crls_load(options->client_crl, options->client_ca, words, &context->crls);
    if (err == ERR_OK)
        err = make_faces(&setup, words);
    if (err != ERR_OK) {
        tls_context_unpin(context);
        return err;
    }
    *out = context;
    return ERR_OK;
}

void tls_context_unpin(struct tls_context *context)
{
    if (context == NULL || atomic_fetch_sub_explicit(&context->pins, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < context->face_count; i++)
        SSL_CTX_free(context->faces[i].ctx);
    for (size_t i = 0; i < context->cert_count; i++)
        tls_cert_free(context->certs[i]);
    tls_crls_free(context->crls);
    free(context->faces);
    free(context->certs);
    free(context->table);
    free(context->alpn);
    free(context);
}

size_t tls_context_count(const struct tls_context *context)
{
    return context->cert_count;
}

const struct tls_crls *tls_context_crls(const struct tls_context *context)
{
    return context->crls;
}

void tls_context_view(const struct tls_context *context, size_t index, struct tls_cert_view *out)
{
    const struct tls_cert *cert = context->certs[index];

    *out = (struct tls_cert_view){
        .file = cert->file,
        .names = cert->names,
        .name_count = cert->name_count,
        .not_after_s = cert->not_after_s,
        .fingerprint = cert->fingerprint,
        .kind = cert->kind,
        .is_default = context->faces[0].certs[cert->key_kind] == cert,
    };
}
