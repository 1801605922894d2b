/*
 * See contract.h: from bytes to claims. Every member is known and has its type, or the file is refused with the place in
 * the JSON. Read when the configuration is read; contract_judge.c compares with what is there.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strict_json.h"
#include "store/contract_priv.h"

enum {
    CLAIMS_MAX = 20000,
    NAME_BYTES_MAX = 63, /* of PostgreSQL */
};

static const struct strict_json_limits limits = {
    .bytes = CONTRACT_BYTES_MAX,
    .depth = 12,
    .items = 50000,
};

/* Reading a file: where we are, and the first thing that is wrong. */
struct reader {
    struct contract *contract;
    const char *default_schema;
    struct text *words;
    char place[320];
    size_t place_len;
    bool is_failed;
    enum claim_stance stance;
};

static void enter(struct reader *reader, const char *name, size_t *was)
{
    size_t room = sizeof reader->place - reader->place_len;
    int len = snprintf(reader->place + reader->place_len, room, "%s%.100s",
                       reader->place_len > 0 ? "." : "", name);

    *was = reader->place_len;
    reader->place_len += (size_t)len < room ? (size_t)len : room - 1;
}

static void leave(struct reader *reader, size_t was)
{
    if (reader->is_failed)
        return; /* the place is told */
    reader->place_len = was;
    reader->place[was] = '\0';
}

static void fail(struct reader *reader, const char *words)
{
    if (reader->is_failed)
        return;
    reader->is_failed = true;
    text_add_format(reader->words, "%s: at %s: %s", reader->contract->file,
                    reader->place_len > 0 ? reader->place : "the top", words);
}

static bool is_object(struct reader *reader, const struct cJSON *item, const char *words)
{
    if (!cJSON_IsObject(item))
        fail(reader, words);
    return !reader->is_failed;
}

static void check_members(struct reader *reader, const struct cJSON *object,
                          const char *const *allowed, size_t count)
{
    const char *unknown = strict_json_unknown(object, allowed, count);
    char words[400];
    int len = 0;

    if (unknown == NULL || reader->is_failed)
        return;
    len = snprintf(words, sizeof words, "there is no member %.80s; it may have", unknown);
    for (size_t i = 0; i < count; i++)
        len += snprintf(words + len, sizeof words - (size_t)len, "%s %s", i > 0 ? "," : "",
                        allowed[i]);
    fail(reader, words);
}

static bool is_name(struct slice name)
{
    return name.len > 0 && name.len <= NAME_BYTES_MAX && memchr(name.ptr, '"', name.len) == NULL;
}

static struct claim *add_claim(struct reader *reader, enum claim_kind kind)
{
    struct contract *contract = reader->contract;
    struct claim *claim = NULL;

    if (contract->claim_count == CLAIMS_MAX) {
        fail(reader, "there are more than 20000 objects; name what this release uses, not all");
        return NULL;
    }
    contract->claims =
        mem_grow(contract->claims, contract->claim_count + 1, sizeof *contract->claims);
    claim = &contract->claims[contract->claim_count++];
    *claim = (struct claim){ .stance = reader->stance, .kind = kind, .is_written = true };
    return claim;
}

/* "orders", "shop.orders" into the claim; false: the reader has failed. */
static bool take_name(struct reader *reader, struct claim *claim, struct slice text)
{
    struct slice schema = slice_from(reader->default_schema);
    struct slice name = text;
    const char *dot = text.len > 0 ? memchr(text.ptr, '.', text.len) : NULL;

    if (dot != NULL) {
        schema = slice_of(text.ptr, (size_t)(dot - text.ptr));
        name = slice_of(dot + 1, text.len - schema.len - 1);
    }
    if (!is_name(schema) || !is_name(name) || memchr(name.ptr, '.', name.len) != NULL) {
        fail(reader, "a name is name or schema.name, without quotes, of at most 63 bytes a part");
        return false;
    }
    claim->schema = mem_text_of(schema.ptr, schema.len);
    claim->name = mem_text_of(name.ptr, name.len);
    return true;
}

