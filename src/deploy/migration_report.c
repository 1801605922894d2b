/* See migration_report_priv.h. Called by migration_watch.c. */
#include "deploy/migration_report_priv.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "store/schema_range.h"

enum { NAME_SIZE = 128, WORDS_SIZE = 200, RULE_SIZE = 64, LEVELS = 4 };

static const struct strict_json_limits report_limits = {
    .bytes = (size_t)8 << 20,
    .depth = 16,
    .items = 1000000,
};

/* One that is not simply applied. */
struct migration_file {
    char name[NAME_SIZE];   /* without its folders */
    char state[24];         /* "pending" … */
    char words[WORDS_SIZE]; /* why it is in that state */
    char class[24];         /* from here on "" and 0 for what was not judged */
    unsigned level;
    char contract_after[SCHEMA_VERSION_MAX];
    uint64_t line; /* of the worst finding; 0: there is none */
    char rule[RULE_SIZE];
    char message[WORDS_SIZE];
    char instead[120];
};

struct migration_report {
    struct migration_file *files;
    size_t count;
    size_t pending;
};

static const char *const level_names[LEVELS] = { "low", "medium", "high", "critical" };

/* Cut where it is too long; not there: "". */
static void take_text(const cJSON *object, const char *name, char *out, size_t size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    snprintf(out, size, "%s", text != NULL ? text : "");
}

