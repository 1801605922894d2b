/*
 * Loads a text as "t.conf" and compares what the report says, but for the columns, which have tests of
 * their own. Used by all tests of the room.
 */
#ifndef EXPECT_LOAD_H
#define EXPECT_LOAD_H

#include <stddef.h>

struct config;

/* One line of text that makes a whole file of what follows it. */
#define LISTENER "listener l { bind = \"127.0.0.1:1\" } "
#define SERVICE  "service s { slot b { targets = { \"127.0.0.1:2\" } } } "
#define REST     LISTENER SERVICE "\n"

struct load_case {
    const char *text;
    const char *says; /* part of the report, or NULL: loads without a word */
};

/* Each case: an error case must fail with one error or more, and say this. */
void expect_cases(const struct load_case *cases, size_t count);

/* The tree of a text that must load; the caller frees it. Warnings are allowed. */
struct config *expect_config(const char *text);

/* The whole report, whether it loads or not; the caller frees it. */
char *expect_report(const char *text);

#endif
