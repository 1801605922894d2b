/*
 * The kinds of values that a row of options.def can have, and the type of the field of each. Their
 * order has a meaning: numbers come first, then words of a list, texts, and at last the lists.
 */
#ifndef CONFIG_OPTION_KIND_PRIV_H
#define CONFIG_OPTION_KIND_PRIV_H

enum option_kind {
    KIND_COUNT,    /* uint64_t */
    KIND_DURATION, /* uint64_t, microseconds */
    KIND_DEADLINE, /* the same, or "never": UINT64_MAX */
    KIND_SIZE,     /* uint64_t, bytes */
    KIND_PERCENT,  /* uint64_t */
    KIND_MODE,     /* uint64_t, octal */
    KIND_SHARE,    /* uint64_t, millionths; these four in option_decimal.c */
    KIND_POINTS,
    KIND_RATIO,
    KIND_NUMBER,
    KIND_BOOL,  /* bool */
    KIND_LEVEL, /* enum log_level, and so on: one word of a list */
    KIND_FORMAT,
    KIND_AUDIT_FAILURE,
    KIND_BALANCE,
    KIND_UNFIT,
    KIND_ROLE,
    KIND_PROBE,
    KIND_TUNNEL_START,
    KIND_TLS_VERSION,
    KIND_VERIFY,
    KIND_UNKNOWN_SNI,
    KIND_PLAIN_HTTP,
    KIND_APPROVER,
    KIND_APPROVAL_FOR,
    KIND_INCONCLUSIVE,
    KIND_OVERDUE,
    KIND_STRATEGY,
    KIND_LINT_LEVEL,
    KIND_ON_UNKNOWN,
    KIND_BACKUP,
    KIND_ACTION_KIND,
    KIND_KEY_ALG,
    KIND_ANONYMOUS,
    KIND_API_ROLE,
    KIND_SEVERITY,
    KIND_SIGNAL_ACTION,
    KIND_SIGNAL_OF, /* the last of the words */
    KIND_FILE,      /* char *, NULL while empty: an absolute path */
    KIND_ACCOUNT,   /* the name of a group of users */
    KIND_NAME,      /* the name of a slot */
    KIND_PATH,      /* of a URL */
    KIND_METHOD,
    KIND_AUTHORITY, /* host, or host and port */
    KIND_PRINTABLE, /* visible ASCII */
    KIND_MESSAGE,   /* one line of UTF-8 */
    KIND_TOKEN,     /* the name of a cookie */
    KIND_FIELD_NAME,
    KIND_JSON_PATH,
    KIND_DSN,          /* for libpq */
    KIND_VERSIONS,     /* a word, or a statement */
    KIND_SECRET,       /* visible ASCII that is never shown */
    KIND_HASH,         /* struct config_hash */
    KIND_EVIDENCE_KEY, /* struct config_evidence_key */
    KIND_BIND,         /* struct config_bind */
    KIND_NETS,         /* the lists: struct config_nets and so on */
    KIND_HOSTS,
    KIND_PATHS,
    KIND_NAMES,
    KIND_WORDS, /* lines of UTF-8 */
    KIND_FILES,
    KIND_ALPN,
    KIND_HEADERS,
    KIND_TARGETS,
    KIND_STATUSES,
    KIND_ASSERTIONS, /* about a JSON text, and paths into one: base/assertion.h */
    KIND_JSON_PATHS,
    KIND_SOURCES, /* of a tenant's id */
    KIND_KEYS,    /* of a canary's users */
    KIND_SHARES,
    KIND_REQUEST_RULES, /* "Name: value" */
    KIND_RESPONSE_RULES,
    KIND_REQUEST_NAMES, /* of header fields */
    KIND_RESPONSE_NAMES,
    KIND_STATEMENTS, /* "NAME: SELECT …" */
};

#endif
