/* The reference of options as text, in Markdown and for man(1): see config/reference.h. */
#include "config/reference.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "config/option_decimal_priv.h"
#include "config/option_value_priv.h"

static const char *const kind_words[] = {
    [KIND_COUNT] = "number",
    [KIND_DURATION] = "duration",
    [KIND_DEADLINE] = "duration or `never`",
    [KIND_SIZE] = "size",
    [KIND_PERCENT] = "percentage",
    [KIND_MODE] = "octal mode",
    [KIND_SHARE] = "share",
    [KIND_POINTS] = "points",
    [KIND_RATIO] = "ratio",
    [KIND_NUMBER] = "number",
    [KIND_FILE] = "absolute path",
    [KIND_ACCOUNT] = "name",
    [KIND_NAME] = "name",
    [KIND_PATH] = "path of a URL",
    [KIND_METHOD] = "method",
    [KIND_AUTHORITY] = "host",
    [KIND_PRINTABLE] = "text",
    [KIND_MESSAGE] = "text",
    [KIND_TOKEN] = "name of a cookie",
    [KIND_FIELD_NAME] = "name of a header field",
    [KIND_JSON_PATH] = "path into JSON",
    [KIND_DSN] = "connection string",
    [KIND_VERSIONS] = "word or statement",
    [KIND_SECRET] = "secret",
    [KIND_HASH] = "source",
    [KIND_EVIDENCE_KEY] = "key",
    [KIND_BIND] = "address",
    [KIND_NETS] = "list of networks",
    [KIND_HOSTS] = "list of hosts",
    [KIND_PATHS] = "list of paths",
    [KIND_NAMES] = "list of names",
    [KIND_WORDS] = "list of texts",
    [KIND_FILES] = "list of absolute paths",
    [KIND_ALPN] = "list of protocols",
    [KIND_HEADERS] = "list of header fields",
    [KIND_TARGETS] = "list of targets",
    [KIND_STATUSES] = "list of statuses",
    [KIND_ASSERTIONS] = "list of assertions",
    [KIND_JSON_PATHS] = "list of paths into JSON",
    [KIND_SOURCES] = "list of sources",
    [KIND_KEYS] = "list of keys",
    [KIND_SHARES] = "list of shares",
    [KIND_REQUEST_RULES] = "list of header fields",
    [KIND_RESPONSE_RULES] = "list of header fields",
    [KIND_REQUEST_NAMES] = "list of names of header fields",
    [KIND_RESPONSE_NAMES] = "list of names of header fields",
    [KIND_STATEMENTS] = "list of statements",
};

static const char *const syntax[] = {
    "Options are `name = value`, blocks `name { ... }` or `name title { ... }`, lists `{ \"a\", "
    "\"b\" }`.",
    "Comments start with `#` or `//`, or stand between `/*` and `*/`.",
    "Values with other signs than letters, digits, `.`, `-`, `_`, `:` and `/` are quoted; a string "
    "ends on its line and knows the escapes `\\\"`, `\\\\` and `\\$`.",
    "`${NAME}` is replaced by a variable of the environment, `${NAME:-default}` by the default "
    "when "
    "it is not set; not inside single quotes.",
    "`include(\"file\")` puts another file in place; its path starts from the folder of the file "
    "that includes it. With `*`, `?` or `[...]` in the name of the file, all files that fit are "
    "included in the order of their names; that may be none.",
    "Durations have a unit: `us`, `ms`, `s`, `m`, `h` or `d`. Sizes are bytes, or have `k`, `m` or "
    "`g`.",
    "Secrets are never shown again: `switchyard -T` and `show config` have `(secret)` in their "
    "place. Take them from the environment.",
    "An unknown word, a word given twice, a bad value or a name that does not exist is an error "
    "with file, line and column; `switchyard -t` shows all of them and `switchyard -T` the result "
    "with every "
    "default.",
};

#define SYNTAX_COUNT (sizeof syntax / sizeof syntax[0])

static void add_type(const struct option_row *row, struct text *out)
{
    char low[32];
    char high[32];

    if (option_value_choices(row->kind, out))
        return;
    text_add(out, kind_words[row->kind]);
    if (row->kind >= KIND_BOOL || row->kind == KIND_MODE || row->max == INT64_MAX)
        return;
    if (option_decimal_is(row->kind)) {
        text_add(out, ", ");
        option_decimal_format(row->kind, row->min, out);
        text_add(out, " to ");
        option_decimal_format(row->kind, row->max, out);
        return;
    }
    if (row->kind == KIND_DURATION || row->kind == KIND_DEADLINE) {
        num_format_duration(row->min, low);
        num_format_duration(row->max, high);
        text_add_format(out, ", %s to %s", low, high);
        return;
    }
    text_add_format(out, ", %llu to %llu%s", (unsigned long long)row->min,
                    (unsigned long long)row->max, row->kind == KIND_PERCENT ? " %" : "");
}

static void add_default(const struct option_row *row, struct text *out)
{
    if (row->fallback == NULL)
        text_add(out, "must be given");
    else if (row->fallback[0] == '\0')
        text_add(out, "none");
    else
        text_add(out, row->fallback);
}