/* A claim of its own on an object with this name. */
static struct claim *claim_object(struct reader *reader, enum claim_kind kind, const char *name)
{
    struct claim *claim = add_claim(reader, kind);

    return claim != NULL && take_name(reader, claim, slice_from(name)) ? claim : NULL;
}

/* Its claims come later, and claims move when they grow: by number. */
static struct claim *claim_part(struct reader *reader, enum claim_kind kind, size_t whole,
                                const char *part)
{
    struct claim *claim = NULL;

    if (part[0] == '\0' || strlen(part) > NAME_BYTES_MAX) {
        fail(reader, "a name has 1 to 63 bytes");
        return NULL;
    }
    claim = add_claim(reader, kind);
    if (claim == NULL)
        return NULL;
    claim->schema = mem_text(reader->contract->claims[whole].schema);
    claim->name = mem_text(reader->contract->claims[whole].name);
    claim->part = mem_text(part);
    return claim;
}

static void read_wish(struct reader *reader, const struct cJSON *object, const char *name,
                      enum claim_wish *out)
{
    bool value = false;
    size_t was = 0;
    int err = strict_json_bool(object, name, &value);

    enter(reader, name, &was);
    if (err == 0)
        *out = value ? CLAIM_YES : CLAIM_NO;
    else if (err != ERR_NOT_FOUND)
        fail(reader, "it is true or false");
    leave(reader, was);
}

static void add_type(struct reader *reader, struct claim *claim, const struct cJSON *item)
{
    struct column_type type;

    if (!cJSON_IsString(item) || column_type_parse(item->valuestring, &type) != 0) {
        fail(reader, "a type is a text such as \"bigint\", \"varchar(60)\" or \"shop.status\"");
        return;
    }
    if (claim->type_count == CLAIM_TYPES_MAX) {
        fail(reader, "a column has at most four types that will do");
        return;
    }
    claim->types = mem_grow(claim->types, claim->type_count + 1, sizeof *claim->types);
    claim->types[claim->type_count++] = type;
}

static void read_types(struct reader *reader, struct claim *claim, const struct cJSON *item)
{
    const struct cJSON *element = NULL;
    size_t was = 0;

    if (item == NULL)
        return;
    enter(reader, "type", &was);
    if (!cJSON_IsArray(item))
        add_type(reader, claim, item);
    else
        cJSON_ArrayForEach(element, item) add_type(reader, claim, element);
    leave(reader, was);
}

static void read_column(struct reader *reader, size_t table, const struct cJSON *item)
{
    static const char *const members[] = { "type", "nullable", "default" };
    struct claim *claim = claim_part(reader, CLAIM_COLUMN, table, item->string);

    if (claim == NULL)
        return;
    if (cJSON_IsString(item)) {
        add_type(reader, claim, item);
        return;
    }
    if (!is_object(reader, item,
                   "a column is its type, or an object with type, nullable, default; {} for any"))
        return;
    check_members(reader, item, members, 3);
    read_types(reader, claim, cJSON_GetObjectItemCaseSensitive(item, "type"));
    read_wish(reader, item, "nullable", &claim->nullable);
    read_wish(reader, item, "default", &claim->has_default);
}

static void read_columns(struct reader *reader, size_t table, const struct cJSON *columns)
{
    const struct cJSON *item = NULL;
    size_t was = 0;
    size_t inner = 0;

    if (columns == NULL)
        return;
    enter(reader, "columns", &was);
    if (is_object(reader, columns, "columns is an object, a member for each column"))
        cJSON_ArrayForEach(item, columns)
        {
            reader->contract->claims[table].has_columns = true;
            enter(reader, item->string, &inner);
            read_column(reader, table, item);
            leave(reader, inner);
        }
    leave(reader, was);
}

/* Texts of a list, each with its place. */
typedef void take_text_fn(struct reader *reader, size_t whole, const char *text);

