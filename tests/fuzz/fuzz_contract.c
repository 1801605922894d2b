/* room: store
 *
 * Any bytes as a contract. What is taken is judged against a database that has one table; what is refused has words.
 */
#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "store/contract.h"
#include "store/look_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void answer(struct look *look, unsigned question, int columns, const char *const *cells)
{
    PGresult *rows = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc descriptions[12];
    static char name[] = "c";

    memset(descriptions, 0, sizeof descriptions);
    for (int i = 0; i < columns; i++)
        descriptions[i].name = name;
    CHECK(PQsetResultAttrs(rows, columns, descriptions) == 1);
    for (int i = 0; i < columns; i++)
        CHECK(PQsetvalue(rows, 0, i, (char *)(uintptr_t)cells[i], (int)strlen(cells[i])) == 1);
    CHECK(look_take(look, question, rows));
    PQclear(rows);
}

static struct look *make_look(void)
{
    static const char *const facts[] = { "1", "d", "150000", "1", "f", "f",
                                         "1", "f", "f",      "f", "f", "f" };
    static const char *const column[] = { "public", "t", "a", "numeric(10,2)", "t", "f", "f", "r" };
    static const char *const label[] = { "public", "e", "a" };
    static const char *const index[] = { "public", "i", "t", "t" };
    static const char *const function[] = { "public", "f", "integer" };
    const struct look_wishes wishes = { .has_shape = true };
    struct look *look = look_new(&wishes);

    answer(look, 0, 12, facts);
    answer(look, 1, 8, column);
    answer(look, 2, 3, label);
    answer(look, 3, 4, index);
    answer(look, 4, 3, function);
    return look;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct contract *contract = NULL;
    struct text words;

    text_init(&words, 64 * 1024);
    if (contract_parse(slice_of((const char *)bytes, count), "f", &contract, &words) == 0) {
        struct look *look = make_look();
        size_t failures = contract_judge(contract, look, &words);

        CHECK(failures == 0 || words.len > 0);
        look_free(look);
        contract_free(contract);
    } else {
        CHECK(words.len > 0);
    }
    text_fini(&words);
    return 0;
}
