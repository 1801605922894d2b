/*
 * A parsed message head. Fields are offsets into the bytes they were parsed from, so that the
 * buffer may move; the field array belongs to the caller. Values; pure; any thread.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "http/field.h"

struct field {
    uint32_t name_at;
    uint32_t value_at;
    uint32_t value_len; /* without OWS at both ends */
    uint16_t name_len;
    uint8_t id;    /* enum field_id */
    uint8_t named; /* by Connection, or hidden: goes no further */
};

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_PATCH,
    METHOD_OPTIONS,
    METHOD_TRACE,
    METHOD_CONNECT,
    METHOD_OTHER,
    METHOD_COUNT
};

enum framing {
    FRAMING_NONE,    /* no body */
    FRAMING_LENGTH,  /* head.length bytes (may be 0) */
    FRAMING_CHUNKED, /* RFC 9112 7.1 */
    FRAMING_CLOSE,   /* responses only: until the connection ends */
};

struct head {
    const char *base;     /* first byte of the head */
    struct field *fields; /* in order of arrival */
    uint64_t length;      /* with FRAMING_LENGTH */
    uint64_t seen;        /* bit (1 << field_id) for each known field present */
    uint32_t size;        /* bytes of the head with its final CRLF CRLF */
    uint16_t field_count;
    uint16_t field_capacity;
    uint8_t framing; /* enum framing */
    uint8_t minor;   /* HTTP/1.minor: 0 or 1 */
    bool close;      /* the connection does not persist after this message (RFC 9112 9.3) */
    /* requests */
    uint8_t method; /* enum method */
    bool expect_continue;
    bool
        wants_upgrade; /* Connection names Upgrade, and it has a protocol that may pass (upgrade.h) */
    bool is_absolute;  /* absolute-form target */
    bool is_asterisk;  /* "*", for OPTIONS only */
    uint16_t host_len; /* of the authority without its port */
    /* responses */
    uint16_t status;
    struct slice method_text;
    struct slice target;    /* byte for byte */
    struct slice path;      /* of the target, without query; "/" where there is none */
    struct slice query;     /* after "?", may be empty */
    struct slice authority; /* Host (host[:port]); empty in HTTP/1.0 without one */
    struct slice reason;
};

/* The host of authority without port, brackets of an IPv6 literal kept. */
struct slice head_host(const struct head *head);
struct slice head_field_name(const struct head *head, const struct field *field);
struct slice head_field_value(const struct head *head, const struct field *field);

/* The first field of that id after *index (start with 0, which is moved on); NULL: no more. */
const struct field *head_find(const struct head *head, enum field_id id, unsigned *index);

/* The value of the first field of that name, any name, or an empty slice with ptr NULL. */
struct slice head_value(const struct head *head, struct slice name);

/* The value of cookie `name` in the Cookie fields, or a slice with ptr NULL. */
struct slice head_cookie(const struct head *head, struct slice name);

/* Marks all fields of that name: when the head is written anew they stay here. They can still be asked for. */
void head_hide(struct head *head, struct slice name);

/* Whether a name begins so, in whatever case, with '_' and '-' taken for the same sign. */
bool head_name_begins_like(struct slice name, struct slice prefix);

/* Hides all whose name begins so, with '_' and '-' taken for the same sign. */
void head_hide_like(struct head *head, struct slice prefix);

/* GET, HEAD, OPTIONS, TRACE, PUT, DELETE (RFC 9110 9.2.2). */
bool head_is_idempotent(const struct head *head);
bool head_is_safe(const struct head *head);
const char *method_name(enum method method); /* "OTHER" for METHOD_OTHER */

#endif