static void read_list(struct reader *reader, const struct cJSON *list, const char *name,
                      size_t whole, take_text_fn *take)
{
    const struct cJSON *item = NULL;
    size_t was = 0;
    unsigned index = 0;

    if (list == NULL)
        return;
    enter(reader, name, &was);
    if (!cJSON_IsArray(list))
        fail(reader, "it is a list of texts");
    cJSON_ArrayForEach(item, list)
    {
        char number[16];
        size_t inner = 0;

        snprintf(number, sizeof number, "%u", index++);
        enter(reader, number, &inner);
        if (!cJSON_IsString(item))
            fail(reader, "it is a text");
        else if (!reader->is_failed)
            take(reader, whole, item->valuestring);
        leave(reader, inner);
    }
    leave(reader, was);
}

static void take_label(struct reader *reader, size_t whole, const char *text)
{
    claim_part(reader, CLAIM_LABEL, whole, text);
}

static void take_table(struct reader *reader, size_t whole, const char *text)
{
    (void)whole;
    claim_object(reader, CLAIM_TABLE, text);
}

static void take_index(struct reader *reader, size_t whole, const char *text)
{
    struct claim *claim = claim_object(reader, CLAIM_INDEX, text);

    (void)whole;
    if (claim != NULL)
        claim->part = mem_text("");
}

/* It lies in the schema of its table. */
static void take_table_index(struct reader *reader, size_t whole, const char *text)
{
    struct claim *claim = claim_part(reader, CLAIM_INDEX, whole, text);

    if (claim == NULL)
        return;
    free(claim->part);
    claim->part = claim->name;
    claim->name = mem_text(text);
}

/* "table.column", "schema.table.column" */
static void take_column(struct reader *reader, size_t whole, const char *text)
{
    const char *dot = strrchr(text, '.');
    struct claim *claim = NULL;

    (void)whole;
    if (dot == NULL || !is_name(slice_from(dot + 1))) {
        fail(reader, "a column is table.column or schema.table.column");
        return;
    }
    claim = add_claim(reader, CLAIM_COLUMN);
    if (claim != NULL && take_name(reader, claim, slice_of(text, (size_t)(dot - text))))
        claim->part = mem_text(dot + 1);
}

/* The types of the arguments as the server writes them. */
static bool add_argument(struct text *out, struct slice part)
{
    char name[160];
    struct column_type type;

    if (!slice_copy(slice_trim(part), name, sizeof name) || column_type_parse(name, &type) != 0)
        return false;
    if (out->len > 0)
        text_add(out, ", ");
    text_add(out, type.base);
    for (unsigned i = 0; i < type.dimensions; i++)
        text_add(out, "[]");
    return true;
}

static char *read_arguments(struct slice list)
{
    struct text arguments;
    struct slice part;
    bool is_good = true;

    text_init(&arguments, 4096);
    list = slice_trim(list);
    while (is_good && list.len > 0 && slice_next(&list, ',', &part))
        is_good = add_argument(&arguments, part);
    if (is_good && !text_is_cut(&arguments) && arguments.len > 0)
        return text_take(&arguments);
    is_good = is_good && arguments.len == 0;
    text_fini(&arguments);
    return is_good ? mem_text("") : NULL;
}

/* "price", "shop.price(integer, text)" */
static void take_function(struct reader *reader, size_t whole, const char *text)
{
    size_t len = strlen(text);
    size_t name_len = strcspn(text, "(");
    struct claim *claim = add_claim(reader, CLAIM_FUNCTION);

    (void)whole;
    if (claim == NULL || !take_name(reader, claim, slice_of(text, name_len)) || name_len == len)
        return;
    if (text[len - 1] == ')')
        claim->part = read_arguments(slice_of(text + name_len + 1, len - name_len - 2));
    if (claim->part == NULL)
        fail(reader, "a function is name or name(type, type)");
}

