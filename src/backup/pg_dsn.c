/* See pg_dsn_priv.h. */
#include "backup/pg_dsn_priv.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/slice.h"
#include "base/text.h"

enum { DSN_MAX = 16384 };

static bool is_uri(const char *dsn)
{
    return strncmp(dsn, "postgresql://", 13) == 0 || strncmp(dsn, "postgres://", 11) == 0;
}

/* What a URI cannot hold as it is. */
static void add_escaped(struct text *out, const char *name)
{
    for (; *name != '\0'; name++)
        if (isalnum((unsigned char)*name) || *name == '_' || *name == '-' || *name == '.')
            text_add_slice(out, slice_of(name, 1));
        else
            text_add_format(out, "%%%02X", (unsigned)(unsigned char)*name);
}

static void add_quoted(struct text *out, const char *name)
{
    text_add(out, "'");
    for (; *name != '\0'; name++) {
        if (*name == '\'' || *name == '\\')
            text_add(out, "\\");
        text_add_slice(out, slice_of(name, 1));
    }
    text_add(out, "'");
}

char *pg_dsn_with_database(const char *dsn, const char *name)
{
    struct text out;

    text_init(&out, DSN_MAX);
    text_add(&out, dsn);
    if (is_uri(dsn)) { /* the last one counts */
        text_add(&out, strchr(dsn, '?') != NULL ? "&dbname=" : "?dbname=");
        add_escaped(&out, name);
    } else {
        text_add(&out, " dbname=");
        add_quoted(&out, name);
    }
    return text_take(&out);
}

char *pg_dsn_with_socket(const char *dsn, const char *folder, unsigned port)
{
    /* What a socket without a password cannot give must not be asked for. */
    static const char *const fixed[] = { "sslmode=disable", "gssencmode=disable",
                                         "channel_binding=prefer", "target_session_attrs=any" };
    bool is_keys = !is_uri(dsn);
    struct text out;

    text_init(&out, DSN_MAX);
    text_add(&out, dsn);
    text_add(&out, is_keys ? " host=" : strchr(dsn, '?') != NULL ? "&host=" : "?host=");
    if (is_keys)
        add_quoted(&out, folder);
    else
        add_escaped(&out, folder);
    text_add_format(&out, "%sport=%u%shostaddr=%s", is_keys ? " " : "&", port, is_keys ? " " : "&",
                    is_keys ? "''" : "");
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        text_add_format(&out, "%s%s", is_keys ? " " : "&", fixed[i]);
    return text_take(&out);
}

/* user:secret@ before the first slash of what follows the scheme. */
static bool has_user_secret(const char *dsn)
{
    const char *start = strstr(dsn, "://") + 3;
    size_t len = strcspn(start, "/?");
    const char *at = memchr(start, '@', len);

    return at != NULL && memchr(start, ':', (size_t)(at - start)) != NULL;
}

bool pg_dsn_has_password(const char *dsn)
{
    static const char word[] = "password";

    if (is_uri(dsn) && has_user_secret(dsn))
        return true;
    for (const char *at = dsn; (at = strcasestr(at, word)) != NULL; at += sizeof word - 1) {
        const char *next = at + sizeof word - 1;

        if (at > dsn && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))
            continue;
        while (*next == ' ')
            next++;
        if (*next == '=')
            return true;
    }
    return false;
}

char *pg_dsn_quote_name(const char *name)
{
    struct text out;

    text_init(&out, DSN_MAX);
    text_add(&out, "\"");
    for (; *name != '\0'; name++)
        text_add(&out, *name == '"' ? "\"\"" : (const char[]){ *name, '\0' });
    text_add(&out, "\"");
    return text_take(&out);
}
