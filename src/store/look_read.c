/* What a look found, for those who judge: see look.h. Pure, any thread. */
#include <stdio.h>
#include <string.h>

#include "store/look_body_priv.h"
#include "store/schema_range.h"

const struct look_facts *look_facts(const struct look *look)
{
    return &look->facts;
}

const struct look_publisher *look_publisher(const struct look *look)
{
    return &look->publisher;
}

const struct look_subscriber *look_subscriber(const struct look *look)
{
    return &look->subscriber;
}

const struct look_beat *look_beat_written(const struct look *look)
{
    return &look->written;
}

const struct look_beat *look_beat_seen(const struct look *look)
{
    return &look->seen;
}

const struct look_count *look_invalid_indexes(const struct look *look)
{
    return &look->invalid_indexes;
}

const struct look_count *look_unvalidated(const struct look *look)
{
    return &look->unvalidated;
}

const struct look_count *look_writers(const struct look *look)
{
    return &look->writers;
}

const struct look_count *look_sequences(const struct look *look)
{
    return &look->sequences;
}

const struct look_note *look_shape(const struct look *look)
{
    return &look->shape;
}

size_t look_assertion_count(const struct look *look)
{
    return look->wishes.assertion_count;
}

const struct look_assertion *look_assertion_at(const struct look *look, size_t index)
{
    CHECK(index < look->wishes.assertion_count);
    return &look->assertions[index];
}

/* Of custom SQL the environment is the second column. */
struct columns {
    int environment;
    int version;
    int bad;
    int contract_after;
};

static struct columns find_columns(const struct look *look)
{
    if (look_history_of(look) == LOOK_HISTORY_SQL)
        return (struct columns){ .environment = 1, .version = 0, .bad = 2, .contract_after = 3 };
    return (struct columns){ .environment = 0, .version = 1, .bad = 2, .contract_after = 3 };
}

static const char *cell(const PGresult *rows, int row, int column)
{
    if (column >= PQnfields(rows) || PQgetisnull(rows, row, column) == 1)
        return "";
    return PQgetvalue(rows, row, column);
}

static bool is_wished(const struct look *look, const char *environment)
{
    if (environment[0] == '\0')
        return true;
    for (size_t i = 0; i < look->wishes.environment_count; i++)
        if (strcmp(look->wishes.environments[i], environment) == 0)
            return true;
    return false;
}

/* Rows of which environments count. */
enum choice { CHOICE_ONE, CHOICE_WISHED, CHOICE_ALL };

static bool is_chosen(const struct look *look, enum choice choice, const char *wanted,
                      const char *environment)
{
    switch (choice) {
    case CHOICE_ONE: return strcmp(wanted, environment) == 0;
    case CHOICE_WISHED: return is_wished(look, environment);
    case CHOICE_ALL: return true;
    }
    CHECK(!"a choice that is not known");
    return false;
}

static enum choice choose(const struct look *look, const char *wanted)
{
    struct columns columns = find_columns(look);
    bool is_one = false;
    bool is_some = false;

    for (int i = 0; i < PQntuples(look->history); i++) {
        const char *environment = cell(look->history, i, columns.environment);

        is_one = is_one || (wanted[0] != '\0' && strcmp(environment, wanted) == 0);
        is_some = is_some || is_wished(look, environment);
    }
    if (is_one)
        return CHOICE_ONE;
    return is_some ? CHOICE_WISHED : CHOICE_ALL;
}

static void keep_newest(char *kept, size_t size, const char *version)
{
    if (version[0] != '\0' && (kept[0] == '\0' || schema_version_compare(version, kept) > 0))
        snprintf(kept, size, "%s", version);
}

static void take_row(struct look_versions *out, const PGresult *rows, int row,
                     const struct columns *columns)
{
    const char *version = cell(rows, row, columns->version);
    const char *bad = cell(rows, row, columns->bad);

    if (bad[0] != '\0') {
        if (out->bad_count++ > 0)
            return;
        snprintf(out->bad, sizeof out->bad, "%.95s", version);
        snprintf(out->bad_words, sizeof out->bad_words, "%.63s", bad);
        return;
    }
    if (version[0] == '\0' || strlen(version) >= sizeof out->version)
        return;
    out->is_found = true;
    keep_newest(out->version, sizeof out->version, version);
    keep_newest(out->contract_after, sizeof out->contract_after,
                cell(rows, row, columns->contract_after));
}

void look_versions(const struct look *look, const char *environment, struct look_versions *out)
{
    struct columns columns = find_columns(look);
    enum choice choice = CHOICE_ALL;

    *out = (struct look_versions){ .note = look->history_note };
    out->is_kept = out->note.is_asked && look_history_of(look) != LOOK_HISTORY_NONE;
    if (look->history == NULL || !look->history_note.is_known)
        return;
    choice = choose(look, environment);
    for (int i = 0; i < PQntuples(look->history); i++)
        if (is_chosen(look, choice, environment, cell(look->history, i, columns.environment)))
            take_row(out, look->history, i, &columns);
}
