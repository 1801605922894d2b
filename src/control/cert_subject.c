/* See cert_subject_priv.h. identity.c calls it. */
#include "control/cert_subject_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "config/config_api.h"
#include "control/actor_word_priv.h"

/* WORD_MAX: of the subject in an actor, of which a change keeps 52 letters in all (call.c). */
enum { SHA256_SIZE = 65, WORD_MAX = 27, SHA256_SHOWN = 12 };

struct cert_subject {
    char *dn;                 /* NULL: any */
    char sha256[SHA256_SIZE]; /* lower case, without colons; "": any */
    enum level level;
    char scope[PEER_SCOPE_MAX];
};

struct cert_subjects {
    struct cert_subject *items;
    size_t count;
};

static enum level level_of(enum config_api_role role)
{
    switch (role) {
    case CONFIG_API_VIEWER: return LEVEL_USER;
    case CONFIG_API_DEPLOYER: return LEVEL_DEPLOYER;
    case CONFIG_API_OPERATOR: return LEVEL_OPERATOR;
    case CONFIG_API_ADMIN: return LEVEL_ADMIN;
    }
    return LEVEL_NONE;
}

static void copy_digits(const char *from, char out[SHA256_SIZE])
{
    size_t len = 0;

    for (; *from != '\0' && len + 1 < SHA256_SIZE; from++)
        if (*from != ':')
            out[len++] = (char)tolower((unsigned char)*from);
    out[len] = '\0';
}

static void take(const struct config_api_subject *from, struct cert_subject *out)
{
    out->dn = from->dn != NULL ? mem_text(from->dn) : NULL;
    if (from->sha256 != NULL)
        copy_digits(from->sha256, out->sha256);
    out->level = level_of(from->role);
    for (size_t i = 0; i < from->services.count; i++)
        if (peer_scope_add(out->scope, slice_from(from->services.items[i])) < 0)
            return; /* no more fit: what is left out cannot be changed */
}

struct cert_subjects *cert_subjects_new(const struct config_api *config)
{
    struct cert_subjects *subjects = mem_zalloc(sizeof *subjects);

    subjects->count = config->subject_count;
    subjects->items = mem_zalloc((subjects->count + 1) * sizeof *subjects->items);
    for (size_t i = 0; i < subjects->count; i++)
        take(&config->subjects[i], &subjects->items[i]);
    return subjects;
}

void cert_subjects_free(struct cert_subjects *subjects)
{
    if (subjects == NULL)
        return;
    for (size_t i = 0; i < subjects->count; i++)
        free(subjects->items[i].dn);
    free(subjects->items);
    free(subjects);
}

static bool fits(const struct cert_subject *subject, const struct cert_name *name)
{
    bool is_any = subject->dn == NULL && subject->sha256[0] == '\0'; /* the loader refuses it */

    return !is_any && (subject->dn == NULL || strcmp(subject->dn, name->dn) == 0) &&
           (subject->sha256[0] == '\0' || strcmp(subject->sha256, name->sha256) == 0);
}

static const struct cert_subject *find(const struct cert_subjects *subjects,
                                       const struct cert_name *name)
{
    const struct cert_subject *by_dn = NULL;

    for (size_t i = 0; i < subjects->count; i++) {
        const struct cert_subject *subject = &subjects->items[i];

        if (!fits(subject, name))
            continue;
        if (subject->sha256[0] != '\0')
            return subject;
        if (by_dn == NULL)
            by_dn = subject;
    }
    return by_dn;
}

bool cert_subjects_find(const struct cert_subjects *subjects, const struct cert_name *name,
                        struct peer *out)
{
    const struct cert_subject *subject = find(subjects, name);
    char word[ACTOR_WORD_MAX + 1];

    *out = (struct peer){ .uid = (uid_t)-1, .gid = (gid_t)-1, .level = LEVEL_NONE };
    actor_word(name->dn, WORD_MAX, "", word);
    snprintf(out->actor, sizeof out->actor, "cert=%s sha256=%.*s", word, SHA256_SHOWN,
             name->sha256);
    if (subject == NULL)
        return false;
    out->level = subject->level;
    snprintf(out->scope, sizeof out->scope, "%s", subject->scope);
    return true;
}
