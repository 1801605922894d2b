/* room: deploy */
/*
 * A document of all decisions, as `state import` reads it: the checksum is made to fit, so that what is behind it is
 * reached. It is taken as a whole or refused in words.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "deploy/transfer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void decode(struct slice document)
{
    struct transfer *transfer = NULL;
    char words[300];

    if (transfer_decode(document, &transfer, words, sizeof words) == 0)
        transfer_free(transfer);
    else
        CHECK(words[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    char sha256[TRANSFER_SHA + 1];
    struct text document;
    unsigned len = 0;

    decode(slice_of((const char *)bytes, size));
    text_init(&document, size + 4096);
    text_add_slice(&document, slice_of((const char *)bytes, size));
    text_add_slice(&document, transfer_tail());
    CHECK(EVP_Digest(document.bytes, document.len, sum, &len, EVP_sha256(), NULL) == 1);
    for (unsigned i = 0; i < len; i++)
        snprintf(sha256 + (size_t)2 * i, 3, "%02x", sum[i]);
    text_clear(&document);
    text_add_slice(&document, slice_of((const char *)bytes, size));
    transfer_add_end(sha256, &document);
    decode(text_slice(&document));
    text_fini(&document);
    return 0;
}
