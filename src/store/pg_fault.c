/* What servers say: see pg_fault_priv.h. */
#include "store/pg_fault_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

enum { STATE_BYTES = 5, LINES_MAX = 32 };

struct remedy {
    const char *state; /* or the first two bytes of it: the class */
    const char *words;
};

static const struct remedy remedies[] = {
    { "28P01", "check the user of the dsn and the password in the passfile" },
    { "28000", "check the user of the dsn and pg_hba.conf on the server" },
    { "3D000", "check dbname in the dsn" },
    { "53300", "raise max_connections, or find who holds them in pg_stat_activity" },
    { "53", "the server has run out of something; look into its log" },
    { "57P01", "somebody ends sessions or stops the server; it is connected to again by itself" },
    { "57P02", "a process of the server crashed; look into its log" },
    { "57P03", "it starts, stops or recovers; it is connected to again by itself" },
    { "57014", "it took too long: raise query_timeout, or find out what blocks the server" },
    { "42501", "give the role the right to it: GRANT pg_monitor, USAGE and SELECT" },
    { "42", "check the statements and the search_path of the block database" },
    { "22", "check the search_path of the block database" },
    { "08", "check that a server of PostgreSQL listens there" },
};

static const char *const of_kinds[] = {
    [PG_FAULT_NAMES] = "check the host in the dsn and the resolver, or give hostaddr",
    [PG_FAULT_SILENT] =
        "check that the server is not stopped or overloaded and that no firewall is in between",
    [PG_FAULT_REFUSED] = "check that the server runs, and host and port in the dsn",
    [PG_FAULT_LOST] = "it is connected to again by itself; look into the log of the server",
    [PG_FAULT_LOCAL] = "look at the limits of this machine",
};

static void choose_remedy(struct pg_fault *fault)
{
    const char *words = of_kinds[fault->kind];

    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (fault->sqlstate[0] == '\0' ||
            strncmp(fault->sqlstate, remedies[i].state, strlen(remedies[i].state)) != 0)
            continue;
        words = remedies[i].words;
        break;
    }
    if (fault->sqlstate[0] == '\0' && strstr(fault->words, "no password supplied") != NULL)
        words = "name a file with the password in the option passfile; nobody but its owner may "
                "read it";
    if (strstr(fault->words, "certificate") != NULL)
        words = "check sslrootcert, sslcert and the host of the dsn";
    snprintf(fault->remedy, sizeof fault->remedy, "%s", words);
}

/* Bytes of the UTF-8 character at text, of at most len; 0: it is none. */
static size_t measure_character(const char *text, size_t len)
{
    unsigned char c = (unsigned char)text[0];
    size_t size = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

    if (size == 0 || size > len)
        return 0;
    for (size_t i = 1; i < size; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

void pg_fault_clean(const char *text, char *out, size_t size)
{
    size_t len = strlen(text);
    size_t at = 0;
    size_t used = 0;

    while (at < len) {
        size_t bytes = measure_character(text + at, len - at);
        bool is_shown = bytes > 0 && (unsigned char)text[at] >= 0x20 && text[at] != 0x7f;
        size_t put = is_shown ? bytes : 1;

        if (used + put >= size)
            break;
        if (is_shown)
            memcpy(out + used, text + at, bytes);
        else
            out[used] = bytes > 0 ? ' ' : '?';
        used += put;
        at += is_shown ? bytes : 1;
    }
    out[used] = '\0';
}

static bool is_state(const char *text)
{
    for (size_t i = 0; i < STATE_BYTES; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'Z')))
            return false;
    return text[STATE_BYTES] == ':' && text[STATE_BYTES + 1] == ' ';
}

/* "FATAL:  28P01: words": the state, which is cut out of the line. */
static void take_state(char *line, char *state)
{
    for (char *at = strstr(line, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        char *word = at + 3;

        if (strlen(word) <= STATE_BYTES + 1 || !is_state(word))
            continue;
        memcpy(state, word, STATE_BYTES);
        state[STATE_BYTES] = '\0';
        word += STATE_BYTES + 2;
        memmove(at + 2, word, strlen(word) + 1);
        return;
    }
}

/* Hints of libpq and places in the source of the server say nothing to who reads a status. */
static bool is_wanted(struct slice line)
{
    static const char *const left_out[] = {
        "\t", " ", "LOCATION:", "DETAIL:", "HINT:", "CONTEXT:"
    };

    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (slice_starts_with(line, slice_from(left_out[i])))
            return false;
    return line.len > 0;
}

static void add_line(struct pg_fault *fault, struct slice line)
{
    char text[sizeof fault->words];
    size_t used = strlen(fault->words);

    snprintf(text, sizeof text, "%.*s", SLICE_ARG(line));
    take_state(text, fault->sqlstate);
    if (strstr(fault->words, text) != NULL) /* with TLS and without it */
        return;
    snprintf(fault->words + used, sizeof fault->words - used, "%s%s", used > 0 ? "; " : "", text);
}

void pg_fault_set(struct pg_fault *fault, enum pg_fault_kind kind, const char *format, ...)
{
    char words[sizeof fault->words];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    *fault = (struct pg_fault){ .kind = kind };
    pg_fault_clean(words, fault->words, sizeof fault->words);
    choose_remedy(fault);
}

void pg_fault_read(struct pg_fault *fault, enum pg_fault_kind kind, const char *message)
{
    struct slice rest = slice_from(message != NULL ? message : "");
    struct slice line = { NULL, 0 };
    char words[sizeof fault->words];

    *fault = (struct pg_fault){ .kind = kind };
    for (unsigned i = 0; i < LINES_MAX && rest.len > 0 && slice_next(&rest, '\n', &line); i++)
        if (is_wanted(line))
            add_line(fault, line);
    if (fault->words[0] == '\0')
        snprintf(fault->words, sizeof fault->words, "the server did not say why");
    memcpy(words, fault->words, sizeof words);
    pg_fault_clean(words, fault->words, sizeof fault->words);
    choose_remedy(fault);
}

void pg_fault_read_result(struct pg_fault *fault, const char *question, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    pg_fault_set(fault, PG_FAULT_REFUSED, "%s: %.180s", question,
                 words != NULL ? words : "the server did not say why");
    if (state != NULL)
        pg_fault_clean(state, fault->sqlstate, sizeof fault->sqlstate);
    choose_remedy(fault);
}

bool pg_fault_is_end(const char *sqlstate)
{
    return sqlstate != NULL && strncmp(sqlstate, "57P", 3) == 0;
}