static bool find_level(const char *name, unsigned *out)
{
    for (unsigned i = 0; i < LEVELS; i++)
        if (strcmp(name, level_names[i]) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static void take_worst(const cJSON *worst, struct migration_file *out)
{
    if (worst == NULL)
        return;
    take_text(worst, "rule", out->rule, sizeof out->rule);
    take_text(worst, "message", out->message, sizeof out->message);
    take_text(worst, "instead", out->instead, sizeof out->instead);
    out->instead[strcspn(out->instead, "\n")] = '\0';
    if (strict_json_u64(worst, "line", UINT32_MAX, &out->line) != 0)
        out->line = 0;
}

static bool is_pending(const struct migration_file *file)
{
    return strcmp(file->state, "pending") == 0 || strcmp(file->state, "out-of-order") == 0;
}

/* False: what is pending has to have a class and a level. */
static bool take_file(const cJSON *from, struct migration_file *out)
{
    char path[4096];
    char level[24];
    const char *name = NULL;

    take_text(from, "path", path, sizeof path);
    name = strrchr(path, '/');
    if (name != NULL && strcmp(name, "/migration.sql") == 0) { /* of Prisma: the folder names it */
        const char *folder = memrchr(path, '/', (size_t)(name - path));

        name = folder != NULL ? folder : path;
    }
    snprintf(out->name, sizeof out->name, "%.120s",
             name != NULL && name[0] == '/' ? name + 1 : path);
    take_text(from, "state", out->state, sizeof out->state);
    take_text(from, "words", out->words, sizeof out->words);
    take_text(from, "class", out->class, sizeof out->class);
    take_text(from, "level", level, sizeof level);
    take_text(from, "contract_after", out->contract_after, sizeof out->contract_after);
    take_worst(strict_json_object(from, "worst"), out);
    if (out->name[0] == '\0' || out->state[0] == '\0')
        return false;
    return !is_pending(out) || (out->class[0] != '\0' && find_level(level, &out->level));
}

static bool is_quiet(const struct migration_file *file)
{
    return strcmp(file->state, "applied") == 0 || strcmp(file->state, "ignored") == 0;
}

static int take_files(const cJSON *files, struct migration_report *report)
{
    const cJSON *from = NULL;

    cJSON_ArrayForEach(from, files)
    {
        struct migration_file *out = &report->files[report->count];

        *out = (struct migration_file){ 0 };
        if (!take_file(from, out))
            return ERR_INVALID;
        if (is_quiet(out))
            continue;
        report->pending += is_pending(out);
        report->count++;
    }
    return 0;
}

int migration_report_parse(struct slice bytes, struct migration_report **out, char *words,
                           size_t words_size)
{
    struct migration_report *report = NULL;
    const cJSON *files = NULL;
    const char *why = "it has no list of files, or one without state, class or level";
    cJSON *tree = NULL;
    int err = strict_json_parse(bytes, &report_limits, &tree, &why);

    if (err == 0) {
        files = strict_json_array(tree, "files");
        report = mem_zalloc(sizeof *report);
        report->files = mem_zalloc(((size_t)cJSON_GetArraySize(files) + 1) * sizeof *report->files);
        err = files != NULL ? take_files(files, report) : ERR_INVALID;
        if (err != 0)
            why = "it has no list of files, or one without state, class or level";
    }
    cJSON_Delete(tree);
    if (err == 0) {
        *out = report;
        return 0;
    }
    migration_report_free(report);
    snprintf(words, words_size, "what db plan said is not understood: %s", why);
    return ERR_INVALID;
}

void migration_report_free(struct migration_report *report)
{
    if (report == NULL)
        return;
    free(report->files);
    free(report);
}

/* --- the judgement --- */

static void fail(struct word_finding *out, const char *words, const char *remedy)
{
    out->answer = WORD_FAIL;
    snprintf(out->words, sizeof out->words, "%s", words);
    snprintf(out->remedy, sizeof out->remedy, "%s", remedy);
}

/* A slot that does not run that version yet; NULL: all do. */
static const struct config_slot *find_older(const struct config_service *service, const char *after)
{
    for (size_t i = 0; i < service->slot_count; i++) {
        const char *version = service->slots[i].version;

        if (version == NULL || !schema_version_is_valid(version) ||
            schema_version_compare(version, after) < 0)
            return &service->slots[i];
    }
    return NULL;
}

static bool stops_by_state(const struct migration_file *file, struct word_finding *out)
{
    char words[384];

    if (is_pending(file))
        return false;
    snprintf(words, sizeof words, "%s: %s%s%s", file->name, file->state,
             file->words[0] != '\0' ? ": " : "", file->words);
    fail(out, words, "put the history in order; switchctl db plan shows all of it");
    return true;
}

static bool stops_by_contract(const struct migration_file *file,
                              const struct config_service *service, struct word_finding *out)
{
    const struct config_slot *older =
        file->contract_after[0] != '\0' ? find_older(service, file->contract_after) : NULL;
    char words[384];

    if (older == NULL)
        return false;
    snprintf(words, sizeof words, "%s is for when every slot runs %s, %s runs %s", file->name,
             file->contract_after, older->name,
             older->version != NULL ? older->version : "nobody knows what");
    fail(out, words, "deliver it after that, behind a newer release in that slot");
    return true;
}

static bool stops_by_content(const struct migration_file *file,
                             const struct config_service *service, struct word_finding *out)
{
    bool is_breaking =
        strcmp(file->class, "breaks-rollback") == 0 || strcmp(file->class, "invalid") == 0;
    unsigned most = (unsigned)service->schema.lint_max_level;
    char words[384];
    char remedy[192];

    if (!is_breaking && file->level <= most)
        return false;
    snprintf(words, sizeof words, "%s:%u: %s, %s%s%s%s%s%s", file->name, (unsigned)file->line,
             file->class, level_names[file->level], is_breaking ? "" : " where at most ",
             is_breaking ? "" : level_names[most], is_breaking ? "" : " is allowed",
             file->rule[0] != '\0' ? ", " : "", file->rule);
    if (file->message[0] != '\0')
        snprintf(words + strlen(words), sizeof words - strlen(words), ": %s", file->message);
    snprintf(remedy, sizeof remedy, "%s%s", file->instead[0] != '\0' ? "instead: " : "",
             file->instead[0] != '\0' ? file->instead : "switchctl db plan shows all of it");
    fail(out, words, remedy);
    return true;
}

void migration_report_judge(const struct migration_report *report,
                            const struct config_service *service, const char *database,
                            struct word_finding *out)
{
    struct word_finding other = { 0 };
    size_t stops = 0;

    *out = (struct word_finding){ .is_asked = true, .answer = WORD_PASS };
    for (size_t i = 0; i < report->count; i++) {
        const struct migration_file *file = &report->files[i];
        struct word_finding *into = stops == 0 ? out : &other;

        stops += stops_by_state(file, into) || stops_by_contract(file, service, into) ||
                 stops_by_content(file, service, into);
    }
    if (stops > 1)
        snprintf(out->words + strlen(out->words), sizeof out->words - strlen(out->words),
                 "; and %zu more", stops - 1);
    if (stops > 0)
        return;
    if (report->pending == 0)
        snprintf(out->words, sizeof out->words, "database %s has all of its migrations", database);
    else
        snprintf(out->words, sizeof out->words,
                 "%zu migrations of database %s are pending, none above %s", report->pending,
                 database, level_names[service->schema.lint_max_level]);
}
