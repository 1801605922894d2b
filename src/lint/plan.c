/* See plan_priv.h. */
#include "lint/plan_priv.h"

#include <libpq-fe.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "lint/catalog_priv.h"
#include "lint/gather_priv.h"
#include "lint/migration_name_priv.h"
#include "lint/server_priv.h"

enum { WORK_MAX = 64 << 20 };

const char *plan_state_name(enum plan_state state)
{
    static const char *const names[] = {
        [PLAN_PENDING] = "pending",     [PLAN_APPLIED] = "applied",
        [PLAN_CHANGED] = "changed",     [PLAN_OUT_OF_ORDER] = "out-of-order",
        [PLAN_DUPLICATE] = "duplicate", [PLAN_FAILED] = "failed",
        [PLAN_IGNORED] = "ignored",     [PLAN_UNREADABLE] = "unreadable",
    };

    return names[state];
}

const char *plan_confirmation(enum lint_level level)
{
    switch (level) {
    case LINT_LOW: return "none";
    case LINT_MEDIUM: return "--yes";
    case LINT_HIGH: return "token";
    case LINT_CRITICAL: return "token and a second person";
    case LINT_LEVELS: break;
    }
    return "";
}

/* --- which of them are applied --- */

/* "20240101120000_init" of Prisma, "1.2", "V1_2": the number in front. */
static bool read_version(const char *text, struct version *out)
{
    size_t skipped = text[0] == 'v' || text[0] == 'V';
    size_t len = strspn(text + skipped, "0123456789._");

    while (len > 0 && (text[skipped + len - 1] == '_' || text[skipped + len - 1] == '.'))
        len--;
    return migration_name_parse_version(slice_of(text + skipped, len), out);
}

static bool is_version_of(const struct applied_version *applied, const struct lint_file *file)
{
    struct version left;
    struct version right;

    if (file->version[0] == '\0') /* as apply records what has none */
        return file->sha256[0] != '\0' && strncmp(applied->version, "emergency-", 10) == 0 &&
               strncmp(applied->version + 10, file->sha256, 12) == 0;
    if (strcmp(applied->version, file->version) == 0)
        return true;
    return read_version(applied->version, &left) && read_version(file->version, &right) &&
           migration_name_compare_versions(&left, &right) == 0;
}

static const struct applied_version *find_applied(const struct plan *plan,
                                                  const struct lint_file *file)
{
    for (size_t i = 0; i < plan->facts.version_count; i++)
        if (is_version_of(&plan->facts.versions[i], file))
            return &plan->facts.versions[i];
    return NULL;
}

/* The source's table keeps the last version only: whatever is below it was applied too. */
static bool is_below_source(const struct plan *plan, const struct version *version)
{
    for (size_t i = 0; i < plan->facts.version_count; i++) {
        const struct applied_version *at = &plan->facts.versions[i];
        struct version last;

        if (strcmp(at->source, "source") == 0 && read_version(at->version, &last) &&
            migration_name_compare_versions(version, &last) < 0)
            return true;
    }
    return false;
}

static const char *find_higher(const struct plan *plan, const struct version *version)
{
    for (size_t i = 0; i < plan->facts.version_count; i++) {
        struct version other;

        if (plan->facts.versions[i].state[0] == '\0' &&
            read_version(plan->facts.versions[i].version, &other) &&
            migration_name_compare_versions(&other, version) > 0)
            return plan->facts.versions[i].version;
    }
    return NULL;
}

static const struct plan_file *find_twin(const struct plan *plan, const struct lint_file *file)
{
    struct version mine;

    if (file->kind != LINT_VERSIONED || !read_version(file->version, &mine))
        return NULL;
    for (size_t i = 0; i < plan->count; i++) {
        struct version other;

        if (plan->files[i].file->kind == LINT_VERSIONED &&
            read_version(plan->files[i].file->version, &other) &&
            migration_name_compare_versions(&mine, &other) == 0)
            return &plan->files[i];
    }
    return NULL;
}

static void judge_applied(struct plan *plan, struct plan_file *at,
                          const struct applied_version *applied)
{
    bool is_ours = strcmp(applied->source, "switchyard") == 0;

    if (applied->state[0] != '\0') { /* an emergency may be tried again */
        at->state = plan->options->is_emergency && is_ours ? PLAN_PENDING : PLAN_FAILED;
        at->words = catalog_format(&plan->arena, "%s %s (%s)", applied->version, applied->state,
                                   applied->source);
    } else if (applied->sha256[0] != '\0' && strcasecmp(applied->sha256, at->file->sha256) != 0) {
        at->state = PLAN_CHANGED;
        at->words = catalog_format(&plan->arena, "it was %.16s... when it was applied (%s)",
                                   applied->sha256, applied->source);
    } else {
        at->state = PLAN_APPLIED;
        at->words = applied->source;
    }
}

static void judge_pending(struct plan *plan, struct plan_file *at)
{
    struct version version;
    const char *higher = NULL;

    if (at->file->kind != LINT_VERSIONED || !read_version(at->file->version, &version))
        return;
    if (is_below_source(plan, &version)) {
        at->state = PLAN_APPLIED;
        at->words = "source";
        return;
    }
    higher = find_higher(plan, &version);
    if (higher == NULL)
        return;
    at->state = PLAN_OUT_OF_ORDER;
    at->words = catalog_format(&plan->arena, "%s is applied already", higher);
}

