/*
 * Who the client is, by its verified certificate, as header lines for the app: X-SSL-Client-Verify (SUCCESS or NONE),
 * X-SSL-Client-DN (the subject as of RFC 2253, plain ASCII) and X-SSL-Client-SHA256. On workers, once per connection.
 */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/tls_priv.h"
#include "net/tls_stream.h"

/* Escapes everything that is not printable ASCII; NULL: it does not fit. */
static char *print_subject(const X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    char *subject = NULL;
    long size = 0;

    if (bio != NULL &&
        X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
        size = BIO_get_mem_data(bio, &bytes);
    if (size > 0 && size < TLS_CLIENT_LINES)
        subject = mem_text_of(bytes, (size_t)size);
    for (char *at = subject; at != NULL && *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
            *at = '?'; /* the flags leave none */
    BIO_free(bio);
    return subject;
}

char *tls_client_lines(SSL *ssl)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned size = 0;
    char *subject = NULL;
    char *lines = NULL;

    if (cert == NULL)
        return mem_text("X-SSL-Client-Verify: NONE\r\n");
    subject = print_subject(cert);
    if (subject != NULL && X509_digest(cert, EVP_sha256(), digest, &size) == 1) {
        for (unsigned i = 0; i < size; i++)
            snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
        lines = mem_format("X-SSL-Client-Verify: SUCCESS\r\nX-SSL-Client-DN: %s\r\n"
                           "X-SSL-Client-SHA256: %s\r\n",
                           subject, hex);
    }
    free(subject);
    if (lines != NULL && strlen(lines) > TLS_CLIENT_LINES) {
        free(lines);
        return NULL;
    }
    return lines;
}
