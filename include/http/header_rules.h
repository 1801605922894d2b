/*
 * Changes to header fields on the way, per service and slot: remove, then set (replace or add), then add, in the
 * order of the configuration. An immutable value made by control and applied while a head is written. Framing,
 * hop-by-hop and our own fields (Content-Length, Transfer-Encoding, Connection, Host of requests … see
 * header_rules_name_allowed) cannot be touched. Pure, any thread.
 */
#ifndef HTTP_HEADER_RULES_H
#define HTTP_HEADER_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct header_rules; /* for one direction of one slot */

/* Lines of all rules of a direction up to this many bytes fit into every head that was within its limits; with more,
 * a head close to the limits may be refused (431, 502). */
enum { HEADER_RULES_BYTES = 4096 };

struct header_rule_texts { /* as configured: "Name: value" for set and add, "Name" for remove */
    size_t set_count;
    const char *const *set;
    size_t add_count;
    const char *const *add;
    size_t remove_count;
    const char *const *remove;
};

/* Whether a rule may speak of this name: a token of at most 256 bytes; in both directions not the fields of the hop
 * and of the framing, nor X-Switchyard-*; in requests not Host, Expect, Max-Forwards, Via, X-Request-Id nor
 * X-Forwarded-*; in responses not Date. */
bool header_rules_name_allowed(struct slice name, bool is_response);

/*
 * The service's rules (NULL: none) and then the slot's (NULL: none), which win: what the slot removes or sets is not
 * set or added by the service. Of several rules that set one name the last counts. Texts that are no rule are not
 * applied: who loads the configuration refuses them. NULL when there are none at all.
 */
struct header_rules *header_rules_new(const struct header_rule_texts *service,
                                      const struct header_rule_texts *slot);
void header_rules_free(struct header_rules *rules);
bool header_rules_is_equal(const struct header_rules *a, const struct header_rules *b);

/* For writers: is a field of this name left out; then the lines to append ("Name: value\r\n" …). */
bool header_rules_drops(const struct header_rules *rules, struct slice name);
struct slice header_rules_lines(const struct header_rules *rules);

#endif