static void read_table(struct reader *reader, const struct cJSON *item)
{
    static const char *const members[] = { "writes", "columns", "indexes" };
    struct claim *claim = claim_object(reader, CLAIM_TABLE, item->string);
    enum claim_wish written = CLAIM_YES;
    size_t table = reader->contract->claim_count - 1;

    if (claim == NULL ||
        !is_object(reader, item, "a table is an object with columns, indexes, writes; {} for any"))
        return;
    check_members(reader, item, members, 3);
    read_wish(reader, item, "writes", &written);
    claim->is_written = written == CLAIM_YES;
    read_columns(reader, table, cJSON_GetObjectItemCaseSensitive(item, "columns"));
    read_list(reader, cJSON_GetObjectItemCaseSensitive(item, "indexes"), "indexes", table,
              take_table_index);
}

static void read_enum(struct reader *reader, const struct cJSON *item)
{
    static const char *const members[] = { "labels", "closed" };
    struct claim *claim = claim_object(reader, CLAIM_ENUM, item->string);
    enum claim_wish closed = CLAIM_NO;
    size_t whole = reader->contract->claim_count - 1;

    if (claim == NULL)
        return;
    if (cJSON_IsArray(item)) {
        read_list(reader, item, "labels", whole, take_label);
        return;
    }
    if (!is_object(reader, item, "an enum is a list of labels, or an object with labels, closed"))
        return;
    check_members(reader, item, members, 2);
    read_wish(reader, item, "closed", &closed);
    claim->is_closed = closed == CLAIM_YES;
    read_list(reader, cJSON_GetObjectItemCaseSensitive(item, "labels"), "labels", whole,
              take_label);
}

typedef void read_member_fn(struct reader *reader, const struct cJSON *item);

static void read_members(struct reader *reader, const struct cJSON *object, const char *name,
                         read_member_fn *read)
{
    const struct cJSON *members = cJSON_GetObjectItemCaseSensitive(object, name);
    const struct cJSON *item = NULL;
    size_t was = 0;
    size_t inner = 0;

    if (members == NULL || reader->is_failed)
        return;
    enter(reader, name, &was);
    if (is_object(reader, members, "it is an object, a member for each by its name"))
        cJSON_ArrayForEach(item, members)
        {
            enter(reader, item->string, &inner);
            if (!reader->is_failed)
                read(reader, item);
            leave(reader, inner);
        }
    leave(reader, was);
}

static void read_needs(struct reader *reader, const struct cJSON *object)
{
    static const char *const members[] = { "tables", "enums", "indexes", "functions" };

    check_members(reader, object, members, 4);
    read_members(reader, object, "tables", read_table);
    read_members(reader, object, "enums", read_enum);
    read_list(reader, cJSON_GetObjectItemCaseSensitive(object, "indexes"), "indexes", 0,
              take_index);
    read_list(reader, cJSON_GetObjectItemCaseSensitive(object, "functions"), "functions", 0,
              take_function);
}

static void read_tolerates(struct reader *reader, const struct cJSON *object)
{
    static const char *const members[] = { "columns", "enums" };

    check_members(reader, object, members, 2);
    read_list(reader, cJSON_GetObjectItemCaseSensitive(object, "columns"), "columns", 0,
              take_column);
    read_members(reader, object, "enums", read_enum);
}

static void read_forbids(struct reader *reader, const struct cJSON *object)
{
    static const char *const members[] = { "tables", "columns", "enums", "indexes", "functions" };

    check_members(reader, object, members, 5);
    read_list(reader, cJSON_GetObjectItemCaseSensitive(object, "tables"), "tables", 0, take_table);
    read_list(reader, cJSON_GetObjectItemCaseSensitive(object, "columns"), "columns", 0,
              take_column);
    read_members(reader, object, "enums", read_enum);
    read_list(reader, cJSON_GetObjectItemCaseSensitive(object, "indexes"), "indexes", 0,
              take_index);
    read_list(reader, cJSON_GetObjectItemCaseSensitive(object, "functions"), "functions", 0,
              take_function);
}

