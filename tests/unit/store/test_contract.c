/* Reading contracts, and what is wrong with them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "store/contract_priv.h"

static int parse(const char *json, struct contract **out, char *words, size_t size)
{
    struct text text;
    int err = 0;

    text_init(&text, 4096);
    err = contract_parse(slice_from(json), "shop.json", out, &text);
    snprintf(words, size, "%.*s", (int)text.len, text.len > 0 ? text.bytes : "");
    text_fini(&text);
    return err;
}

/* Texts that a claim to search for may point to. */
static char text_none[] = "";
static char text_audit[] = "audit";
static char text_integer_text[] = "integer, text";
static char text_legacy[] = "legacy";
static char text_log[] = "log";
static char text_note[] = "note";
static char text_now2[] = "now2";
static char text_orders[] = "orders";
static char text_price[] = "price";
static char text_shop[] = "shop";

Test(contract, reads_what_a_release_needs)
{
    static const char json[] =
        "{\"format\":1,\"release\":\"v1.4.0\",\"schema\":\">=1.3 <2\",\"default_schema\":\"shop\","
        "\"comment\":\"checked by the build\",\"needs\":{\"tables\":{\"orders\":{\"columns\":{"
        "\"id\":\"bigint\",\"note\":{\"type\":[\"text\",\"varchar(20)\"],\"nullable\":true,"
        "\"default\":false}},\"indexes\":[\"orders_idx\"]},\"audit.log\":{\"writes\":false}},"
        "\"enums\":{\"status\":[\"new\"],\"kind\":{\"labels\":[],\"closed\":true}},"
        "\"indexes\":[\"audit.log_idx\"],\"functions\":[\"price(int, "
        "text)\",\"touch\",\"now2()\"]},"
        "\"tolerates\":{\"columns\":[\"orders.channel\"],\"enums\":{\"kind\":[\"x\"]}},"
        "\"forbids\":{\"tables\":[\"old\"],\"columns\":[\"shop.orders.legacy\"],"
        "\"enums\":{\"status\":[\"dead\"]},\"indexes\":[\"bad_idx\"],\"functions\":[\"f\"]}}";
    struct contract *contract = NULL;
    struct claim like = { .kind = CLAIM_COLUMN };
    const struct claim *found = NULL;
    char words[512];

    cr_assert_eq(parse(json, &contract, words, sizeof words), 0, "%s", words);
    cr_expect_str_eq(contract_release(contract), "v1.4.0");
    cr_expect_eq(contract_schema(contract)->term_count, 2);
    like.schema = text_shop;
    like.name = text_orders;
    like.part = text_note;
    found = contract_find(contract, &like);
    cr_assert_not_null(found);
    cr_expect_eq(found->type_count, 2);
    cr_expect_eq(found->nullable, CLAIM_YES);
    cr_expect_eq(found->has_default, CLAIM_NO);
    like.part = text_legacy;
    like.stance = CLAIM_FORBIDS;
    cr_expect_not_null(contract_find(contract, &like));
    like = (struct claim){
        .kind = CLAIM_FUNCTION, .schema = text_shop, .name = text_price, .part = text_integer_text
    };
    cr_expect_not_null(contract_find(contract, &like));
    like.name = text_now2;
    like.part = text_none;
    cr_expect_not_null(contract_find(contract, &like));
    like = (struct claim){ .kind = CLAIM_TABLE, .schema = text_audit, .name = text_log };
    found = contract_find(contract, &like);
    cr_assert_not_null(found);
    cr_expect_not(found->is_written);
    contract_free(contract);
}

