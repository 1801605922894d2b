/*
 * Requests as raw bytes: every rule of parsing, framing and rewriting a request, as tables (raw_*.h). Each
 * case says what the client gets and what the app server saw; a canary follows every case.
 */
#include "e2e/e2e.h"
#include "e2e/raw_forward.h"
#include "e2e/raw_framing.h"
#include "e2e/raw_syntax.h"

#define TABLE(name)                                                                                \
    Test(raw_request, name)                                                                        \
    {                                                                                              \
        struct raw_bench bench;                                                                    \
                                                                                                   \
        raw_start(&bench, NULL);                                                                   \
        RUN_CASES(&bench, name##_cases)                                                            \
        STOP_RAW(&bench);                                                                          \
    }

TABLE(line)
TABLE(target)
TABLE(host)
TABLE(field)
TABLE(length)
TABLE(coding)
TABLE(chunk)
TABLE(bytewise)
TABLE(forward)
TABLE(persist)
