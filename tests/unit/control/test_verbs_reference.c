/*
 * What is written from the command table: the list of commands in man/switchctl.1, between two marks, and
 * src/ctl/verbs.def, from which switchctl completes words without a daemon. To renew them after a change of the table run
 * this test with SWITCHYARD_WRITE_REFERENCE=1.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/command_priv.h"

#define MANUAL SOURCE_DIR "/man/switchctl.1"
#define VERBS  SOURCE_DIR "/src/ctl/verbs.def"
#define BEGIN  ".\\\" written from the command table: SWITCHYARD_WRITE_REFERENCE=1 unit_control\n"
#define END    ".\\\" end of what is written from the command table\n"

static void read_file(const char *path, struct text *out)
{
    char bytes[4096];
    size_t got = 0;
    FILE *file = fopen(path, "r");

    text_init(out, 1u << 20);
    while (file != NULL && (got = fread(bytes, 1, sizeof bytes, file)) > 0)
        text_add_slice(out, slice_of(bytes, got));
    if (file != NULL)
        fclose(file);
}

/* The file holds this; or it is written so. */
static void expect_file(const char *path, const struct text *want)
{
    struct text have;

    if (getenv("SWITCHYARD_WRITE_REFERENCE") != NULL) {
        FILE *file = fopen(path, "w");

        cr_assert_not_null(file, "%s", path);
        cr_assert_eq(fwrite(want->bytes, 1, want->len, file), want->len);
        fclose(file);
    }
    read_file(path, &have);
    cr_expect(slice_is_equal(text_slice(&have), text_slice(want)),
              "%s is not what the command table says; run with SWITCHYARD_WRITE_REFERENCE=1", path);
    text_fini(&have);
}

static void add_c_text(struct text *out, const char *words)
{
    text_add(out, "\"");
    for (; *words != '\0'; words++) {
        if (*words == '"' || *words == '\\')
            text_add(out, "\\");
        text_add_slice(out, slice_of(words, 1));
    }
    text_add(out, "\"");
}

Test(verbs_reference, completion_knows_the_table)
{
    const struct command *command = NULL;
    const struct command_alias *alias = NULL;
    struct text file;

    text_init(&file, 1u << 20);
    text_add(&file, "/* Written from the command table of the daemon, for completion: do not edit, "
                    "run unit_control "
                    "with\n * SWITCHYARD_WRITE_REFERENCE=1. VERB(name, usage, changes), "
                    "ALIAS(name, means). */\n");
    for (unsigned i = 0; (command = command_at(i)) != NULL; i++) {
        text_add(&file, "VERB(");
        add_c_text(&file, command->name);
        text_add(&file, ", ");
        add_c_text(&file, command->usage);
        text_add_format(&file, ", %d)\n", (command->options & ARGS_REASON) != 0);
    }
    for (unsigned i = 0; (alias = command_alias_at(i)) != NULL; i++)
        text_add_format(&file, "ALIAS(\"%s\", \"%s\")\n", alias->name, alias->means);
    expect_file(VERBS, &file);
    text_fini(&file);
}

/* Text as troff takes it: a line never begins with a control character, and a dash is one. */
static void add_roff(struct text *out, const char *words)
{
    for (; *words != '\0'; words++) {
        if (*words == '-' || *words == '\\')
            text_add(out, "\\");
        if (*words == '\\')
            text_add(out, "e");
        else if (*words == '"')
            text_add(out, "\\(dq");
        else if (*words == '`')
            text_add(out, "\\(ga");
        else if (*words == '\'')
            text_add(out, "\\(aq");
        else
            text_add_slice(out, slice_of(words, 1));
    }
}

static void add_command(struct text *out, const struct command *command)
{
    text_add(out, ".TP\n\\fB");
    add_roff(out, command->name);
    text_add(out, "\\fR ");
    add_roff(out, command->usage);
    if (out->bytes[out->len - 1] == ' ')
        out->bytes[--out->len] = '\0';
    text_add(out, "\n\\&");
    add_roff(out, command->help);
    text_add_format(out, " (%s)\n", level_name(command->level));
}

Test(verbs_reference, the_manual_lists_the_table)
{
    const struct command *command = NULL;
    const struct command_alias *alias = NULL;
    const char *begin = NULL;
    const char *end = NULL;
    struct text page;
    struct text have;

    read_file(MANUAL, &have);
    begin = have.len > 0 ? strstr(have.bytes, BEGIN) : NULL;
    end = begin != NULL ? strstr(begin, END) : NULL;
    cr_assert_not_null(end, "%s lacks the marks", MANUAL);
    text_init(&page, 1u << 20);
    text_add_slice(&page, slice_of(have.bytes, (size_t)(begin - have.bytes)));
    text_add(&page,
             BEGIN ".SH ALL COMMANDS\nIn brief, with the level that each needs. Every one takes "
                   "\\fB\\-\\-timeout\\fR \\fID\\fR and \\fB\\-\\-as\\fR \\fINAME\\fR.\n");
    for (unsigned i = 0; (command = command_at(i)) != NULL; i++)
        add_command(&page, command);
    text_add(&page, ".PP\nOther spellings:\n");
    for (unsigned i = 0; (alias = command_alias_at(i)) != NULL; i++)
        text_add_format(&page, "%s\\fB%s\\fR is \\fB%s\\fR", i > 0 ? ",\n" : "", alias->name,
                        alias->means);
    text_add(&page, ".\n");
    text_add(&page, end);
    expect_file(MANUAL, &page);
    text_fini(&page);
    text_fini(&have);
}
