/* Records of snapshots and their lines in the catalogue: see backup/snapshot_record.h. */
#include "backup/snapshot_record.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strict_json.h"
#include "base/text.h"

static const struct strict_json_limits line_limits = { .bytes = 8 << 20,
                                                       .depth = 4,
                                                       .items = 400000 };

static const char *const kind_names[] = {
    [SNAPSHOT_LOGICAL] = "logical", [SNAPSHOT_PHYSICAL] = "physical"
};

const char *snapshot_kind_name(enum snapshot_kind kind)
{
    return kind_names[kind];
}

bool snapshot_kind_find(struct slice name, enum snapshot_kind *out)
{
    for (unsigned i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++)
        if (slice_is_equal(name, slice_from(kind_names[i]))) {
            *out = (enum snapshot_kind)i;
            return true;
        }
    return false;
}

void snapshot_record_add_table(struct snapshot_record *record, struct slice source, uint64_t rows,
                               uint64_t mark)
{
    if ((record->table_count & (record->table_count + 1)) == 0)
        record->tables =
            mem_grow(record->tables, (record->table_count + 1) * 2, sizeof *record->tables);
    record->tables[record->table_count++] = (struct snapshot_table){
        .source = mem_text_of(source.ptr, source.len), .rows = rows, .mark = mark
    };
}

void snapshot_record_copy(const struct snapshot_record *record, struct snapshot_record *out)
{
    *out = *record;
    out->tables = NULL;
    out->table_count = 0;
    for (size_t i = 0; i < record->table_count; i++)
        snapshot_record_add_table(out, slice_from(record->tables[i].source), record->tables[i].rows,
                                  record->tables[i].mark);
}

void snapshot_record_fini(struct snapshot_record *record)
{
    for (size_t i = 0; i < record->table_count; i++)
        free(record->tables[i].source);
    free(record->tables);
    record->tables = NULL;
    record->table_count = 0;
}

static void add_text(struct text *out, const char *name, const char *value)
{
    text_add_format(out, "\"%s\":\"", name);
    text_add_json(out, slice_from(value));
    text_add(out, "\",");
}

void snapshot_record_encode(const struct snapshot_record *record, struct text *out)
{
    text_add(out, "{");
    add_text(out, "id", record->id);
    add_text(out, "database", record->database);
    add_text(out, "name", record->name);
    add_text(out, "path", record->path);
    add_text(out, "kind", snapshot_kind_name(record->kind));
    text_add_format(out,
                    "\"verified\":%s,\"taken_us\":%" PRIu64 ",\"finished_us\":%" PRIu64
                    ",\"checked_us\":%" PRIu64 ",\"bytes\":%" PRIu64 ",",
                    record->is_verified ? "true" : "false", record->taken_us, record->finished_us,
                    record->checked_us, record->bytes);
    add_text(out, "sha256", record->sha256);
    add_text(out, "system_id", record->system_id);
    add_text(out, "version", record->version);
    add_text(out, "actor", record->actor);
    add_text(out, "problem", record->problem);
    text_add(out, "\"tables\":[");
    for (size_t i = 0; i < record->table_count; i++) {
        text_add(out, i > 0 ? ",[\"" : "[\"");
        text_add_json(out, slice_from(record->tables[i].source));
        text_add_format(out, "\",\"%" PRIu64 "\",\"%016" PRIx64 "\"]", record->tables[i].rows,
                        record->tables[i].mark);
    }
    text_add(out, "]}\n");
}

static bool read_tables(const cJSON *tables, struct snapshot_record *out)
{
    const cJSON *row = NULL;

    cJSON_ArrayForEach(row, tables)
    {
        const char *source = cJSON_GetStringValue(cJSON_GetArrayItem(row, 0));
        const char *rows = cJSON_GetStringValue(cJSON_GetArrayItem(row, 1));
        const char *mark = cJSON_GetStringValue(cJSON_GetArrayItem(row, 2));
        uint64_t count = 0;
        uint64_t sum = 0;

        if (source == NULL || rows == NULL || mark == NULL ||
            num_parse_u64(slice_from(rows), UINT64_MAX, &count) != 0 ||
            num_parse_hex(slice_from(mark), UINT64_MAX, &sum) != 0)
            return false;
        snapshot_record_add_table(out, slice_from(source), count, sum);
    }
    return true;
}

static bool read_texts(const cJSON *json, struct snapshot_record *out)
{
    char kind[16] = "";

    return strict_json_text(json, "id", out->id, sizeof out->id) == 0 && out->id[0] != '\0' &&
           strict_json_text(json, "database", out->database, sizeof out->database) == 0 &&
           strict_json_text(json, "name", out->name, sizeof out->name) == 0 &&
           strict_json_text(json, "path", out->path, sizeof out->path) == 0 &&
           strict_json_text(json, "kind", kind, sizeof kind) == 0 &&
           snapshot_kind_find(slice_from(kind), &out->kind) &&
           strict_json_text(json, "sha256", out->sha256, sizeof out->sha256) == 0 &&
           strict_json_text(json, "system_id", out->system_id, sizeof out->system_id) == 0 &&
           strict_json_text(json, "version", out->version, sizeof out->version) == 0 &&
           strict_json_text(json, "actor", out->actor, sizeof out->actor) == 0 &&
           strict_json_text(json, "problem", out->problem, sizeof out->problem) == 0;
}

static bool read_numbers(const cJSON *json, struct snapshot_record *out)
{
    const uint64_t most = (uint64_t)1 << 53;

    return strict_json_bool(json, "verified", &out->is_verified) == 0 &&
           strict_json_u64(json, "taken_us", most, &out->taken_us) == 0 &&
           strict_json_u64(json, "finished_us", most, &out->finished_us) == 0 &&
           strict_json_u64(json, "checked_us", most, &out->checked_us) == 0 &&
           strict_json_u64(json, "bytes", most, &out->bytes) == 0;
}

int snapshot_record_decode(struct slice line, struct snapshot_record *out, const char **why)
{
    struct snapshot_record record = { .id = "" };
    cJSON *json = NULL;

    if (strict_json_parse(line, &line_limits, &json, why) != 0)
        return ERR_INVALID;
    *why = "a member is missing or of another type";
    if (!read_texts(json, &record) || !read_numbers(json, &record) ||
        !read_tables(strict_json_array(json, "tables"), &record)) {
        snapshot_record_fini(&record);
        cJSON_Delete(json);
        return ERR_INVALID;
    }
    cJSON_Delete(json);
    *out = record;
    return 0;
}
