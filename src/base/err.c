/* Names of expected failures: see base/err.h. */
#include "base/err.h"

#include <errno.h>
#include <stddef.h>

static const char *const names[] = {
    [0] = "ok",
    [-ERR_AGAIN] = "again",
    [-ERR_RESET] = "reset",
    [-ERR_IO] = "io",
    [-ERR_INVALID] = "invalid",
    [-ERR_RANGE] = "range",
    [-ERR_NOT_FOUND] = "not found",
    [-ERR_EXISTS] = "exists",
    [-ERR_FULL] = "full",
    [-ERR_TIMEOUT] = "timeout",
    [-ERR_REFUSED] = "refused",
    [-ERR_CONFLICT] = "conflict",
    [-ERR_DENIED] = "denied",
    [-ERR_CORRUPT] = "corrupt",
    [-ERR_VERSION] = "version",
    [-ERR_NO_SPACE] = "no space",
    [-ERR_NO_FD] = "no descriptor",
    [-ERR_UNREACHABLE] = "unreachable",
};

const char *err_name(int err)
{
    const int count = sizeof names / sizeof names[0];

    return err <= 0 && err > -count ? names[-err] : "unknown";
}

int err_from_errno(int error_number)
{
    switch (error_number) {
    case EAGAIN:
    case EINPROGRESS: return ERR_AGAIN;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE: return ERR_RESET;
    case ECONNREFUSED: return ERR_REFUSED;
    case ETIMEDOUT: return ERR_TIMEOUT;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL: return ERR_UNREACHABLE;
    case EMFILE:
    case ENFILE: return ERR_NO_FD;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ERR_NO_SPACE;
    case ENOENT: return ERR_NOT_FOUND;
    case EEXIST: return ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS: return ERR_DENIED;
    case EINVAL: return ERR_INVALID;
    default: return ERR_IO;
    }
}
