/*
 * The parts of the head parser, in the order in which a head passes them: first line, field lines,
 * then what the fields mean together. All are pure; parse_head.c puts them together. Those that read
 * bytes advance in->at on PARSE_DONE only, and answer PARSE_MORE only when all bytes so far could be
 * the beginning of something well formed.
 */
#ifndef HTTP_PARSE_PRIV_H
#define HTTP_PARSE_PRIV_H

#include "field_set_priv.h"
#include "http/parse_head.h"
#include "scan_priv.h"

/* parse_line.c: the first line with its CRLF into method/target/minor or status/reason/minor. */
enum parse parse_line_request(struct scan_input *in, uint32_t target_bytes, struct head *head,
                              enum fault *fault);
enum parse parse_line_status(struct scan_input *in, struct head *head, enum fault *fault);

/*
 * parse_fields.c: field lines up to an empty line or the end of the bytes, as offsets from head->base,
 * into fields, field_count and seen; *repeated is a set like seen. TOO_MANY_FIELDS beyond `limit` or
 * field_capacity. Then the empty line.
 */
enum parse parse_fields_read(struct scan_input *in, uint16_t limit, struct head *head,
                             uint64_t *repeated, enum fault *fault);
enum parse parse_fields_end(struct scan_input *in);

/*
 * head_end.c: looks for the empty line behind `from`, a place after the first line, in count bytes.
 * PARSE_DONE: it is there, at *searched. PARSE_BAD: before it comes a control byte that no head may
 * contain. PARSE_MORE: neither; *searched is where to go on.
 */
enum parse head_end_find(const char *bytes, size_t from, size_t count, size_t *searched);

/* check_head.c: everything below in its order, for a head whose lines were read. */
enum fault check_head_request(struct head *head, uint64_t repeated);
enum fault check_head_response(struct head *head, enum method method);

/* target.c: which form the target has; fills path, query, authority (absolute-form), is_*. */
enum fault target_check(struct head *head);

/* authority.c: "uri-host[:port]" (RFC 9110 7.2); the length of the host, or -1. */
int authority_host_length(struct slice authority);

/* framing.c: Content-Length and Transfer-Encoding (RFC 9112 6). */
enum fault framing_check_request(struct head *head, uint64_t repeated);
enum fault framing_check_response(struct head *head, enum method method);

/* connection_option.c: what Connection says; sets close, wants_upgrade and fields[].named. */
enum fault connection_option_apply(struct head *head);

#endif
