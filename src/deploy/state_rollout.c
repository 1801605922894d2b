/* See state_rollout_priv.h. What is stored of a struct is one table, for both directions. Pure. */
#include "deploy/state_rollout_priv.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "deploy/decisions_priv.h"

enum { ROLLOUTS_MAX = 100 * 1000 };

void state_book_init(struct state_book *book)
{
    book->last_id = 0;
    TAILQ_INIT(&book->rollouts);
    TAILQ_INIT(&book->consents);
}

void state_book_fini(struct state_book *book)
{
    while (!TAILQ_EMPTY(&book->rollouts))
        state_book_drop(book, TAILQ_FIRST(&book->rollouts));
    while (!TAILQ_EMPTY(&book->consents))
        state_book_drop_consent(book, TAILQ_FIRST(&book->consents));
}

void state_book_copy(struct state_book *to, const struct state_book *from)
{
    const struct state_rollout *rollout = NULL;
    const struct state_consent *consent = NULL;

    to->last_id = from->last_id;
    TAILQ_FOREACH(rollout, &from->rollouts, link)
    {
        struct state_rollout *copy = mem_alloc(sizeof *copy);

        *copy = *rollout;
        TAILQ_INSERT_TAIL(&to->rollouts, copy, link);
    }
    TAILQ_FOREACH(consent, &from->consents, link)
    {
        struct state_consent *copy = mem_alloc(sizeof *copy);

        *copy = *consent;
        TAILQ_INSERT_TAIL(&to->consents, copy, link);
    }
}

void state_book_move(struct state_book *to, struct state_book *from)
{
    to->last_id = from->last_id;
    TAILQ_CONCAT(&to->rollouts, &from->rollouts, link);
    TAILQ_CONCAT(&to->consents, &from->consents, link);
}

struct state_rollout *state_book_find(const struct state_book *book, const char *name)
{
    struct state_rollout *rollout = NULL;

    TAILQ_FOREACH(rollout, &book->rollouts, link)
    if (strcmp(rollout->name, name) == 0)
        return rollout;
    return NULL;
}

struct state_rollout *state_book_add(struct state_book *book, const char *name)
{
    struct state_rollout *rollout = mem_zalloc(sizeof *rollout);

    CHECK(slice_copy(slice_from(name), rollout->name, sizeof rollout->name));
    TAILQ_INSERT_TAIL(&book->rollouts, rollout, link);
    return rollout;
}

void state_book_drop(struct state_book *book, struct state_rollout *rollout)
{
    TAILQ_REMOVE(&book->rollouts, rollout, link);
    free(rollout);
}

struct state_consent *state_book_add_consent(struct state_book *book, const char *name)
{
    struct state_consent *consent = mem_zalloc(sizeof *consent);

    CHECK(slice_copy(slice_from(name), consent->name, sizeof consent->name));
    TAILQ_INSERT_TAIL(&book->consents, consent, link);
    return consent;
}

void state_book_drop_consent(struct state_book *book, struct state_consent *consent)
{
    TAILQ_REMOVE(&book->consents, consent, link);
    free(consent);
}

bool state_book_is_used(const struct decisions *decisions)
{
    for (size_t i = 0; i < decisions->service_count; i++)
        if (decisions->services[i]->confirm.since_wall_us != 0)
            return true;
    return decisions->book.last_id != 0 || !TAILQ_EMPTY(&decisions->book.rollouts) ||
           !TAILQ_EMPTY(&decisions->book.consents);
}

/* NEEDED: a text that is not empty. COUNT: a number that is written when it is not 0. FLAG is written when it is true. */
enum member_kind { MEMBER_NEEDED, MEMBER_TEXT, MEMBER_U64, MEMBER_COUNT, MEMBER_FLAG };

struct member {
    const char *name;
    enum member_kind kind;
    size_t at;
    size_t size;
};

#define MEMBER(of, field, name, kind)                                                              \
    {                                                                                              \
        name, kind, offsetof(of, field), sizeof((of *)0)->field                                    \
    }

#define ROLLOUT(field, name, kind) MEMBER(struct state_rollout, field, name, kind)
static const struct member rollout_members[] = {
    ROLLOUT(id, "id", MEMBER_U64),
    ROLLOUT(from, "from", MEMBER_NEEDED),
    ROLLOUT(to, "to", MEMBER_NEEDED),
    ROLLOUT(version, "version", MEMBER_TEXT),
    ROLLOUT(profile, "profile", MEMBER_NEEDED),
    ROLLOUT(starter, "starter", MEMBER_TEXT),
    ROLLOUT(words, "words", MEMBER_TEXT),
    ROLLOUT(is_paused, "paused", MEMBER_FLAG),
    ROLLOUT(is_final, "final", MEMBER_FLAG),
    ROLLOUT(started_wall_us, "started_us", MEMBER_U64),
    ROLLOUT(entered_wall_us, "entered_us", MEMBER_U64),
    ROLLOUT(ended_wall_us, "ended_us", MEMBER_U64),
    ROLLOUT(manual_us, "manual_us", MEMBER_U64),
    ROLLOUT(confirm_us, "confirm_us", MEMBER_U64),
    ROLLOUT(holdback, "holdback", MEMBER_COUNT),
    ROLLOUT(holdback_salt, "holdback_salt", MEMBER_TEXT),
};

