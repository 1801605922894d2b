/* The judgement of each gate: fills a finding that is asked. See word.h. */
#ifndef STORE_WORD_PRIV_H
#define STORE_WORD_PRIV_H

#include "store/word.h"

void word_set(struct word_finding *finding, enum word_answer answer, uint64_t age_us,
              const char *remedy, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The look of a side, if it is fresh enough to judge by; else NULL, and the finding is unknown. */
const struct look *word_fresh(const struct word_side *side, struct word_finding *finding);

/* word_schema.c: of one side */
void word_check_version(const struct word_question *question, const struct word_side *side,
                        struct word_finding *out);
void word_check_contract(const struct word_side *side, struct word_finding *out);

/* word_content.c: of one side, and of both */
void word_check_integrity(const struct word_side *side, struct word_finding *out);
void word_check_assertions(const struct word_side *side, const struct word_side *other,
                           struct word_finding *out);

#endif
