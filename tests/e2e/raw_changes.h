/* Raw cases: what a service's header rules, stripped prefix and preview change in requests and responses. Included
 * once, by test_header_rules.c. */
#ifndef E2E_RAW_CHANGES_H
#define E2E_RAW_CHANGES_H

#include "e2e/e2e.h"

/* 200 "ok", kept open; the app server sees `sight`. */
#define SEEN(title, bytes, sight)                                                                  \
    {                                                                                              \
        .name = (title), .request = RAW(bytes), .seen = { (sight) },                               \
        .want = { { 200, .body = "ok" } }, .end = RAW_KEEPS                                        \
    }

/* The app server answers `bytes` and the client gets the head `head`. */
#define ANSWERED(title, host, bytes, text)                                                         \
    {                                                                                              \
        .name = (title), .request = RAW("GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"),               \
        .answer = RAW(bytes), .unseen = true, .want = { { 200, .head = (text) } },                 \
        .end = RAW_KEEPS                                                                           \
    }

#define RULED "GET /g HTTP/1.1\r\nHost: rules.test\r\n"
#define FLAGS "X-Env: shop\r\nX-Flag: one\r\nX-Flag: two\r\n"
#define OK_2  "Content-Length: 2\r\n\r\nok"

static const struct raw_case rules_cases[] = {
    SEEN("rules-of-requests", RULED "A: 1\r\nX-Debug: 1\r\nB: 2\r\n\r\n",
         RULED "A: 1\r\nB: 2\r\n" FLAGS "\r\n"),
    SEEN("rules-whatever-the-case", RULED "x-DEBUG: 1\r\nX-ENV: mine\r\nx-debug: 2\r\n\r\n",
         RULED FLAGS "\r\n"),
    SEEN("rules-add-keeps-what-is-there", RULED "X-Flag: zero\r\n\r\n",
         RULED "X-Flag: zero\r\n" FLAGS "\r\n"),
    SEEN("rules-other-names-stay", RULED "X-Debugger: 1\r\nX-Debu: 2\r\n\r\n",
         RULED "X-Debugger: 1\r\nX-Debu: 2\r\n" FLAGS "\r\n"),
    SEEN("rules-before-the-framing",
         "POST /p HTTP/1.1\r\nContent-Length: 2\r\nHost: rules.test\r\nX-Debug: 1\r\n\r\nhi",
         "POST /p HTTP/1.1\r\nHost: rules.test\r\n" FLAGS "Content-Length: 2\r\n\r\nhi"),
    SEEN("rules-with-chunks",
         "POST /p HTTP/1.1\r\nHost: rules.test\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\nhi\r\n0\r\n\r\n",
         "POST /p HTTP/1.1\r\nHost: rules.test\r\n" FLAGS "Transfer-Encoding: chunked\r\n\r\n"
         "2\r\nhi\r\n0\r\n\r\n"),
    SEEN("rules-named-by-connection", RULED "Connection: X-Env, X-Flag\r\nX-Flag: 0\r\n\r\n",
         RULED FLAGS "\r\n"),
    SEEN("rules-of-the-slot-win", "GET / HTTP/1.1\r\nHost: slot.test\r\nX-Debug: 1\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: slot.test\r\nX-Env: blue\r\nX-New: 1\r\n\r\n"),
    ANSWERED("rules-of-responses", "rules.test",
             "HTTP/1.1 200 OK\r\nServer: app\r\nX-Powered-By: cobol\r\nA: 1\r\n" OK_2,
             "HTTP/1.1 200 OK\r\nA: 1\r\nServer: none\r\nX-Frame-Options: DENY\r\n"
             "Content-Length: 2\r\n\r\n"),
    ANSWERED("rules-set-replaces-all", "rules.test",
             "HTTP/1.1 200 OK\r\nserver: a\r\nSERVER: b\r\nX-Frame-Options: SAMEORIGIN\r\n" OK_2,
             "HTTP/1.1 200 OK\r\nX-Frame-Options: SAMEORIGIN\r\nServer: none\r\n"
             "X-Frame-Options: DENY\r\nContent-Length: 2\r\n\r\n"),
    { .name = "rules-of-interim-responses",
      .request = RAW("GET / HTTP/1.1\r\nHost: rules.test\r\n\r\n"),
      .answer = RAW("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-Powered-By: x\r\n\r\n"
                    "HTTP/1.1 200 OK\r\n" OK_2),
      .unseen = true,
      .want = { { 103, .head = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" },
                { 200, .has = "Server: none\n", .lacks = "X-Powered-By\n" } },
      .end = RAW_KEEPS },
};

/* Own pages are ours: rules are for what apps say. */
static const struct raw_case own_page_cases[] = {
    { .name = "rules-not-on-own-pages",
      .request = RAW("OPTIONS * HTTP/1.1\r\nHost: rules.test\r\nMax-Forwards: 0\r\n\r\n"),
      .want = { { 200, .lacks = "Server\nX-Frame-Options\n" } },
      .end = RAW_KEEPS },
};

#define STRIPPED(title, target, written)                                                           \
    SEEN(title, "GET " target " HTTP/1.1\r\nHost: strip.test\r\nA: 1\r\n\r\n",                     \
         "GET " written " HTTP/1.1\r\nHost: strip.test\r\nA: 1\r\n"                                \
         "X-Forwarded-Prefix: /api\r\n\r\n")

static const struct raw_case strip_cases[] = {
    STRIPPED("strip-below", "/api/x", "/x"),
    STRIPPED("strip-all", "/api", "/"),
    STRIPPED("strip-slash", "/api/", "/"),
    STRIPPED("strip-query", "/api?a=/api", "/?a=/api"),
    STRIPPED("strip-path-and-query", "/api/x/api?b", "/x/api?b"),
    STRIPPED("strip-empty-query", "/api/x?", "/x?"),
    STRIPPED("strip-once", "/api/api/x", "/api/x"),
    STRIPPED("strip-keeps-slashes", "/api//x/../y", "//x/../y"),
    STRIPPED("strip-keeps-encoding", "/api/%2Fx%41", "/%2Fx%41"),
    SEEN("strip-absolute-form",
         "GET http://strip.test/api/x?q HTTP/1.1\r\nHost: strip.test\r\n\r\n",
         "GET /x?q HTTP/1.1\r\nHost: strip.test\r\nX-Forwarded-Prefix: /api\r\n\r\n"),
    SEEN("strip-not-elsewhere", "GET /apix HTTP/1.1\r\nHost: strip.test\r\n\r\n",
         "GET /apix HTTP/1.1\r\nHost: strip.test\r\n\r\n"),
    SEEN("strip-byte-for-byte", "GET /%61pi/x HTTP/1.1\r\nHost: strip.test\r\n\r\n",
         "GET /%61pi/x HTTP/1.1\r\nHost: strip.test\r\n\r\n"),
    SEEN("strip-asterisk", "OPTIONS * HTTP/1.1\r\nHost: strip.test\r\n\r\n",
         "OPTIONS * HTTP/1.1\r\nHost: strip.test\r\n\r\n"),
    SEEN("strip-spoofed-prefix",
         "GET /api/x HTTP/1.1\r\nHost: strip.test\r\nX-Forwarded-Prefix: /evil\r\n\r\n",
         "GET /x HTTP/1.1\r\nHost: strip.test\r\nX-Forwarded-Prefix: /api\r\n\r\n"),
};

#define TRIED                        "GET /g HTTP/1.1\r\nHost: try.test\r\n"
#define COOKIES(title, fields, left) SEEN(title, TRIED fields "\r\n", TRIED left "\r\n")

static const struct raw_case cookie_cases[] = {
    COOKIES("cookie-alone", "Cookie: try=green:open-sesame\r\n", ""),
    COOKIES("cookie-in-front", "Cookie: try=green:open-sesame; a=1\r\n", "Cookie: a=1\r\n"),
    COOKIES("cookie-between", "Cookie: a=1; try=green:open-sesame; b=2\r\n",
            "Cookie: a=1; b=2\r\n"),
    COOKIES("cookie-behind", "Cookie: a=1;try=green:open-sesame\r\n", "Cookie: a=1\r\n"),
    COOKIES("cookie-refused-all-the-same", "Cookie: try=green:wrong-sesame; a=1\r\n",
            "Cookie: a=1\r\n"),
    COOKIES("cookie-twice", "Cookie: try=x; a=1; try=y\r\n", "Cookie: a=1\r\n"),
    COOKIES("cookie-in-two-fields", "Cookie: a=1\r\ncookie: try=x\r\nCookie: b=2\r\n",
            "Cookie: a=1\r\nCookie: b=2\r\n"),
    COOKIES("cookie-with-blanks", "Cookie: a=1 ; \t try = x ;b=2\r\n", "Cookie: a=1; b=2\r\n"),
    COOKIES("cookie-others-byte-for-byte", "Cookie: a=1;;b ;tryst=1;TRY=2\r\n",
            "Cookie: a=1;;b ;tryst=1;TRY=2\r\n"),
    COOKIES("preview-header", "X-Try: green:open-sesame\r\nA: 1\r\n", "A: 1\r\n"),
    COOKIES("preview-header-refused", "x-try: green:wrong-sesame\r\nX-TRY: green\r\nA: 1\r\n",
            "A: 1\r\n"),
    COOKIES("preview-header-not-named-so", "X-Tryst: 1\r\n", "X-Tryst: 1\r\n"),
};

#endif
