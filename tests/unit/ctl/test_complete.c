/* Completion of words: src/ctl/complete.c, over the real table of commands. */
#include <criterion/criterion.h>
#include <string.h>

#include "ctl/complete.h"

enum { WORDS_MAX = 8 };

static void some_names(void *arg, enum complete_names kind,
                       void (*add)(void *add_arg, const char *name), void *add_arg)
{
    (void)arg;
    switch (kind) {
    case COMPLETE_SERVICES:
        add(add_arg, "shop");
        add(add_arg, "api");
        add(add_arg, "shop");
        add(add_arg, "bad\nname");
        return;
    case COMPLETE_SLOTS:
        add(add_arg, "blue");
        add(add_arg, "green");
        return;
    case COMPLETE_PATHS: add(add_arg, "shop/blue"); return;
    case COMPLETE_TARGETS: add(add_arg, "shop/blue/127.0.0.1:80"); return;
    }
}

struct completion {
    const char *words[WORDS_MAX]; /* the last one is typed */
    const char *out;
};

static const struct completion completions[] = {
    { { "sw" }, "switch\n" },
    { { "promo" }, "promote\n" },
    { { "wat" }, "watch\n" },
    { { "can" }, "canary\n" },
    { { "canary", "st" }, "start\nstep\nstatus\n" },
    { { "db", "li" }, "lint\n" },
    { { "db", "pl" }, "plan\n" },
    { { "db", "app" }, "approve\napply\n" },
    { { "db", "pro" }, "prove\n" },
    { { "db", "apply", "--em" }, "--emergency\n" },
    { { "db", "plan", "--transaction", "" }, "auto\nwrap\nnone\n" },
    { { "db", "prove", "--ti" }, "" },
    { { "tok" }, "token\n" },
    { { "token", "" }, "inspect\n" },
    { { "token", "--role" }, "--role\n--role-claim\n" },
    { { "token", "--role", "" }, "viewer\ndeployer\noperator\nadmin\n" },
    { { "token", "--role", "admin", "--as" }, "" },
    { { "switch", "" }, "shop\napi\n" },
    { { "promote", "s" }, "shop\n" },
    { { "switch", "shop", "--to", "" }, "blue\ngreen\n" },
    { { "switch", "--to", "green", "a" }, "api\n" },
    { { "switch", "shop", "--re" }, "--reason\n" },
    { { "switch", "shop", "--reason", "" }, "" },
    { { "switch", "shop", "more" }, "" },
    { { "rollout", "start", "shop", "--plan", "" }, "canary\nswitch\n" },
    { { "drain", "shop/" }, "shop/blue\n" },
    { { "drain", "" }, "shop\napi\nshop/blue\n" },
    { { "target", "set", "shop/" }, "shop/blue/127.0.0.1:80\n" },
    { { "target", "set", "x", "dr" }, "drain\n" },
    { { "tenant", "pin", "acme", "g" }, "green\n" },
    { { "completion", "" }, "bash\nzsh\n" },
    { { "--json", "-s", "/x", "wat" }, "watch\n" },
    { { "-s", "" }, "" },
    { { "--js" }, "--json\n" },
    { { "plan", "swi" }, "switch\n" },
    { { "nonsense", "a" }, "" },
    { { "lock", "acq" }, "acquire\n" },
};

Test(complete, what_may_follow)
{
    for (size_t i = 0; i < sizeof completions / sizeof completions[0]; i++) {
        const struct completion *row = &completions[i];
        struct complete complete = { .words = row->words, .names = some_names };
        struct text out;

        while (complete.count < WORDS_MAX && row->words[complete.count] != NULL)
            complete.count++;
        text_init(&out, 65536);
        complete_words(&complete, &out);
        cr_expect_str_eq(out.bytes != NULL ? out.bytes : "", row->out, "case %zu (%s): %s", i,
                         row->words[complete.count - 1], out.bytes);
        text_fini(&out);
    }
}

/* Without a daemon there are verbs and options, and no names. */
Test(complete, needs_no_daemon)
{
    static const char *const words[] = { "switch", "" };
    static const char *const options[] = { "switch", "--" };
    struct text out;

    text_init(&out, 65536);
    complete_words(&(struct complete){ .count = 2, .words = words }, &out);
    cr_expect_eq(out.len, 0);
    complete_words(&(struct complete){ .count = 2, .words = options }, &out);
    cr_expect_not_null(strstr(out.bytes, "--to\n"));
    cr_expect_not_null(strstr(out.bytes, "--timeout\n"));
    text_fini(&out);
}