/* "service NAME / health" */
static void add_heading(enum block_id id, struct text *out)
{
    const struct block_row *row = &option_table_blocks[id];

    if (id == BLOCK_ROOT) {
        text_add(out, "Top level");
        return;
    }
    if (row->parent != BLOCK_ROOT) {
        add_heading(row->parent, out);
        text_add(out, " / ");
    }
    text_add(out, row->word);
    if (row->is_titled)
        text_add(out, " NAME");
}

static void add_block_markdown(enum block_id id, struct text *out)
{
    text_add(out, "\n## ");
    add_heading(id, out);
    text_add_format(out, "\n\n%s\n", option_table_blocks[id].sentence);
    if (option_table_blocks[id].options_of != id)
        return;
    text_add(out, "\n| option | value | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < option_table_count; i++) {
        const struct option_row *row = &option_table_rows[i];

        if (row->block != id)
            continue;
        text_add_format(out, "| `%s` | ", row->name);
        add_type(row, out);
        text_add(out, " | ");
        add_default(row, out);
        text_add_format(out, " | %s%s |\n", row->sentence, row->is_live ? "" : " *Restart.*");
    }
}

void reference_markdown(struct text *out)
{
    text_add(
        out,
        "# Configuration files and the reference of options\n"
        "\n"
        "- `minimal.conf`: the least that works.\n"
        "- `quickstart.conf`: a blue and a green app on this machine.\n"
        "- `canary.conf`: a release on a growing share of the users; testers by preview.\n"
        "- `tenants.conf`: customers one by one, with a list of pins (`pilots.list`), in two "
        "services "
        "that switch together.\n"
        "- `health.conf`: what apps say of themselves decides, and who fails users is taken out.\n"
        "- `demo-db/`: schema, migrations and contracts of `scripts/quickstart --with-postgres`.\n"
        "- `websocket.conf`: long-lived connections and how they leave a slot.\n"
        "- `switchyard.conf`: every option with its default, to copy from; it passes "
        "`switchyard -t` as it is, and what needs keys and certificates of yours stands in it "
        "behind `#|`. To begin with, `minimal.conf` is enough.\n"
        "\n"
        "Below is the reference, made from the table that also makes the checks. Options marked "
        "*Restart* take effect at the next start, all others at a reload (`SIGHUP`).\n"
        "\n");
    for (size_t i = 0; i < SYNTAX_COUNT; i++)
        text_add_format(out, "- %s\n", syntax[i]);
    for (enum block_id id = BLOCK_ROOT; id < BLOCK_COUNT; id++)
        add_block_markdown(id, out);
}

/* Escapes what roff would read as a command, a minus as such, and drops Markdown's backquotes. */
static void add_roff(struct text *out, const char *words)
{
    for (; *words != '\0'; words++) {
        if (*words == '\\')
            text_add(out, "\\e");
        else if (*words == '-')
            text_add(out, "\\-");
        else if (*words == '\'')
            text_add(out, "\\(aq");
        else if (*words != '`')
            text_add_slice(out, slice_of(words, 1));
    }
}

static void add_option_man(const struct option_row *row, struct text *out)
{
    struct text line;

    text_init(&line, 1024);
    text_add(&line, "(");
    add_type(row, &line);
    text_add(&line, "; default: ");
    add_default(row, &line);
    text_add(&line, ") ");
    text_add(&line, row->sentence);
    if (!row->is_live)
        text_add(&line, " Takes effect at the next start.");
    text_add_format(out, ".TP\n.B %s\n", row->name);
    add_roff(out, line.bytes);
    text_add(out, "\n");
    text_fini(&line);
}

static void add_block_man(enum block_id id, struct text *out)
{
    text_add(out, ".SS ");
    add_heading(id, out);
    text_add(out, "\n");
    add_roff(out, option_table_blocks[id].sentence);
    text_add(out, "\n");
    for (size_t i = 0; i < option_table_count; i++)
        if (option_table_rows[i].block == id)
            add_option_man(&option_table_rows[i], out);
}

void reference_man(struct text *out)
{
    text_add(out, ".TH SWITCHYARD.CONF 5 \"2026-11-21\" \"Switchyard\" \"Switchyard\"\n"
                  ".SH NAME\n"
                  "switchyard.conf \\- configuration of switchyard(8)\n"
                  ".SH SYNTAX\n");
    for (size_t i = 0; i < SYNTAX_COUNT; i++) {
        add_roff(out, syntax[i]);
        text_add(out, "\n.PP\n");
    }
    text_add(out, "All options but those marked take effect at a reload (SIGHUP).\n"
                  ".SH BLOCKS AND OPTIONS\n");
    for (enum block_id id = BLOCK_ROOT; id < BLOCK_COUNT; id++)
        add_block_man(id, out);
    text_add(out, ".SH FILES\n"
                  "/etc/switchyard/switchyard.conf\n"
                  ".SH SEE ALSO\n"
                  "switchyard(8), switchctl(1)\n");
}
