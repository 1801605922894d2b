/* See option_choice_priv.h. */
#include "config/option_choice_priv.h"

#include "base/err.h"
#include "config/config.h"
#include "config/option_value_priv.h"

static const char *const level_words[] = { [LOG_LEVEL_ERROR] = "error",
                                           [LOG_LEVEL_WARN] = "warn",
                                           [LOG_LEVEL_INFO] = "info",
                                           [LOG_LEVEL_DEBUG] = "debug",
                                           NULL };
static const char *const format_words[] = {
    [CONFIG_LOG_JSON] = "json", [CONFIG_LOG_COMBINED] = "combined", NULL
};
static const char *const audit_failure_words[] = {
    [CONFIG_AUDIT_REFUSE] = "refuse", [CONFIG_AUDIT_CONTINUE] = "continue", NULL
};
static const char *const balance_words[] = { [CONFIG_BALANCE_ROUND_ROBIN] = "round-robin",
                                             [CONFIG_BALANCE_LEAST_REQUESTS] = "least-requests",
                                             [CONFIG_BALANCE_RANDOM] = "random",
                                             [CONFIG_BALANCE_HASH] = "hash",
                                             NULL };
static const char *const unfit_words[] = {
    [CONFIG_UNFIT_TRY] = "try", [CONFIG_UNFIT_REFUSE] = "refuse", NULL
};
static const char *const role_words[] = {
    [CONFIG_ROLE_NONE] = "none", [CONFIG_ROLE_STAGING] = "staging", [CONFIG_ROLE_OFF] = "off", NULL
};
static const char *const probe_words[] = {
    [CONFIG_PROBE_HTTP] = "http", [CONFIG_PROBE_TCP] = "tcp", NULL
};
static const char *const tunnel_start_words[] = {
    [CONFIG_TUNNELS_LATE] = "late", [CONFIG_TUNNELS_NOW] = "now", NULL
};
static const char *const approver_words[] = {
    [CONFIG_APPROVER_OPERATOR] = "operator", [CONFIG_APPROVER_ADMIN] = "admin", NULL
};
static const char *const approval_for_words[] = {
    [CONFIG_APPROVAL_START] = "start", [CONFIG_APPROVAL_CUTOVER] = "cutover", NULL
};
static const char *const inconclusive_words[] = { [CONFIG_INCONCLUSIVE_HOLD] = "hold",
                                                  [CONFIG_INCONCLUSIVE_ADVANCE] = "advance",
                                                  [CONFIG_INCONCLUSIVE_ABORT] = "abort",
                                                  NULL };
static const char *const overdue_words[] = {
    [CONFIG_OVERDUE_HOLD] = "hold", [CONFIG_OVERDUE_ABORT] = "abort", NULL
};
static const char *const action_kind_words[] = { [CONFIG_ACTION_DEPLOY] = "deploy",
                                                 [CONFIG_ACTION_APPLY] = "apply",
                                                 [CONFIG_ACTION_FIX] = "fix",
                                                 [CONFIG_ACTION_TEST] = "test",
                                                 NULL };
static const char *const key_alg_words[] = { [CONFIG_ALG_HS256] = "HS256",
                                             [CONFIG_ALG_RS256] = "RS256",
                                             [CONFIG_ALG_ES256] = "ES256",
                                             [CONFIG_ALG_EDDSA] = "EdDSA",
                                             NULL };
static const char *const anonymous_words[] = { [CONFIG_ANONYMOUS_LOCAL] = "local",
                                               [CONFIG_ANONYMOUS_VIEWER] = "viewer",
                                               [CONFIG_ANONYMOUS_NONE] = "none",
                                               NULL };
static const char *const api_role_words[] = { [CONFIG_API_VIEWER] = "viewer",
                                              [CONFIG_API_DEPLOYER] = "deployer",
                                              [CONFIG_API_OPERATOR] = "operator",
                                              [CONFIG_API_ADMIN] = "admin",
                                              NULL };
static const char *const signal_action_words[] = { [CONFIG_SIGNAL_ALERT] = "alert",
                                                   [CONFIG_SIGNAL_ROLLBACK] = "rollback",
                                                   [CONFIG_SIGNAL_HOLD] = "hold",
                                                   NULL };
static const char *const signal_of_words[] = {
    [CONFIG_SIGNAL_OF_SERVICE] = "service", [CONFIG_SIGNAL_OF_CANDIDATE] = "candidate", NULL
};
static const char *const severity_words[] = { [CONFIG_SEVERITY_INFO] = "info",
                                              [CONFIG_SEVERITY_WARN] = "warn",
                                              [CONFIG_SEVERITY_CRITICAL] = "critical",
                                              NULL };
