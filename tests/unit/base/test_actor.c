/* Who is one and the same person, and who is not. */
#include <criterion/criterion.h>

#include "base/actor.h"

Test(actor, comes_through_several_doors)
{
    static const struct {
        const char *a, *b;
        bool is_same;
    } cases[] = {
        { "uid=7(ann) pid=9", "uid=7(ann) pid=10 as=bob", true },
        { "uid=7(ann) pid=9", "sub=ann", true },
        { "uid=0 pid=1", "sub=root", true },
        { "uid=0(root)", "sub=root", true },
        { "cert=CN=ann,O=Acme sha256=0123", "sub=ann", true },
        { "cert=O=Acme,CN=ann sha256=0123", "uid=7(ann)", true },
        { "cert=CN=ann,O=Acme sha256=0123", "cert=CN=ann,O=Acme sha256=4567", true },
        { "cert=CN=ann,O=Acme", "cert=CN=bob,O=Acme", false },
        { "cert=O=Acme", "sub=Acme", false },
        { "uid=7(ann) as=bob", "sub=bob", false },
        { "uid=7", "uid=8", false },
        { "uid=7", "sub=7", false },
        { "sub=", "sub=x", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(actor_is_same_person(cases[i].a, cases[i].b), cases[i].is_same, "%s, %s",
                     cases[i].a, cases[i].b);
        cr_expect_eq(actor_is_same_person(cases[i].b, cases[i].a), cases[i].is_same, "%s, %s",
                     cases[i].b, cases[i].a);
    }
    cr_expect(slice_is_equal(actor_user("uid=7(ann) pid=9"), SLICE("uid=7(ann)")));
}
