/*
 * One record of the audit trail: who did what, from where, and what came of it; as a line of JSON that carries the hash
 * of the record before and its own. The hash is SHA-256 over format, previous hash, sequence number and every field
 * with its length in front; with a key the hash is sealed besides (HMAC-SHA256). A line has one form only: what does
 * not come out again byte for byte was changed. Pure, any thread.
 */
#ifndef AUDIT_AUDIT_RECORD_H
#define AUDIT_AUDIT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"

enum {
    AUDIT_RECORD_FORMAT = 1,
    AUDIT_RECORD_HASH = 32,
    AUDIT_RECORD_LINE_MAX = 32 * 1024, /* no line of ours is longer */
    AUDIT_RECORD_KEY_MIN = 32,         /* bytes of a key */
    AUDIT_RECORD_KEY_MAX = 1024,
};

/* NUMBER(name) and TEXT(name, bytes with the end), in the order of a line and of the hash. */
#define AUDIT_RECORD_NUMBERS(NUMBER)                                                               \
    NUMBER(time_us) NUMBER(epoch_before) NUMBER(epoch) NUMBER(duration_us)
#define AUDIT_RECORD_TEXTS(TEXT)                                                                   \
    TEXT(actor, 96) /* "uid=0(root) pid=7", the subject of a token, "switchyard" */                \
    TEXT(role, 16)                                                                                 \
    TEXT(as, 48)     /* --as: a note of the actor's own, believed by nobody */                     \
    TEXT(from, 128)  /* "unix:/run/…/admin.sock", an address, "signal" */                        \
    TEXT(verb, 48)   /* the command, or the kind of the change */                                  \
    TEXT(words, 768) /* all of the command, without secrets */                                     \
    TEXT(service, 64)                                                                              \
    TEXT(bypassed, 200) /* gates that --force went past, comma between */                          \
    TEXT(outcome, 16)                                                                              \
    TEXT(fault, 32)                                                                                \
    TEXT(gate, 32) /* that refused it */                                                           \
    TEXT(reason, 256)                                                                              \
    TEXT(trigger, 32) /* of what the daemon did by itself */                                       \
    TEXT(note, 256)

struct audit_record {
    uint64_t seq; /* from 1; given by whoever writes */
#define AUDIT_RECORD_NUMBER(name)      uint64_t name;
#define AUDIT_RECORD_TEXT(name, bytes) char name[bytes];
    AUDIT_RECORD_NUMBERS(AUDIT_RECORD_NUMBER) AUDIT_RECORD_TEXTS(AUDIT_RECORD_TEXT)
#undef AUDIT_RECORD_NUMBER
#undef AUDIT_RECORD_TEXT
};

struct audit_key {
    char bytes[AUDIT_RECORD_KEY_MAX];
    size_t len;  /* 0: no key */
    char id[17]; /* says which key, tells nothing of it */
};

/* What a line says besides the record. */
struct audit_proof {
    unsigned char prev[AUDIT_RECORD_HASH];
    unsigned char hash[AUDIT_RECORD_HASH];
    char key_id[17]; /* "" : not sealed */
    unsigned char seal[AUDIT_RECORD_HASH];
};

/* Copies text into a field: cut at a whole character, what is no UTF-8 replaced. */
void audit_record_set(char *field, size_t size, const char *text);

/* Puts key->id; the bytes are the caller's: at least AUDIT_RECORD_KEY_MIN. */
void audit_record_key_id(struct audit_key *key);

/* The hash of a record whose predecessor has the hash proof->prev, and with a key its seal. key may be NULL. */
void audit_record_prove(const struct audit_record *record, const struct audit_key *key,
                        struct audit_proof *proof);

/* Appends the line with its line feed. */
void audit_record_encode(const struct audit_record *record, const struct audit_proof *proof,
                         struct text *out);

/* A line without its line feed. ERR_INVALID: it is not what audit_record_encode makes of any record. Whether the hash
 * fits is another question. */
MUST_CHECK int audit_record_decode(struct slice line, struct audit_record *record,
                                   struct audit_proof *proof);

/* Whether hash and seal are those of the record; the seal only when it is one of this key. */
bool audit_record_is_whole(const struct audit_record *record, const struct audit_proof *proof,
                           const struct audit_key *key);

/* 64 digits and the end; and back, ERR_INVALID. */
void audit_record_hex(const unsigned char hash[AUDIT_RECORD_HASH], char out[65]);
MUST_CHECK int audit_record_unhex(struct slice digits, unsigned char out[AUDIT_RECORD_HASH]);

#endif
