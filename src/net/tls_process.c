/* See net/tls_process.h. Every library of this process shares OpenSSL's settings, so libpq and libcurl follow. */
#include "net/tls_process.h"

#include <openssl/ssl.h>

#include "base/check.h"

void tls_process_begin(void)
{
    CHECK(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1);
}