#define CONSENT(field, name, kind) MEMBER(struct state_consent, field, name, kind)
static const struct member consent_members[] = {
    CONSENT(slot, "slot", MEMBER_NEEDED), CONSENT(version, "version", MEMBER_TEXT),
    CONSENT(who, "who", MEMBER_NEEDED),   CONSENT(item, "item", MEMBER_TEXT),
    CONSENT(note, "note", MEMBER_TEXT),   CONSENT(at_wall_us, "at_us", MEMBER_U64),
};

#define COUNT(members) (sizeof(members) / sizeof(members)[0])

static void add_text(struct text *out, const char *name, const char *value)
{
    text_add_format(out, "\"%s\":\"", name);
    text_add_json(out, slice_from(value));
    text_add(out, "\"");
}

static void add_members(const struct member *members, size_t count, const void *from,
                        struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct member *member = &members[i];
        const char *field = (const char *)from + member->at;
        uint64_t number = 0;

        if (member->kind == MEMBER_U64 || member->kind == MEMBER_COUNT) {
            memcpy(&number, field, sizeof number);
            if (number != 0 || member->kind == MEMBER_U64)
                text_add_format(out, ",\"%s\":%" PRIu64, member->name, number);
        } else if (member->kind == MEMBER_FLAG) {
            text_add_format(out, *(const bool *)field ? ",\"%s\":true" : "", member->name);
        } else if (field[0] != '\0') {
            text_add(out, ",");
            add_text(out, member->name, field);
        }
    }
}

