/* Whether AddressSanitizer is in this build: gcc and clang say it in different ways. */
#ifndef LINT_SANITIZED_PRIV_H
#define LINT_SANITIZED_PRIV_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
