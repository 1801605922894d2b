/* Words for events, and for whom they are. src/control/event_face.c */
#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "config/config.h"
#include "control/event_face_priv.h"

#define EVENT(kind, more)                                                                          \
    "{\"id\":7,\"time\":\"2026-01-02T03:04:05.678Z\",\"kind\":\"" kind                             \
    "\",\"service\":\"shop\"" more "}"
#define CHANGE(change, outcome)                                                                    \
    EVENT("change", ",\"change\":\"" change "\",\"outcome\":\"" outcome                            \
                    "\",\"from\":\"blue\",\"to\":\"green\",\"actor\":\"uid=0\","                   \
                    "\"reason\":\"it is time\",\"gate\":null")
#define ALERT(severity)                                                                            \
    EVENT("alert", ",\"severity\":\"" severity "\",\"trigger\":\"err_mod\",\"words\":\"too "       \
                   "many\"")

static const struct {
    const char *json;
    const char *word;
    enum config_severity severity;
    const char *title;
    const char *text;
} cases[] = {
    { CHANGE("switch", "done"), "switch", CONFIG_SEVERITY_INFO, "shop: switch to green done",
      "blue -> green by uid=0, because it is time" },
    { CHANGE("switch", "failed"), "switch", CONFIG_SEVERITY_CRITICAL,
      "shop: switch to green failed", NULL },
    { CHANGE("rollback", "done"), "rollback", CONFIG_SEVERITY_WARN, "shop: rollback to green done",
      NULL },
    { CHANGE("canary-set", "done"), "canary", CONFIG_SEVERITY_INFO, NULL, NULL },
    { CHANGE("tenant-pin", "done"), "change", CONFIG_SEVERITY_INFO, NULL, NULL },
    { EVENT("rollout", ",\"target\":\"ramping\",\"outcome\":\"done\""), "rollout",
      CONFIG_SEVERITY_INFO, "shop: rollout ramping", NULL },
    { EVENT("rollout", ",\"target\":\"rolled-back\",\"outcome\":\"done\""), "rollout-end",
      CONFIG_SEVERITY_WARN, "shop: rollout rolled-back", NULL },
    { EVENT("rollout", ",\"target\":\"settled\",\"outcome\":\"done\""), "rollout-end",
      CONFIG_SEVERITY_INFO, NULL, NULL },
    { ALERT("critical"), "alert", CONFIG_SEVERITY_CRITICAL, "shop: critical: err_mod", "too many" },
    { EVENT("verdict", ",\"slot\":\"green\",\"target\":\"a:1\",\"was\":\"up\",\"is\":\"down\","
                       "\"words\":\"refused\""),
      "verdict", CONFIG_SEVERITY_WARN, "shop/green: target a:1 is down",
      "it was up, because refused" },
    { EVENT("database", ",\"subject\":\"rollback-safe\",\"severity\":\"warn\",\"was\":\"yes\","
                        "\"is\":\"no\",\"words\":\"a column is missing\""),
      "database", CONFIG_SEVERITY_WARN, "shop: rollback safe: no",
      "it was yes; a column is missing" },
    { EVENT("database", ",\"subject\":\"database\",\"severity\":\"info\",\"was\":null,"
                        "\"is\":\"up\",\"database\":\"main\",\"words\":\"\""),
      "database", CONFIG_SEVERITY_INFO, "database main: up", "" },
    { EVENT("database", ",\"subject\":\"snapshot\",\"severity\":\"warn\",\"is\":\"failed\","
                        "\"database\":\"main\",\"words\":\"no room\""),
      "database", CONFIG_SEVERITY_WARN, "database main: snapshot failed", "no room" },
    { EVENT("action", ",\"action\":\"fix\",\"words\":\"exit 0\""), "action", CONFIG_SEVERITY_INFO,
      "shop: action fix", "exit 0" },
    { EVENT("reload", ",\"change\":\"reload\",\"outcome\":\"refused\""), "reload",
      CONFIG_SEVERITY_INFO, "shop: reload refused", NULL },
};

