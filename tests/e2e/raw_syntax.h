/* Raw cases: the grammar of request line, target, Host and fields (RFC 9112 2, 3, 5; RFC 9110 5, 7.2).
 * Included once, by test_raw_request.c. */
#ifndef E2E_RAW_SYNTAX_H
#define E2E_RAW_SYNTAX_H

#include "support/raw.h"

/* 400, closed, and the app server sees nothing. */
#define REFUSE(title, bytes)                                                                       \
    {                                                                                              \
        .name = (title), .request = RAW(bytes), .want = { { 400, .has = "Connection: close\n" } }  \
    }
#define REFUSE_WITH(title, code, other, bytes)                                                     \
    {                                                                                              \
        .name = (title), .request = RAW(bytes), .want = {                                          \
            { (code), .or_status = (other), .has = "Connection: close\n" }                         \
        }                                                                                          \
    }

/* 200 "ok", kept open, and the app server sees `sight`. */
#define PASS(title, bytes, sight)                                                                  \
    {                                                                                              \
        .name = (title), .request = RAW(bytes), .seen = { (sight) },                               \
        .want = { { 200, .body = "ok" } }, .end = RAW_KEEPS                                        \
    }

static const struct raw_case line_cases[] = {
    REFUSE("line-two-spaces-before-target", "GET  / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-two-spaces-before-version", "GET /  HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-leading-space", " GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-tab-separator", "GET\t/\tHTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-trailing-space", "GET / HTTP/1.1 \r\nHost: a.test\r\n\r\n"),
    REFUSE("line-no-version", "GET /\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-no-target", "GET HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-only-method", "GET\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-lower-case-version", "GET / http/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-version-without-slash", "GET / HTTP1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE_WITH("line-version-two-digits", 400, 505, "GET / HTTP/1.10\r\nHost: a.test\r\n\r\n"),
    REFUSE_WITH("line-version-without-dot", 400, 505, "GET / HTTP/11\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-version-letter", "GET / HTTP/1.x\r\nHost: a.test\r\n\r\n"),
    REFUSE_WITH("line-version-2", 505, 400, "GET / HTTP/2.0\r\nHost: a.test\r\n\r\n"),
    REFUSE_WITH("line-version-3", 505, 400, "GET / HTTP/3.1\r\nHost: a.test\r\n\r\n"),
    REFUSE_WITH("line-version-0.9", 505, 400, "GET / HTTP/0.9\r\nHost: a.test\r\n\r\n"),
    REFUSE_WITH("line-http2-preface", 505, 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    REFUSE("line-method-paren", "GE(T / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-method-empty", " / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-method-colon", "GET: / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-method-high-byte", "G\xc3\x89T / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-method-nul", "G\0T / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-bare-lf", "GET / HTTP/1.1\nHost: a.test\r\n\r\n"),
    REFUSE("line-bare-cr", "GET /\r HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-cr-cr-lf", "GET / HTTP/1.1\r\r\nHost: a.test\r\n\r\n"),
    REFUSE("line-tls-hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    REFUSE("line-five-empty-lines",
           "\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("line-empty-lines-before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("line-unknown-method", "BREW /pot HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "BREW /pot HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("line-method-is-case-sensitive", "get / HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "get / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("line-method-all-token-bytes", "M!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "M!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
};

static const struct raw_case target_cases[] = {
    REFUSE("target-without-slash", "GET index.html HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-only-query", "GET ?a=b HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-asterisk-get", "GET * HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-asterisk-path", "OPTIONS */x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-authority-get", "GET a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-space-inside", "GET /a b HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-tab-inside", "GET /a\tb HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-control-byte", "GET /a\x01 HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-delete-byte", "GET /a\x7f HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-high-byte", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-nul", "GET /a\0b HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-escaped-nul", "GET /a%00b HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-absolute-other-host", "GET http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-absolute-other-port", "GET http://a.test:81/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-absolute-without-host", "GET http://a.test/x HTTP/1.1\r\n\r\n"),
    REFUSE("target-absolute-userinfo", "GET http://u:p@a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE("target-absolute-empty-authority", "GET http:///x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    REFUSE_WITH("target-connect", 405, 0,
                "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n"),
    REFUSE_WITH("target-connect-path", 405, 400, "CONNECT / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("target-absolute", "GET http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "GET /x?y HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("target-absolute-upper-scheme", "GET HTTP://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("target-absolute-without-path", "GET http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("target-absolute-query-without-path",
         "GET http://a.test?q=1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "GET /?q=1 HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("target-absolute-port", "GET http://a.test:81/x HTTP/1.1\r\nHost: a.test:81\r\n\r\n",
         "GET /x HTTP/1.1\r\nHost: a.test:81\r\n\r\n"),
    PASS("target-options-asterisk", "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("target-options-absolute-without-path",
         "OPTIONS http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("target-byte-for-byte",
         "GET /a/%2e%2E/../b//c;p=1?x=%20&y=/?@!$'()*+,;= HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "GET /a/%2e%2E/../b//c;p=1?x=%20&y=/?@!$'()*+,;= HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("target-two-slashes", "GET //b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "GET //b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("target-url-in-path", "GET /http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
         "GET /http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
};

static const struct raw_case host_cases[] = {
    REFUSE("host-missing", "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n"),
    REFUSE("host-twice-same", "GET / HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n"),
    REFUSE("host-twice-other", "GET / HTTP/1.1\r\nHost: a.test\r\nhost: b.test\r\n\r\n"),
    REFUSE("host-twice-http10", "GET / HTTP/1.0\r\nHost: a.test\r\nHost: b.test\r\n\r\n"),
    REFUSE("host-comma", "GET / HTTP/1.1\r\nHost: a.test,b.test\r\n\r\n"),
    REFUSE("host-comma-space", "GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n"),
    REFUSE("host-space-inside", "GET / HTTP/1.1\r\nHost: a test\r\n\r\n"),
    REFUSE("host-userinfo", "GET / HTTP/1.1\r\nHost: user@a.test\r\n\r\n"),
    REFUSE("host-path", "GET / HTTP/1.1\r\nHost: a.test/x\r\n\r\n"),
    REFUSE("host-scheme", "GET / HTTP/1.1\r\nHost: http://a.test\r\n\r\n"),
    REFUSE("host-query", "GET / HTTP/1.1\r\nHost: a.test?x\r\n\r\n"),
    REFUSE("host-port-letters", "GET / HTTP/1.1\r\nHost: a.test:8o\r\n\r\n"),
    REFUSE("host-port-too-large", "GET / HTTP/1.1\r\nHost: a.test:65536\r\n\r\n"),
    REFUSE("host-port-sign", "GET / HTTP/1.1\r\nHost: a.test:+80\r\n\r\n"),
    REFUSE("host-two-ports", "GET / HTTP/1.1\r\nHost: a.test:80:80\r\n\r\n"),
    REFUSE("host-bracket-open", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    REFUSE("host-bracket-inside", "GET / HTTP/1.1\r\nHost: a[::1]\r\n\r\n"),
    REFUSE("host-bracket-no-address", "GET / HTTP/1.1\r\nHost: [a.test]\r\n\r\n"),
    REFUSE("host-naked-ipv6", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"),
    REFUSE("host-backslash", "GET / HTTP/1.1\r\nHost: a.test\\b\r\n\r\n"),
    REFUSE("host-high-byte", "GET / HTTP/1.1\r\nHost: \xc3\xa9.test\r\n\r\n"),
    REFUSE("host-quote", "GET / HTTP/1.1\r\nHost: \"a.test\"\r\n\r\n"),
    REFUSE("host-angle", "GET / HTTP/1.1\r\nHost: a<b>.test\r\n\r\n"),
    PASS("host-port", "GET / HTTP/1.1\r\nHost: a.test:8080\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test:8080\r\n\r\n"),
    PASS("host-ipv4", "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"),
    PASS("host-ipv6", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n"),
    PASS("host-spaces-around", "GET / HTTP/1.1\r\nHost: \t a.test \t\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("host-underscore-dash", "GET / HTTP/1.1\r\nHost: a_b-c.test\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a_b-c.test\r\n\r\n"),
    PASS("host-name-lower-case", "GET / HTTP/1.1\r\nhost: A.Test\r\n\r\n",
         "GET / HTTP/1.1\r\nhost: A.Test\r\n\r\n"),
};

static const struct raw_case field_cases[] = {
    REFUSE("field-fold-space", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\n 2\r\n\r\n"),
    REFUSE("field-fold-tab", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\n\t2\r\n\r\n"),
    REFUSE("field-fold-first-line", "GET / HTTP/1.1\r\n Host: a.test\r\n\r\n"),
    REFUSE("field-fold-empty", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\n \r\n\r\n"),
    REFUSE("field-space-before-colon", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A : 1\r\n\r\n"),
    REFUSE("field-tab-before-colon", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A\t: 1\r\n\r\n"),
    REFUSE("field-host-space-before-colon", "GET / HTTP/1.1\r\nHost : a.test\r\n\r\n"),
    REFUSE("field-empty-name", "GET / HTTP/1.1\r\nHost: a.test\r\n: 1\r\n\r\n"),
    REFUSE("field-no-colon", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A\r\n\r\n"),
    REFUSE("field-name-space", "GET / HTTP/1.1\r\nHost: a.test\r\nX A: 1\r\n\r\n"),
    REFUSE("field-name-paren", "GET / HTTP/1.1\r\nHost: a.test\r\nX(A: 1\r\n\r\n"),
    REFUSE("field-name-at", "GET / HTTP/1.1\r\nHost: a.test\r\nX@A: 1\r\n\r\n"),
    REFUSE("field-name-high-byte", "GET / HTTP/1.1\r\nHost: a.test\r\nX\xc3\xa9: 1\r\n\r\n"),
    REFUSE("field-name-nul", "GET / HTTP/1.1\r\nHost: a.test\r\nX\0A: 1\r\n\r\n"),
    REFUSE("field-name-cr", "GET / HTTP/1.1\r\nHost: a.test\r\nX\rA: 1\r\n\r\n"),
    REFUSE("field-value-nul", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\0002\r\n\r\n"),
    REFUSE("field-value-cr", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\rX-B: 2\r\n\r\n"),
    REFUSE("field-value-lf", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\nX-B: 2\r\n\r\n"),
    REFUSE("field-value-control", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\x1b[0m\r\n\r\n"),
    REFUSE("field-value-vertical-tab", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\x0b\r\n\r\n"),
    REFUSE("field-value-delete", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\x7f\r\n\r\n"),
    REFUSE("field-lf-lines", "GET / HTTP/1.1\nHost: a.test\n\n"),
    REFUSE("field-lf-at-end", "GET / HTTP/1.1\r\nHost: a.test\r\n\n"),
    REFUSE("field-lf-one-line", "GET / HTTP/1.1\r\nHost: a.test\nX-A: 1\r\n\r\n"),
    REFUSE("field-cr-cr-lf", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\r\n\r\n"),
    REFUSE("field-second-request-line", "GET / HTTP/1.1\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n"),
    PASS("field-empty-value", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A:\r\nX-B: \r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: \r\nX-B: \r\n\r\n"),
    PASS("field-no-space-after-colon", "GET / HTTP/1.1\r\nHost:a.test\r\nX-A:1\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\n\r\n"),
    PASS("field-high-bytes-in-value", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: \xc3\xa9\xff\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: \xc3\xa9\xff\r\n\r\n"),
    PASS("field-tab-in-value", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\t2\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: 1\t2\r\n\r\n"),
    PASS("field-colon-in-value", "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: :1:2\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test\r\nX-A: :1:2\r\n\r\n"),
    PASS("field-all-token-bytes", "GET / HTTP/1.1\r\nHost: a.test\r\n!#$%&'*+-.^_`|~9a: 1\r\n\r\n",
         "GET / HTTP/1.1\r\nHost: a.test\r\n!#$%&'*+-.^_`|~9a: 1\r\n\r\n"),
};

#endif
