/* Comments, psql's own words and the ends of statements: src/lint/lexer.c, src/lint/place.c. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lint/lexer_priv.h"
#include "lint/place_priv.h"

#define ATOMIC_BODY                                                                                \
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN 1=1 THEN 1 END; SELECT 2; END"

static struct lexer lexer;

static void run(const char *sql)
{
    lexer_run(&lexer, slice_from(sql));
    cr_assert_eq(lexer.length, strlen(sql));
    cr_assert_eq(strlen(lexer.text), strlen(sql));
}

static void expect_piece(size_t at, const char *sql, const char *words)
{
    const struct lex_piece *piece = &lexer.pieces[at];

    cr_assert_lt(at, lexer.piece_count);
    cr_expect_eq(piece->end - piece->start, strlen(words), "%.*s", (int)(piece->end - piece->start),
                 sql + piece->start);
    cr_expect_eq(strncmp(sql + piece->start, words, strlen(words)), 0);
}

TestSuite(lexer);

/* Each of these is one statement, whatever stands in it. */
Test(lexer, semicolons_that_end_nothing)
{
    static const char *const statements[] = {
        "SELECT 'a;b'",
        "SELECT 'it''s;'",
        "SELECT E'\\';'",
        "SELECT U&'d;\\0061'",
        "SELECT \"a;\"\"b\" FROM t",
        "SELECT $$a;b$$",
        "SELECT $f$a;$$b;$f$",
        "SELECT 1 /* ; /* ; */ ; */ + 2",
        "SELECT 1 -- ; \n + 2",
        "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
        ATOMIC_BODY,
        "SELECT a[1:2], b::text, $1 FROM t",
        "SELECT 'unfinished; ",
        "SELECT $tag$ unfinished; ",
        "SELECT /* unfinished; ",
    };

    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        run(statements[i]);
        cr_expect_eq(lexer.piece_count, 1, "%zu: %s", lexer.piece_count, statements[i]);
        lexer_fini(&lexer);
    }
}

Test(lexer, statements_begin_behind_comments)
{
    const char *sql = "-- first\n SELECT 1 ; /* x */ SELECT 2 -- behind\n;;  SELECT 3";

    run(sql);
    cr_assert_eq(lexer.piece_count, 3);
    expect_piece(0, sql, "SELECT 1");
    expect_piece(1, sql, "SELECT 2");
    expect_piece(2, sql, "SELECT 3");
    cr_expect_eq(lexer.note_count, 3);
    lexer_fini(&lexer);
}

Test(lexer, commands_of_psql_are_blanked)
{
    const char *sql = "\\set x 1\nSELECT 1 \\gset\nSELECT 2;\n\\i other.sql\r\nSELECT 3;";

    run(sql);
    cr_assert_eq(lexer.piece_count, 3);
    expect_piece(0, sql, "SELECT 1");
    expect_piece(2, sql, "SELECT 3");
    cr_expect_eq(lexer.note_count, 3);
    cr_expect_eq(lexer.notes[0].kind, LEX_META);
    cr_expect_null(strchr(lexer.text, '\\'));
    cr_expect_not_null(strchr(lexer.text, ';'));
    lexer_fini(&lexer);
}

Test(lexer, variables_are_not_casts_or_slices)
{
    const char *sql = "SELECT :a, :'b', :\"c\", d::int, e[1:f], (g) := 1";
    size_t count = 0;

    run(sql);
    for (size_t i = 0; i < lexer.note_count; i++)
        count += lexer.notes[i].kind == LEX_VARIABLE;
    cr_expect_eq(count, 3);
    cr_expect_not_null(strstr(lexer.text, "d::int"));
    cr_expect_not_null(strstr(lexer.text, "[1:f]"));
    cr_expect_not_null(strstr(lexer.text, "SELECT  a,  'b',  \"c\","));
    lexer_fini(&lexer);
}

Test(lexer, copy_data_is_no_sql)
{
    const char *sql =
        "COPY t (a, b) FROM stdin WITH (FORMAT csv);\nDROP TABLE x;\n'\n\\.\nSELECT 1;";

    run(sql);
    cr_assert_eq(lexer.piece_count, 2);
    expect_piece(1, sql, "SELECT 1");
    cr_expect_eq(lexer.notes[0].kind, LEX_COPY_DATA);
    lexer_fini(&lexer);
    run("COPY t FROM '/stdin'; SELECT 1;");
    cr_expect_eq(lexer.piece_count, 2);
    cr_expect_eq(lexer.note_count, 0);
    lexer_fini(&lexer);
}

Test(lexer, deep_statements_are_marked)
{
    char *sql = calloc(1, 60000);

    for (size_t i = 0; i < 50000; i += 2)
        memcpy(sql + i, "1+", 2);
    run(sql);
    cr_expect(lexer.is_deep);
    lexer_fini(&lexer);
    for (size_t i = 0; i < 50000; i += 2)
        memcpy(sql + i, "1,", 2);
    run(sql);
    cr_expect_not(lexer.is_deep); /* wide is not deep */
    lexer_fini(&lexer);
    memset(sql, '(', 300);
    sql[300] = '\0';
    run(sql);
    cr_expect(lexer.is_deep);
    lexer_fini(&lexer);
    free(sql);
}

Test(place, lines_and_characters)
{
    struct place place;
    unsigned line = 0;
    unsigned column = 0;

    place_init(&place, SLICE("ab\nh\xc3\xa9\xc3\xa9x\n"));
    place_find(&place, 8, &line, &column);
    cr_expect_eq(line, 2);
    cr_expect_eq(column, 4); /* two of the characters before it have two bytes */
    place_find(&place, 1, &line, &column);
    cr_expect_eq(line, 1);
    cr_expect_eq(column, 2);
    place_find(&place, 999, &line, &column);
    cr_expect_eq(line, 3);
    cr_expect_eq(place_of_character(SLICE("h\xc3\xa9\xc3\xa9x"), 4), 5);
    cr_expect_eq(place_of_character(SLICE("ab"), 9), 2);
}