static const char *const strategy_words[] = {
    [CONFIG_STRATEGY_SHARED] = "shared", [CONFIG_STRATEGY_PARALLEL] = "parallel", NULL
};
static const char *const lint_level_words[] = { [CONFIG_LINT_LOW] = "low",
                                                [CONFIG_LINT_MEDIUM] = "medium",
                                                [CONFIG_LINT_HIGH] = "high",
                                                [CONFIG_LINT_CRITICAL] = "critical",
                                                NULL };
static const char *const on_unknown_words[] = {
    [CONFIG_UNKNOWN_REFUSE] = "refuse", [CONFIG_UNKNOWN_ALLOW] = "allow", NULL
};
static const char *const backup_words[] = {
    [CONFIG_BACKUP_LOGICAL] = "logical", [CONFIG_BACKUP_PHYSICAL] = "physical", NULL
};
static const char *const version_words[] = {
    [CONFIG_TLS_12] = "1.2", [CONFIG_TLS_13] = "1.3", NULL
};
static const char *const verify_words[] = { [CONFIG_VERIFY_OFF] = "off",
                                            [CONFIG_VERIFY_OPTIONAL] = "optional",
                                            [CONFIG_VERIFY_REQUIRED] = "required",
                                            NULL };
static const char *const unknown_words[] = {
    [CONFIG_SNI_DEFAULT] = "default", [CONFIG_SNI_REFUSE] = "refuse", NULL
};
static const char *const plain_words[] = {
    [CONFIG_PLAIN_PAGE] = "page", [CONFIG_PLAIN_CLOSE] = "close", NULL
};
static const char *const bool_words[] = { "false", "true", NULL };

static const char *const *const choices[] = {
    [KIND_BOOL] = bool_words,
    [KIND_LEVEL] = level_words,
    [KIND_FORMAT] = format_words,
    [KIND_AUDIT_FAILURE] = audit_failure_words,
    [KIND_BALANCE] = balance_words,
    [KIND_UNFIT] = unfit_words,
    [KIND_ROLE] = role_words,
    [KIND_PROBE] = probe_words,
    [KIND_TUNNEL_START] = tunnel_start_words,
    [KIND_TLS_VERSION] = version_words,
    [KIND_VERIFY] = verify_words,
    [KIND_UNKNOWN_SNI] = unknown_words,
    [KIND_PLAIN_HTTP] = plain_words,
    [KIND_APPROVER] = approver_words,
    [KIND_APPROVAL_FOR] = approval_for_words,
    [KIND_INCONCLUSIVE] = inconclusive_words,
    [KIND_OVERDUE] = overdue_words,
    [KIND_STRATEGY] = strategy_words,
    [KIND_LINT_LEVEL] = lint_level_words,
    [KIND_ON_UNKNOWN] = on_unknown_words,
    [KIND_BACKUP] = backup_words,
    [KIND_ACTION_KIND] = action_kind_words,
    [KIND_KEY_ALG] = key_alg_words,
    [KIND_ANONYMOUS] = anonymous_words,
    [KIND_API_ROLE] = api_role_words,
    [KIND_SEVERITY] = severity_words,
    [KIND_SIGNAL_ACTION] = signal_action_words,
    [KIND_SIGNAL_OF] = signal_of_words,
};

const char *const *option_choice_words(enum option_kind kind)
{
    return kind < sizeof choices / sizeof choices[0] ? choices[kind] : NULL;
}

bool option_value_choices(enum option_kind kind, struct text *out)
{
    const char *const *words = option_choice_words(kind);

    if (words == NULL)
        return false;
    for (size_t i = 0; words[i] != NULL; i++)
        text_add_format(out, "%s%s", i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ", words[i]);
    return true;
}

/* All enums of the tree are stored as unsigned int; a bool is a byte. */
int option_choice_parse(const struct option_row *row, struct slice text, void *field,
                        struct text *why)
{
    const char *const *words = option_choice_words(row->kind);
    const char *near = NULL;

    for (unsigned i = 0; words[i] != NULL; i++) {
        if (slice_is_equal(text, slice_from(words[i]))) {
            if (row->kind == KIND_BOOL)
                *(bool *)field = i != 0;
            else
                *(unsigned *)field = i;
            return ERR_OK;
        }
        if (option_table_distance(text, slice_from(words[i])) <= 2)
            near = words[i];
    }
    text_add_format(why, "'%s' is not one of ", text.ptr);
    option_value_choices(row->kind, why);
    if (near != NULL && row->kind != KIND_BOOL)
        text_add_format(why, "; did you mean '%s'?", near);
    return ERR_INVALID;
}
