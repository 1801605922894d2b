/*
 * Writes and checks the envelope of a state file; see state_encode.c for its text. Every byte counts: the reader
 * compares what it did not compute literally.
 */
#include "deploy/envelope_priv.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

enum { SHA256_BYTES = 32 };

static const char head_format[] = "{\"switchyard\":\"state\",\"format\":%u,\"min_reader\":%u,"
                                  "\"generation\":%" PRIu64 ",\"length\":%zu,\"state\":\n";

static void hex_of(struct slice bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    CHECK(EVP_Digest(bytes.ptr, bytes.len, hash, &len, EVP_sha256(), NULL) == 1);
    CHECK(len == SHA256_BYTES);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[(size_t)2 * SHA256_BYTES] = '\0';
}

void envelope_write(unsigned format, unsigned min_reader, uint64_t generation, struct slice content,
                    struct text *out)
{
    char hex[2 * SHA256_BYTES + 1];

    text_clear(out);
    text_add_format(out, head_format, format, min_reader, generation, content.len);
    text_add_slice(out, content);
    text_add(out, ",\n");
    hex_of(text_slice(out), hex);
    text_add_format(out, "\"sha256\":\"%s\"}\n", hex);
}

static bool take_literal(struct slice *rest, const char *literal)
{
    struct slice prefix = slice_from(literal);

    if (!slice_starts_with(*rest, prefix))
        return false;
    *rest = slice_of(rest->ptr + prefix.len, rest->len - prefix.len);
    return true;
}

/* Digits in the one form that we write. */
static bool take_number(struct slice *rest, uint64_t *out)
{
    size_t len = 0;

    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
        len++;
    if (len > 1 && rest->ptr[0] == '0')
        return false;
    if (num_parse_u64(slice_of(rest->ptr, len), UINT64_MAX >> 11, out) != 0)
        return false;
    *rest = slice_of(rest->ptr + len, rest->len - len);
    return true;
}

static bool is_blank(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != '\n')
            return false;
    return s.len > 0;
}

static bool take_versions(struct slice *rest, struct envelope *out)
{
    return take_literal(rest, "{\"switchyard\":\"state\",\"format\":") &&
           take_number(rest, &out->format) && take_literal(rest, ",\"min_reader\":") &&
           take_number(rest, &out->min_reader);
}

static bool take_rest_of_head(struct slice *rest, struct envelope *out, uint64_t *length)
{
    return take_literal(rest, ",\"generation\":") && take_number(rest, &out->generation) &&
           take_literal(rest, ",\"length\":") && take_number(rest, length) &&
           take_literal(rest, ",\"state\":\n");
}

static bool has_valid_end(struct slice bytes, struct slice rest)
{
    char hex[2 * SHA256_BYTES + 1];

    if (!take_literal(&rest, ",\n"))
        return false;
    hex_of(slice_of(bytes.ptr, (size_t)(rest.ptr - bytes.ptr)), hex);
    return take_literal(&rest, "\"sha256\":\"") && take_literal(&rest, hex) &&
           take_literal(&rest, "\"}") && is_blank(rest);
}

int envelope_read(struct slice bytes, unsigned format, struct envelope *out, const char **why)
{
    struct envelope envelope = { 0 };
    struct slice rest = bytes;
    uint64_t length = 0;
    bool is_whole = false;

    *why = "it is blank";
    if (is_blank(bytes))
        return ERR_NOT_FOUND;
    *why = "it does not begin like a state file";
    if (!take_versions(&rest, &envelope))
        return ERR_CORRUPT;
    *why = "it is cut off, or its checksum does not fit";
    if (take_rest_of_head(&rest, &envelope, &length) && length <= rest.len) {
        envelope.content = slice_of(rest.ptr, (size_t)length);
        is_whole = has_valid_end(bytes, slice_of(rest.ptr + length, rest.len - (size_t)length));
    }
    /* A newer format is not ours to judge, even when its end looks wrong to us. */
    if (envelope.min_reader > format || (envelope.format > format && !is_whole)) {
        *why = "it was written by a newer version";
        return ERR_VERSION;
    }
    if (!is_whole)
        return ERR_CORRUPT;
    *out = envelope;
    return 0;
}
