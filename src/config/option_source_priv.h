/*
 * Words that name a part of a request: where the id of a tenant is ("header:X-Tenant-Id",
 * "host-label:1"), what makes a canary's user ("cookie:uid", "client-ip"), and what errors are told apart by
 * ("path"). In and out. Pure.
 */
#ifndef CONFIG_OPTION_SOURCE_PRIV_H
#define CONFIG_OPTION_SOURCE_PRIV_H

#include "base/check.h"
#include "base/slice.h"
#include "base/text.h"
#include "config/config_judgement.h"
#include "config/config_value.h"

MUST_CHECK int option_source_parse_tenant(struct slice text, struct config_tenant_source *out,
                                          struct text *why);
MUST_CHECK int option_source_parse_key(struct slice text, struct config_key *out, struct text *why);
MUST_CHECK int option_source_parse_evidence(struct slice text, struct config_evidence_key *out,
                                            struct text *why);

/* In quotes, as a file has it. */
void option_source_format_tenant(const struct config_tenant_source *source, struct text *out);
void option_source_format_key(const struct config_key *key, struct text *out);
void option_source_format_evidence(const struct config_evidence_key *key, struct text *out);

#endif
