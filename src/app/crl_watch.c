/* What the log says of lists of revoked certificates: see crl_watch.h. */
#include "app/crl_watch.h"

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "net/tls_crl.h"

enum { DAY_S = 86400, DAY_BYTES = 24 };

static void print_day(int64_t when_s, char *out)
{
    time_t when = (time_t)when_s;
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&when, &tm) != NULL)
        (void)strftime(out, DAY_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Those that have ended are said now, and the next time is found. */
static void warn(struct crl_watch *watch, const char *of, const struct tls_crls *crls)
{
    int64_t now_s = (int64_t)time(NULL);

    watch->next_s = 0;
    for (size_t i = 0; i < tls_crls_count(crls); i++) {
        struct tls_crl_view crl;
        char end[DAY_BYTES];
        int64_t next_s = 0;

        tls_crls_view(crls, i, &crl);
        if (crl.not_after_s == 0)
            continue;
        print_day(crl.not_after_s, end);
        next_s = crl.not_after_s > now_s ? crl.not_after_s : now_s + DAY_S;
        if (watch->next_s == 0 || next_s < watch->next_s)
            watch->next_s = next_s;
        if (crl.not_after_s <= now_s)
            LOG_WARN("tls_crl",
                     "%s file=%s issuer=\"%s\" ended=%s: certificates of this authority are "
                     "refused until there is a newer list",
                     of, crl.file, crl.issuer, end);
    }
}

void crl_watch_begin(struct crl_watch *watch, const char *of, const struct tls_crls *crls)
{
    for (size_t i = 0; i < tls_crls_count(crls); i++) {
        struct tls_crl_view crl;
        char end[DAY_BYTES];

        tls_crls_view(crls, i, &crl);
        print_day(crl.not_after_s, end);
        LOG_INFO("tls_crl", "%s file=%s issuer=\"%s\" revoked=%zu next=%s", of, crl.file,
                 crl.issuer, crl.revoked, crl.not_after_s != 0 ? end : "never");
    }
    warn(watch, of, crls);
}

void crl_watch_words(const char *of, const struct tls_crls *crls, char *words, unsigned words_size)
{
    words[0] = '\0';
    for (size_t i = 0; i < tls_crls_count(crls) && words[0] == '\0'; i++) {
        struct tls_crl_view crl;
        char end[DAY_BYTES];

        tls_crls_view(crls, i, &crl);
        if (crl.not_after_s == 0 || crl.not_after_s > (int64_t)time(NULL))
            continue;
        print_day(crl.not_after_s, end);
        snprintf(words, words_size,
                 "warning: %s: the list of %s in %s has ended on %s: its certificates are refused "
                 "until there is a newer one",
                 of, crl.issuer, crl.file, end);
    }
}

void crl_watch_tick(struct crl_watch *watch, const char *of, const struct tls_crls *crls)
{
    if (watch->next_s != 0 && (int64_t)time(NULL) >= watch->next_s)
        warn(watch, of, crls);
}