static void read_stance(struct reader *reader, const struct cJSON *top, enum claim_stance stance)
{
    static const struct {
        const char *name;
        read_member_fn *read;
    } stances[] = {
        [CLAIM_NEEDS] = { "needs", read_needs },
        [CLAIM_TOLERATES] = { "tolerates", read_tolerates },
        [CLAIM_FORBIDS] = { "forbids", read_forbids },
    };
    const struct cJSON *object = cJSON_GetObjectItemCaseSensitive(top, stances[stance].name);
    size_t was = 0;

    if (object == NULL || reader->is_failed)
        return;
    reader->stance = stance;
    enter(reader, stances[stance].name, &was);
    if (is_object(reader, object, "it is an object"))
        stances[stance].read(reader, object);
    leave(reader, was);
}

static void read_schema(struct reader *reader, const struct cJSON *top)
{
    char text[256];
    const char *why = NULL;
    size_t was = 0;
    int err = strict_json_text(top, "schema", text, sizeof text);

    if (err == ERR_NOT_FOUND)
        return;
    enter(reader, "schema", &was);
    if (err != 0)
        fail(reader, "it is a text, like \">=1.3 <2\"");
    else if (schema_range_parse(text, &reader->contract->schema, &why) != 0)
        fail(reader, why);
    leave(reader, was);
}

/* A member that is a name, if it is there at all. */
static void read_text(struct reader *reader, const struct cJSON *top, const char *name, char *out,
                      size_t size)
{
    size_t was = 0;
    int err = strict_json_text(top, name, out, size);

    if (err == ERR_NOT_FOUND)
        return;
    enter(reader, name, &was);
    if (err != 0 || out[0] == '\0')
        fail(reader, "it is a short text");
    leave(reader, was);
}

static void read_format(struct reader *reader, const struct cJSON *top)
{
    uint64_t format = 0;
    size_t was = 0;
    int err = strict_json_u64(top, "format", UINT32_MAX, &format);

    if (err == 0 && format == 1)
        return;
    enter(reader, "format", &was);
    fail(reader, err == 0 && format > 1 ? "this program knows format 1; a newer one is needed"
                                        : "it is missing or no number; say \"format\": 1");
    leave(reader, was);
}

static void read_top(struct reader *reader, const struct cJSON *top)
{
    static const char *const members[] = { "format", "release", "comment",   "default_schema",
                                           "schema", "needs",   "tolerates", "forbids" };
    char schema[NAME_BYTES_MAX + 1] = "public";

    if (!is_object(reader, top, "a contract is an object"))
        return;
    check_members(reader, top, members, sizeof members / sizeof members[0]);
    read_format(reader, top);
    read_text(reader, top, "release", reader->contract->release, sizeof reader->contract->release);
    read_text(reader, top, "default_schema", schema, sizeof schema);
    read_schema(reader, top);
    reader->default_schema = schema;
    read_stance(reader, top, CLAIM_NEEDS);
    read_stance(reader, top, CLAIM_TOLERATES);
    read_stance(reader, top, CLAIM_FORBIDS);
    reader->default_schema = NULL;
}

int contract_parse(struct slice bytes, const char *file, struct contract **out, struct text *words)
{
    struct reader reader = { .words = words };
    struct cJSON *tree = NULL;
    const char *why = NULL;
    int err = strict_json_parse(bytes, &limits, &tree, &why);

    if (err != 0) {
        text_add_format(words, "%s: it is no strict JSON: %s", file, why);
        return err;
    }
    reader.contract = mem_zalloc(sizeof *reader.contract);
    reader.contract->file = mem_text(file);
    read_top(&reader, tree);
    cJSON_Delete(tree);
    if (reader.is_failed) {
        contract_free(reader.contract);
        return ERR_INVALID;
    }
    if (reader.contract->claim_count > 0)
        qsort(reader.contract->claims, reader.contract->claim_count,
              sizeof *reader.contract->claims, claim_compare);
    *out = reader.contract;
    return 0;
}