static int read_member(const cJSON *item, const struct member *member, void *to)
{
    char *field = (char *)to + member->at;
    int err = 0;

    if (member->kind == MEMBER_U64)
        return strict_json_u64(item, member->name, STRICT_JSON_INTEGER_MAX,
                               (uint64_t *)(void *)field);
    if (member->kind == MEMBER_COUNT)
        err =
            strict_json_u64(item, member->name, STRICT_JSON_INTEGER_MAX, (uint64_t *)(void *)field);
    else if (member->kind == MEMBER_FLAG)
        err = strict_json_bool(item, member->name, (bool *)field);
    else
        err = strict_json_text(item, member->name, field, member->size);
    if (member->kind == MEMBER_NEEDED)
        return err == 0 && field[0] == '\0' ? ERR_INVALID : err;
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int read_members(const cJSON *item, const struct member *members, size_t count, void *to)
{
    int err = 0;

    for (size_t i = 0; i < count && err == 0; i++)
        err = read_member(item, &members[i], to);
    return err;
}

static const char *const plan_words[] = {
    [ROLLOUT_CANARY] = "canary", [ROLLOUT_SWITCH] = "switch"
};

void state_book_encode(const struct state_book *book, struct text *out)
{
    const struct state_rollout *rollout = NULL;
    const struct state_consent *consent = NULL;
    const char *comma = "\n";

    if (book->last_id == 0 && TAILQ_EMPTY(&book->rollouts) && TAILQ_EMPTY(&book->consents))
        return;
    text_add_format(out, ",\"rollouts\":{\"last\":%" PRIu64 ",\"list\":[", book->last_id);
    TAILQ_FOREACH(rollout, &book->rollouts, link)
    {
        text_add_format(out, "%s{", comma);
        add_text(out, "name", rollout->name);
        text_add_format(out, ",\"plan\":\"%s\",\"phase\":\"%s\"", plan_words[rollout->plan],
                        rollout_phase_name(rollout->phase));
        add_members(rollout_members, COUNT(rollout_members), rollout, out);
        text_add(out, "}");
        comma = ",\n";
    }
    text_add(out, "],\"consents\":[");
    comma = "\n";
    TAILQ_FOREACH(consent, &book->consents, link)
    {
        text_add_format(out, "%s{", comma);
        add_text(out, "name", consent->name);
        add_members(consent_members, COUNT(consent_members), consent, out);
        text_add(out, "}");
        comma = ",\n";
    }
    text_add(out, "]}");
}

static const char *const end_words[] = { "", "confirmed", "reverted" };

void state_confirm_encode(const struct state_confirm *confirm, struct text *out)
{
    if (confirm->since_wall_us != 0)
        text_add_format(out, ",\"confirm\":{\"since_us\":%" PRIu64 ",\"until_us\":%" PRIu64 "}",
                        confirm->since_wall_us, confirm->until_wall_us);
    else if (confirm->end != CONFIRM_NONE)
        text_add_format(out, ",\"confirm_end\":\"%s\"", end_words[confirm->end]);
}

static int decode_end(const cJSON *service, enum confirm_end *out)
{
    char word[16];
    int err = strict_json_text(service, "confirm_end", word, sizeof word);

    if (err == ERR_NOT_FOUND)
        return 0;
    for (unsigned end = CONFIRM_GIVEN; err == 0 && end < COUNT(end_words); end++)
        if (strcmp(end_words[end], word) == 0) {
            *out = (enum confirm_end)end;
            return 0;
        }
    return err != 0 ? err : ERR_INVALID;
}

static int read_plan(const cJSON *item, enum rollout_plan *out)
{
    char word[16];
    int err = strict_json_text(item, "plan", word, sizeof word);

    for (unsigned plan = 0; err == 0 && plan < COUNT(plan_words); plan++)
        if (strcmp(plan_words[plan], word) == 0) {
            *out = (enum rollout_plan)plan;
            return 0;
        }
    return err != 0 ? err : ERR_INVALID;
}

static int read_phase(const cJSON *item, enum rollout_phase *out)
{
    char word[16];
    int err = strict_json_text(item, "phase", word, sizeof word);

    for (unsigned phase = 0; err == 0 && phase < ROLLOUT_PHASE_COUNT; phase++)
        if (strcmp(rollout_phase_name((enum rollout_phase)phase), word) == 0) {
            *out = (enum rollout_phase)phase;
            return 0;
        }
    return err != 0 ? err : ERR_INVALID;
}

static int read_name(const cJSON *item, char *out, size_t size)
{
    int err = strict_json_text(item, "name", out, size);

    return err == 0 && out[0] == '\0' ? ERR_INVALID : err;
}

static int decode_rollout(const cJSON *item, struct state_book *book)
{
    char name[sizeof((struct state_rollout *)0)->name];
    struct state_rollout *rollout = NULL;
    int err = read_name(item, name, sizeof name);

    if (err != 0)
        return err;
    if (state_book_find(book, name) != NULL)
        return ERR_EXISTS;
    rollout = state_book_add(book, name);
    err = read_plan(item, &rollout->plan);
    if (err == 0)
        err = read_phase(item, &rollout->phase);
    if (err == 0)
        err = read_members(item, rollout_members, COUNT(rollout_members), rollout);
    return err == 0 && (rollout->id == 0 || rollout->id > book->last_id) ? ERR_INVALID : err;
}

static int decode_consent(const cJSON *item, struct state_book *book)
{
    char name[sizeof((struct state_consent *)0)->name];
    int err = read_name(item, name, sizeof name);

    return err != 0 ? err
                    : read_members(item, consent_members, COUNT(consent_members),
                                   state_book_add_consent(book, name));
}

static int decode_list(const cJSON *object, const char *name, struct state_book *book,
                       int (*decode)(const cJSON *item, struct state_book *book))
{
    const cJSON *list = strict_json_array(object, name);
    const cJSON *item = NULL;
    int err = list == NULL || cJSON_GetArraySize(list) > ROLLOUTS_MAX ? ERR_INVALID : 0;

    cJSON_ArrayForEach(item, list)
    {
        if (err == 0)
            err = decode(item, book);
    }
    return err;
}

/* A member that may be missing, but is an object when it is there. */
static int find_object(const cJSON *item, const char *name, const cJSON **out)
{
    *out = strict_json_object(item, name);
    return *out == NULL && cJSON_HasObjectItem(item, name) ? ERR_INVALID : 0;
}

int state_book_decode(const struct cJSON *content, struct state_book *book)
{
    const cJSON *object = NULL;
    int err = find_object(content, "rollouts", &object);

    if (err != 0 || object == NULL)
        return err;
    err = strict_json_u64(object, "last", STRICT_JSON_INTEGER_MAX, &book->last_id);
    if (err == 0)
        err = decode_list(object, "list", book, decode_rollout);
    return err == 0 ? decode_list(object, "consents", book, decode_consent) : err;
}

int state_confirm_decode(const struct cJSON *service, struct state_confirm *out)
{
    const cJSON *object = NULL;
    int err = find_object(service, "confirm", &object);

    if (err == 0 && object == NULL)
        return decode_end(service, &out->end);
    if (err == 0)
        err = strict_json_u64(object, "since_us", STRICT_JSON_INTEGER_MAX, &out->since_wall_us);
    if (err == 0)
        err = strict_json_u64(object, "until_us", STRICT_JSON_INTEGER_MAX, &out->until_wall_us);
    return err == 0 && (out->since_wall_us == 0 || out->until_wall_us < out->since_wall_us)
               ? ERR_INVALID
               : err;
}