static void add_file(struct plan *plan, struct lint_file *file)
{
    const struct plan_file *twin = find_twin(plan, file);
    struct plan_file *at = &plan->files[plan->count++];
    const struct applied_version *applied = NULL;

    *at = (struct plan_file){ .file = file, .words = "" };
    gather_read(file, plan->options->lint.input_max_bytes);
    applied = find_applied(plan, file);
    if (file->trouble != LINT_READABLE) {
        at->state = PLAN_UNREADABLE;
        at->words = file->trouble == LINT_TOO_LARGE ? "too large" : strerror(file->error_number);
    } else if (file->kind == LINT_UNDO || file->kind == LINT_BASELINE) {
        at->state = PLAN_IGNORED;
    } else if (twin != NULL) {
        at->state = PLAN_DUPLICATE;
        at->words = catalog_format(&plan->arena, "the version of %s", twin->file->path);
    } else if (applied != NULL) {
        judge_applied(plan, at, applied);
    } else {
        judge_pending(plan, at);
    }
    plan->pending += at->state == PLAN_PENDING || at->state == PLAN_OUT_OF_ORDER;
    plan->is_blocked = plan->is_blocked || at->state == PLAN_CHANGED ||
                       at->state == PLAN_DUPLICATE || at->state == PLAN_FAILED ||
                       at->state == PLAN_UNREADABLE;
}

/* --- the token --- */

static void make_token(struct plan *plan)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned count = 0;
    struct text work;

    text_init(&work, WORK_MAX);
    text_add_format(&work, "epoch %s\n", plan->options->epoch);
    text_add_slice(&work, text_slice(&plan->facts.fingerprint));
    for (size_t i = 0; i < plan->count; i++)
        text_add_format(&work, "%s %s %s\n", plan_state_name(plan->files[i].state),
                        plan->files[i].file->version, plan->files[i].file->sha256);
    CHECK(EVP_Digest(work.bytes, work.len, digest, &count, EVP_sha256(), NULL) == 1);
    for (unsigned i = 0; i < (PLAN_TOKEN_SIZE - 1) / 2; i++)
        snprintf(plan->token + (size_t)2 * i, 3, "%02x", digest[i]);
    text_fini(&work);
}

/* --- the whole --- */

static void judge(struct plan *plan, struct lint_progress *progress)
{
    const struct lint_file *judged = NULL;
    unsigned count = 0;

    plan->judging = plan->options->lint;
    plan->judging.baseline_dsn = plan->options->dsn;
    plan->paths = mem_zalloc((plan->count + 1) * sizeof *plan->paths);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->files[i].state == PLAN_PENDING || plan->files[i].state == PLAN_OUT_OF_ORDER)
            plan->paths[count++] = plan->files[i].file->path;
    plan->judging.paths = plan->paths;
    plan->judging.path_count = count;
    if (count == 0)
        return;
    plan->lint = lint_run(&plan->judging, progress);
    judged = lint_report_of(plan->lint)->files;
    plan->level = lint_report_of(plan->lint)->level;
    for (size_t i = 0; i < plan->count && judged != NULL; i++)
        if (plan->files[i].state == PLAN_PENDING || plan->files[i].state == PLAN_OUT_OF_ORDER) {
            plan->files[i].judged = judged;
            judged = judged->next;
        }
}

static int learn(struct plan *plan, struct text *words)
{
    PGconn *server = server_open(plan->options->dsn, NULL, words);
    int err = ERR_UNREACHABLE;

    if (server == NULL)
        return err;
    err = server_facts_read(server, plan->options->environment, &plan->facts, words);
    if (err == 0 && plan->options->is_emergency && plan->facts.is_standby) {
        text_add_format(words,
                        "%s port %s is a standby that only reads; name the primary in the dsn, or "
                        "several hosts without target_session_attrs\n",
                        PQhost(server), PQport(server));
        err = ERR_DENIED;
    }
    if (err == 0 && plan->options->is_emergency)
        plan->server = server;
    else
        PQfinish(server);
    return err;
}

int plan_make(const struct step_options *options, struct lint_progress *progress, struct plan *out,
              struct text *words)
{
    size_t count = 0;
    int err = 0;

    *out = (struct plan){ .options = options };
    arena_init(&out->arena, NULL, 0, SIZE_MAX);
    err = learn(out, words);
    if (err != 0)
        return err;
    out->found = gather_files(&options->lint, &out->arena);
    for (const struct lint_file *file = out->found; file != NULL; file = file->next)
        count++;
    out->files = mem_zalloc((count + 1) * sizeof *out->files);
    for (struct lint_file *file = out->found; file != NULL; file = file->next)
        add_file(out, file);
    make_token(out);
    judge(out, progress);
    if (out->lint != NULL && lint_trouble_of(out->lint)[0] != '\0') {
        text_add_format(words, "%s\n", lint_trouble_of(out->lint));
        return ERR_IO;
    }
    return 0;
}

void plan_fini(struct plan *plan)
{
    for (struct lint_file *file = plan->found; file != NULL; file = file->next)
        free(file->bytes);
    if (plan->lint != NULL)
        lint_free(plan->lint);
    server_facts_fini(&plan->facts);
    PQfinish(plan->server);
    free(plan->files);
    free(plan->paths);
    arena_reset(&plan->arena);
}

uint64_t plan_rewrite_bytes(const struct plan *plan, const struct lint_file *file)
{
    uint64_t bytes = 0;

    for (const struct lint_statement *at = file->statements; at != NULL; at = at->next)
        for (const struct lint_touch *touch = at->touches; at->is_rewrite && touch != NULL;
             touch = touch->next) {
            const struct table_size *table = server_facts_table(&plan->facts, touch->relation);

            if (table != NULL && !touch->is_new && touch->lock == LINT_LOCK_AE)
                bytes += table->bytes;
        }
    return bytes;
}

int plan_code(const struct plan *plan)
{
    return plan->is_blocked ? 3 : 0;
}
