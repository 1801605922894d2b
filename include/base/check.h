/*
 * CHECK: a condition that only a bug of ours can break. Prints the place and aborts, in release too.
 * Never on anything a peer, a file or an operator can cause.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            check_failed(__FILE__, __LINE__, #condition);                                          \
    } while (0)

#define MUST_CHECK __attribute__((warn_unused_result))

_Noreturn void check_failed(const char *file, int line, const char *condition);

#endif
