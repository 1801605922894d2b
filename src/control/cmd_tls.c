/* The certificates of the listeners: see cmd_tls_priv.h. */
#include "control/cmd_tls_priv.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "control/json_priv.h"
#include "control/sheet_priv.h"
#include "net/tls_crl.h"
#include "net/tls_keeper.h"

enum { DAY_S = 86400, NAMES_BYTES = 1 << 20 };

static const struct sheet_column columns[] = {
    { "listener", "LISTENER", SHEET_TEXT },
    { "names", "NAMES", SHEET_TEXT },
    { "key", "KEY", SHEET_TEXT },
    { "not_after", "NOT AFTER", SHEET_TEXT },
    { "days_left", "DAYS LEFT", SHEET_NUMBER },
    { "default", "DEFAULT", SHEET_BOOL },
    { "file", "FILE", SHEET_TEXT },
    { "sha256", "SHA-256", SHEET_TEXT },
};

static void add_names(struct sheet *sheet, const struct tls_cert_view *cert)
{
    struct text names;

    text_init(&names, NAMES_BYTES);
    for (size_t i = 0; i < cert->name_count; i++)
        text_add_format(&names, "%s%s", i > 0 ? " " : "", cert->names[i]);
    sheet_add_text(sheet, names.bytes);
    text_fini(&names);
}

static void add_certificate(void *arg, const char *listener, const struct tls_cert_view *cert)
{
    struct sheet *sheet = arg;
    int64_t left_s = cert->not_after_s - (int64_t)time(NULL);
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp((uint64_t)cert->not_after_s * 1000000u, stamp);
    sheet_add_text(sheet, listener);
    add_names(sheet, cert);
    sheet_add_text(sheet, cert->kind);
    sheet_add_text(sheet, stamp);
    sheet_add_u64(sheet, left_s > 0 ? (uint64_t)left_s / DAY_S : 0);
    sheet_add_bool(sheet, cert->is_default);
    sheet_add_text(sheet, cert->file);
    sheet_add_text(sheet, cert->fingerprint);
}

static const struct sheet_column crl_columns[] = {
    { "used_by", "REVOKED FOR", SHEET_TEXT }, { "issuer", "ISSUER", SHEET_TEXT },
    { "revoked", "REVOKED", SHEET_NUMBER },   { "not_before", "NOT BEFORE", SHEET_TEXT },
    { "not_after", "NEXT DUE", SHEET_TEXT },  { "is_over", "ENDED", SHEET_BOOL },
    { "file", "FILE", SHEET_TEXT },
};

static void add_crl(void *arg, const char *used_by, const struct tls_crl_view *crl)
{
    struct sheet *sheet = arg;
    char from[CLOCK_STAMP_SIZE];
    char until[CLOCK_STAMP_SIZE] = "";

    clock_stamp((uint64_t)crl->not_before_s * 1000000u, from);
    if (crl->not_after_s != 0)
        clock_stamp((uint64_t)crl->not_after_s * 1000000u, until);
    sheet_add_text(sheet, used_by);
    sheet_add_text(sheet, crl->issuer);
    sheet_add_u64(sheet, crl->revoked);
    sheet_add_text(sheet, from);
    sheet_add_text(sheet, until);
    sheet_add_bool(sheet, crl->not_after_s != 0 && crl->not_after_s <= (int64_t)time(NULL));
    sheet_add_text(sheet, crl->file);
}

/* Lists of revoked certificates, those of targets as well; most have none. */
static void list_crls(struct call *call)
{
    struct sheet *sheet = sheet_new(crl_columns, sizeof crl_columns / sizeof crl_columns[0]);

    if (call->room->tls_crls != NULL)
        call->room->tls_crls(call->room->arg, add_crl, sheet);
    if (sheet_row_count(sheet) > 0)
        sheet_print(sheet, &call->reply.text);
    json_add(reply_result(&call->reply), "crls", sheet_json(sheet));
    sheet_free(sheet);
}

enum call_step cmd_tls_list(struct call *call)
{
    struct sheet *sheet = sheet_new(columns, sizeof columns / sizeof columns[0]);

    if (call->room->tls_list != NULL)
        call->room->tls_list(call->room->arg, add_certificate, sheet);
    if (sheet_row_count(sheet) > 0)
        sheet_print(sheet, &call->reply.text);
    else
        text_add(&call->reply.text, "no listener has tls\n");
    json_add(reply_result(&call->reply), "certificates", sheet_json(sheet));
    sheet_free(sheet);
    list_crls(call);
    return CALL_DONE;
}

enum call_step cmd_tls_reload(struct call *call)
{
    char words[1024] = "no listener has tls";
    int err = ERR_OK;

    if (call->room->tls_reload != NULL)
        err = call->room->tls_reload(call->room->arg, words, sizeof words);
    if (err == ERR_OK) {
        LOG_INFO("tls_reload", "actor=\"%s\" %s", call->peer.actor, words);
        text_add_format(&call->reply.text, "%s\n", words);
    } else {
        LOG_WARN("tls_reload", "actor=\"%s\" refused, nothing changed: %s", call->peer.actor,
                 words);
        reply_fail(&call->reply, OUTCOME_REFUSED, FAULT_CONFIG_BAD, "nothing was changed: %s",
                   words);
    }
    return CALL_DONE;
}