Test(contract, says_where_a_file_is_wrong)
{
    static const struct {
        const char *json;
        const char *words; /* a part of them */
    } cases[] = {
        { "", "no strict JSON" },
        { "[1]", "a contract is an object" },
        { "{}", "at format: it is missing" },
        { "{\"format\":2}", "a newer one is needed" },
        { "{\"format\":1,\"need\":{}}", "there is no member need; it may have format" },
        { "{\"format\":1,\"format\":1}", "no strict JSON" },
        { "{\"format\":1,\"schema\":\"new\"}", "at schema: a version has digits" },
        { "{\"format\":1,\"schema\":3}", "at schema: it is a text" },
        { "{\"format\":1,\"release\":\"\"}", "at release:" },
        { "{\"format\":1,\"needs\":[]}", "at needs: it is an object" },
        { "{\"format\":1,\"needs\":{\"tables\":[\"x\"]}}", "at needs.tables: it is an object" },
        { "{\"format\":1,\"needs\":{\"tables\":{\"a.b.c\":{}}}}", "at needs.tables.a.b.c: a name" },
        { "{\"format\":1,\"needs\":{\"tables\":{\"\":{}}}}", "a name is name or schema.name" },
        { "{\"format\":1,\"needs\":{\"tables\":{\"t\":1}}}",
          "at needs.tables.t: a table is an object" },
        { "{\"format\":1,\"needs\":{\"tables\":{\"t\":{\"columns\":{\"c\":\"varchar(\"}}}}}",
          "at needs.tables.t.columns.c: a type is a text" },
        { "{\"format\":1,\"needs\":{\"tables\":{\"t\":{\"columns\":{\"c\":{\"type\":7}}}}}}",
          "at needs.tables.t.columns.c.type: a type" },
        { "{\"format\":1,\"needs\":{\"tables\":{\"t\":{\"columns\":{\"c\":{\"nullable\":\"no\"}}}}}"
          "}",
          "at needs.tables.t.columns.c.nullable: it is true or false" },
        { "{\"format\":1,\"needs\":{\"tables\":{\"t\":{\"columns\":{\"c\":{\"typ\":\"int\"}}}}}}",
          "there is no member typ; it may have type, nullable, default" },
        { "{\"format\":1,\"needs\":{\"tables\":{\"t\":{\"columns\":{\"c\":"
          "{\"type\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}}}}}}",
          "at most four types" },
        { "{\"format\":1,\"needs\":{\"enums\":{\"e\":[1]}}}",
          "at needs.enums.e.labels.0: it is a text" },
        { "{\"format\":1,\"needs\":{\"enums\":{\"e\":[\"\"]}}}", "1 to 63 bytes" },
        { "{\"format\":1,\"needs\":{\"functions\":[\"f(\"]}}",
          "at needs.functions.0: a function is" },
        { "{\"format\":1,\"needs\":{\"functions\":[\"f(,)\"]}}", "a function is" },
        { "{\"format\":1,\"tolerates\":{\"columns\":[\"c\"]}}",
          "at tolerates.columns.0: a column is" },
        { "{\"format\":1,\"tolerates\":{\"tables\":[]}}", "there is no member tables" },
        { "{\"format\":1,\"forbids\":{\"tables\":{}}}", "at forbids.tables: it is a list" },
    };
    struct contract *contract = NULL;
    char words[1024];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_lt(parse(cases[i].json, &contract, words, sizeof words), 0, "%s", cases[i].json);
        cr_expect_not_null(strstr(words, cases[i].words), "%s gives: %s", cases[i].json, words);
        cr_expect_eq(strncmp(words, "shop.json: ", 11), 0, "%s", words);
    }
}

Test(contract, is_read_from_a_file_and_bounded)
{
    char path[] = "/tmp/switchyard-contract-XXXXXX";
    int fd = mkstemp(path);
    static char large[CONTRACT_BYTES_MAX + 1];
    struct contract *contract = NULL;
    struct text words;

    cr_assert_geq(fd, 0);
    text_init(&words, 4096);
    cr_assert_eq(write(fd, "{\"format\":1}", 12), 12);
    cr_assert_eq(contract_load(path, &contract, &words), 0);
    cr_expect_eq(contract_claim_count(contract), 0);
    contract_free(contract);
    memset(large, ' ', sizeof large);
    cr_assert_eq(write(fd, large, sizeof large), (ssize_t)sizeof large);
    cr_expect_eq(contract_load(path, &contract, &words), ERR_RANGE);
    close(fd);
    unlink(path);
    cr_expect_eq(contract_load(path, &contract, &words), ERR_NOT_FOUND);
    cr_expect_not_null(strstr(words.bytes, "cannot be read"));
    cr_expect_lt(contract_load("/tmp", &contract, &words), 0);
    text_fini(&words);
}

static const char page_start[] = "```json\n";

/* What the page shows must be what the program takes. */
Test(contract, the_example_of_the_page_is_one)
{
    FILE *file = fopen(SOURCE_DIR "/docs/contract.md", "re");
    static char page[64 * 1024];
    struct contract *contract = NULL;
    char words[1024];
    char *start = NULL;
    char *end = NULL;

    cr_assert_not_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    start = strstr(page, page_start);
    cr_assert_not_null(start);
    start += strlen(page_start);
    end = strstr(start, "```");
    cr_assert_not_null(end);
    *end = '\0';
    cr_assert_eq(parse(start, &contract, words, sizeof words), 0, "%s", words);
    cr_expect_gt(contract_claim_count(contract), 10);
    contract_free(contract);
}
