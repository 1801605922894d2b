/* Records as lines and their hashes: see audit/audit_record.h. */
#include "audit/audit_record.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/strict_json.h"

static const char hash_title[] = "switchyard-audit";
static const char key_title[] = "switchyard-audit-key";

struct field {
    const char *name;
    size_t at;
    size_t size;
};

#define NUMBER_FIELD(name)      { #name, offsetof(struct audit_record, name), sizeof(uint64_t) },
#define TEXT_FIELD(name, bytes) { #name, offsetof(struct audit_record, name), bytes },
static const struct field numbers[] = { AUDIT_RECORD_NUMBERS(NUMBER_FIELD) };
static const struct field texts[] = { AUDIT_RECORD_TEXTS(TEXT_FIELD) };

enum {
    NUMBERS = sizeof numbers / sizeof numbers[0],
    TEXTS = sizeof texts / sizeof texts[0],
    LINE_LIMIT = 64 * 1024,
    KEY_ID_DIGITS = 16,
};

static uint64_t number_of(const struct audit_record *record, const struct field *field)
{
    uint64_t value = 0;

    memcpy(&value, (const char *)record + field->at, sizeof value);
    return value;
}

static const char *text_of(const struct audit_record *record, const struct field *field)
{
    return (const char *)record + field->at;
}

/* So many bytes at `at` are one character of UTF-8, 0: none. */
static size_t character_at(const char *at)
{
    for (size_t len = 1; len <= 4 && at[len - 1] != '\0'; len++)
        if (text_is_utf8(slice_of(at, len)))
            return len;
    return 0;
}

void audit_record_set(char *field, size_t size, const char *text)
{
    size_t done = 0;

    while (text != NULL && *text != '\0') {
        size_t len = character_at(text);
        size_t room = len > 0 ? len : 1;

        if (done + room >= size)
            break;
        if (len > 0)
            memcpy(field + done, text, len);
        else
            field[done] = '?';
        done += room;
        text += room;
    }
    field[done] = '\0';
}

static void digits_of(const unsigned char *bytes, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}

void audit_record_hex(const unsigned char hash[AUDIT_RECORD_HASH], char out[65])
{
    digits_of(hash, AUDIT_RECORD_HASH, out);
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int audit_record_unhex(struct slice digits, unsigned char out[AUDIT_RECORD_HASH])
{
    if (digits.len != (size_t)2 * AUDIT_RECORD_HASH)
        return ERR_INVALID;
    for (size_t i = 0; i < AUDIT_RECORD_HASH; i++) {
        int high = digit_value(digits.ptr[2 * i]);
        int low = digit_value(digits.ptr[2 * i + 1]);

        if (high < 0 || low < 0)
            return ERR_INVALID;
        out[i] = (unsigned char)(high * 16 + low);
    }
    return 0;
}

static void seal(const struct audit_key *key, struct slice bytes,
                 unsigned char out[AUDIT_RECORD_HASH])
{
    unsigned len = 0;

    CHECK(HMAC(EVP_sha256(), key->bytes, (int)key->len, (const unsigned char *)bytes.ptr, bytes.len,
               out, &len) != NULL);
    CHECK(len == AUDIT_RECORD_HASH);
}

void audit_record_key_id(struct audit_key *key)
{
    unsigned char tag[AUDIT_RECORD_HASH];

    seal(key, slice_of(key_title, sizeof key_title), tag);
    digits_of(tag, KEY_ID_DIGITS / 2, key->id);
}

static void add_bytes(EVP_MD_CTX *digest, const void *bytes, size_t len)
{
    CHECK(EVP_DigestUpdate(digest, bytes, len) == 1);
}

/* Eight bytes, the highest first. */
static void add_u64(EVP_MD_CTX *digest, uint64_t value)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> (56 - 8 * i));
    add_bytes(digest, bytes, sizeof bytes);
}

static void add_field(EVP_MD_CTX *digest, const void *bytes, size_t len)
{
    add_u64(digest, len);
    add_bytes(digest, bytes, len);
}

static void find_hash(const struct audit_record *record, const unsigned char *prev,
                      unsigned char out[AUDIT_RECORD_HASH])
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned len = 0;

    CHECK(digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1);
    add_field(digest, hash_title, sizeof hash_title - 1);
    add_u64(digest, AUDIT_RECORD_FORMAT);
    add_field(digest, prev, AUDIT_RECORD_HASH);
    add_u64(digest, record->seq);
    for (size_t i = 0; i < NUMBERS; i++)
        add_u64(digest, number_of(record, &numbers[i]));
    for (size_t i = 0; i < TEXTS; i++)
        add_field(digest, text_of(record, &texts[i]), strlen(text_of(record, &texts[i])));
    CHECK(EVP_DigestFinal_ex(digest, out, &len) == 1 && len == AUDIT_RECORD_HASH);
    EVP_MD_CTX_free(digest);
}

