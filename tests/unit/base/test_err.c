/* Names of failures and the mapping from errno. */
#include "base/err.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

Test(err, every_one_has_a_name_of_its_own)
{
    for (int i = 0; i >= ERR_UNREACHABLE; i--) {
        cr_expect_not_null(err_name(i), "%d", i);
        cr_expect_str_neq(err_name(i), "unknown", "%d", i);
        for (int k = 0; k > i; k--)
            cr_expect_str_neq(err_name(i), err_name(k));
    }
}

Test(err, anything_else_is_unknown)
{
    cr_expect_str_eq(err_name(ERR_OK), "ok");
    cr_expect_str_eq(err_name(ERR_AGAIN), "again");
    cr_expect_str_eq(err_name(1), "unknown");
    cr_expect_str_eq(err_name(ERR_UNREACHABLE - 1), "unknown");
    cr_expect_str_eq(err_name(INT_MAX), "unknown");
    cr_expect_str_eq(err_name(INT_MIN), "unknown");
}

struct row {
    int error_number;
    int err;
};

static const struct row rows[] = {
    { EAGAIN, ERR_AGAIN },
    { EINPROGRESS, ERR_AGAIN },
    { ECONNRESET, ERR_RESET },
    { ECONNABORTED, ERR_RESET },
    { EPIPE, ERR_RESET },
    { ECONNREFUSED, ERR_REFUSED },
    { ETIMEDOUT, ERR_TIMEOUT },
    { EHOSTUNREACH, ERR_UNREACHABLE },
    { ENETUNREACH, ERR_UNREACHABLE },
    { EADDRNOTAVAIL, ERR_UNREACHABLE },
    { EMFILE, ERR_NO_FD },
    { ENFILE, ERR_NO_FD },
    { ENOSPC, ERR_NO_SPACE },
    { EDQUOT, ERR_NO_SPACE },
    { EFBIG, ERR_NO_SPACE },
    { ENOENT, ERR_NOT_FOUND },
    { EEXIST, ERR_EXISTS },
    { EACCES, ERR_DENIED },
    { EPERM, ERR_DENIED },
    { EROFS, ERR_DENIED },
    { EINVAL, ERR_INVALID },
    { EIO, ERR_IO },
    { 0, ERR_IO },
    { -1, ERR_IO },
};

Test(err, maps_errno)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        cr_expect_eq(err_from_errno(rows[i].error_number), rows[i].err, "%s",
                     strerror(rows[i].error_number));
}

Test(err, no_errno_is_success)
{
    for (int i = -10; i < 200; i++)
        cr_expect_lt(err_from_errno(i), 0, "%d", i);
}