Test(event_face, has_words_for_every_kind)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event_face face;

        cr_assert_eq(event_face_make(slice_from(cases[i].json), NULL, 1, &face), ERR_OK, "%zu", i);
        cr_expect_str_eq(face.word, cases[i].word, "%s: %s", cases[i].json, face.word);
        cr_expect_eq(face.severity, cases[i].severity, "%s", cases[i].json);
        cr_expect_str_eq(face.id, "7");
        if (cases[i].title != NULL)
            cr_expect_str_eq(face.title, cases[i].title, "%s", face.title);
        if (cases[i].text != NULL)
            cr_expect_str_eq(face.text, cases[i].text, "%s", face.text);
        event_face_free(&face);
    }
}

Test(event_face, counts_and_refuses)
{
    struct event_face face;

    cr_assert_eq(event_face_make(SLICE(ALERT("warn")), "x", 3, &face), ERR_OK);
    cr_expect_str_eq(face.title, "shop: warn: err_mod (3 times)");
    cr_expect_str_eq(face.id, "x");
    cr_expect_str_eq(face.key, "shop err_mod warn");
    event_face_free(&face);
    cr_expect_eq(event_face_make(SLICE("{}"), NULL, 1, &face), ERR_INVALID);
    cr_expect_eq(event_face_make(SLICE("[\"kind\"]"), NULL, 1, &face), ERR_INVALID);
    cr_expect_eq(event_face_make(SLICE("{\"kind\":\"alert\""), NULL, 1, &face), ERR_INVALID);
}

static char word_alert[] = "alert", word_rollout[] = "rollout", word_all[] = "all";
static char name_shop[] = "shop", name_api[] = "api", name_release[] = "release";

static bool is_meant(const char *json, struct config_event_choice choice)
{
    static char *members[] = { name_shop };
    struct config_group group = { .name = name_release, .names = { members, 1 } };
    struct config config = { .groups = &group, .group_count = 1 };
    struct event_face face;
    bool meant = false;

    cr_assert_eq(event_face_make(slice_from(json), NULL, 1, &face), ERR_OK);
    meant = event_face_is_meant(&face, &choice, &config);
    event_face_free(&face);
    return meant;
}

Test(event_face, knows_for_whom_it_is)
{
    char *alert[] = { word_alert }, *rollout[] = { word_rollout }, *all[] = { word_all };
    char *shop[] = { name_shop }, *api[] = { name_api }, *release[] = { name_release };
    struct config_event_choice choice = { .events = { alert, 1 },
                                          .min_severity = CONFIG_SEVERITY_WARN };
    const char *settled = EVENT("rollout", ",\"target\":\"settled\"");
    const char *of_group = "{\"id\":1,\"kind\":\"alert\",\"service\":\"release\",\"severity\":"
                           "\"critical\"}";

    cr_expect(is_meant(ALERT("warn"), choice));
    cr_expect_not(is_meant(ALERT("info"), choice));
    cr_expect_not(is_meant(CHANGE("switch", "done"), choice));
    choice.services = (struct config_texts){ shop, 1 };
    cr_expect(is_meant(ALERT("critical"), choice));
    cr_expect(is_meant(of_group, choice), "the group has the service in it");
    choice.services = (struct config_texts){ release, 1 };
    cr_expect(is_meant(ALERT("critical"), choice), "the service is of the group");
    choice.services = (struct config_texts){ api, 1 };
    cr_expect_not(is_meant(ALERT("critical"), choice));
    choice = (struct config_event_choice){ .events = { rollout, 1 } };
    cr_expect(is_meant(settled, choice), "an end is a phase, too");
    choice.events = (struct config_texts){ all, 1 };
    cr_expect(is_meant(settled, choice));
    cr_expect(is_meant(CHANGE("switch", "done"), choice));
}