void audit_record_prove(const struct audit_record *record, const struct audit_key *key,
                        struct audit_proof *proof)
{
    find_hash(record, proof->prev, proof->hash);
    proof->key_id[0] = '\0';
    if (key == NULL || key->len == 0)
        return;
    memcpy(proof->key_id, key->id, sizeof proof->key_id);
    seal(key, slice_of((const char *)proof->hash, AUDIT_RECORD_HASH), proof->seal);
}

bool audit_record_is_whole(const struct audit_record *record, const struct audit_proof *proof,
                           const struct audit_key *key)
{
    unsigned char right[AUDIT_RECORD_HASH];

    find_hash(record, proof->prev, right);
    if (memcmp(right, proof->hash, sizeof right) != 0)
        return false;
    if (key == NULL || key->len == 0 || strcmp(key->id, proof->key_id) != 0)
        return true;
    seal(key, slice_of((const char *)proof->hash, AUDIT_RECORD_HASH), right);
    return CRYPTO_memcmp(right, proof->seal, sizeof right) == 0;
}

void audit_record_encode(const struct audit_record *record, const struct audit_proof *proof,
                         struct text *out)
{
    char stamp[CLOCK_STAMP_SIZE];
    char hex[65];

    clock_stamp(record->time_us, stamp);
    text_add_format(out, "{\"v\":%d,\"seq\":%" PRIu64 ",\"time\":\"%s\"", AUDIT_RECORD_FORMAT,
                    record->seq, stamp);
    for (size_t i = 0; i < NUMBERS; i++)
        text_add_format(out, ",\"%s\":%" PRIu64, numbers[i].name, number_of(record, &numbers[i]));
    for (size_t i = 0; i < TEXTS; i++) {
        const char *value = text_of(record, &texts[i]);

        if (value[0] == '\0')
            continue;
        text_add_format(out, ",\"%s\":\"", texts[i].name);
        text_add_json(out, slice_from(value));
        text_add(out, "\"");
    }
    audit_record_hex(proof->prev, hex);
    text_add_format(out, ",\"prev\":\"%s\"", hex);
    audit_record_hex(proof->hash, hex);
    text_add_format(out, ",\"hash\":\"%s\"", hex);
    if (proof->key_id[0] != '\0') {
        audit_record_hex(proof->seal, hex);
        text_add_format(out, ",\"key\":\"%s\",\"seal\":\"%s\"", proof->key_id, hex);
    }
    text_add(out, "}\n");
}

static int take_hash(const cJSON *object, const char *name, unsigned char out[AUDIT_RECORD_HASH])
{
    char digits[65];
    int err = strict_json_text(object, name, digits, sizeof digits);

    return err != 0 ? err : audit_record_unhex(slice_from(digits), out);
}

static int take_proof(const cJSON *object, struct audit_proof *proof)
{
    int err = take_hash(object, "prev", proof->prev);

    if (err == 0)
        err = take_hash(object, "hash", proof->hash);
    if (err != 0 || cJSON_GetObjectItemCaseSensitive(object, "key") == NULL)
        return err;
    err = strict_json_text(object, "key", proof->key_id, sizeof proof->key_id);
    return err != 0 ? err : take_hash(object, "seal", proof->seal);
}

static int take_fields(const cJSON *object, struct audit_record *record)
{
    uint64_t format = 0;
    int err = strict_json_u64(object, "v", AUDIT_RECORD_FORMAT, &format);

    if (err == 0)
        err = strict_json_u64(object, "seq", STRICT_JSON_INTEGER_MAX, &record->seq);
    for (size_t i = 0; err == 0 && i < NUMBERS; i++)
        err = strict_json_u64(object, numbers[i].name, STRICT_JSON_INTEGER_MAX,
                              (uint64_t *)(void *)((char *)record + numbers[i].at));
    for (size_t i = 0; err == 0 && i < TEXTS; i++)
        if (cJSON_GetObjectItemCaseSensitive(object, texts[i].name) != NULL)
            err = strict_json_text(object, texts[i].name, (char *)record + texts[i].at,
                                   texts[i].size);
    return err;
}

/* The one form of the line is the one that comes out again. */
static bool is_canonical(struct slice line, const struct audit_record *record,
                         const struct audit_proof *proof)
{
    struct text again;
    bool is_same = false;

    text_init(&again, LINE_LIMIT);
    audit_record_encode(record, proof, &again);
    is_same = again.len == line.len + 1 && memcmp(again.bytes, line.ptr, line.len) == 0;
    text_fini(&again);
    return is_same;
}

int audit_record_decode(struct slice line, struct audit_record *record, struct audit_proof *proof)
{
    struct audit_record read = { 0 };
    struct audit_proof said = { 0 };
    cJSON *object = NULL;
    int err = 0;

    if (line.len > AUDIT_RECORD_LINE_MAX ||
        strict_json_parse(line, &strict_json_small, &object, NULL) != 0)
        return ERR_INVALID;
    err = take_fields(object, &read);
    if (err == 0)
        err = take_proof(object, &said);
    cJSON_Delete(object);
    if (err != 0 || !is_canonical(line, &read, &said))
        return ERR_INVALID;
    *record = read;
    *proof = said;
    return 0;
}
