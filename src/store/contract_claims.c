/* A contract as a value: its file, its claims, its end. See contract.h and contract_priv.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/contract_priv.h"

int claim_compare(const void *a, const void *b)
{
    const struct claim *left = a;
    const struct claim *right = b;
    int order = 0;

    if (left->stance != right->stance)
        return left->stance < right->stance ? -1 : 1;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    order = strcmp(left->schema, right->schema);
    if (order == 0)
        order = strcmp(left->name, right->name);
    if (order != 0 || (left->part == NULL && right->part == NULL))
        return order;
    if (left->part == NULL || right->part == NULL)
        return left->part == NULL ? -1 : 1;
    return strcmp(left->part, right->part);
}

const struct claim *contract_find(const struct contract *contract, const struct claim *like)
{
    if (contract->claim_count == 0)
        return NULL;
    return bsearch(like, contract->claims, contract->claim_count, sizeof *contract->claims,
                   claim_compare);
}

void contract_free(struct contract *contract)
{
    if (contract == NULL)
        return;
    for (size_t i = 0; i < contract->claim_count; i++) {
        free(contract->claims[i].schema);
        free(contract->claims[i].name);
        free(contract->claims[i].part);
        free(contract->claims[i].types);
    }
    free(contract->claims);
    free(contract->file);
    free(contract);
}

const char *contract_release(const struct contract *contract)
{
    return contract->release;
}

const struct schema_range *contract_schema(const struct contract *contract)
{
    return &contract->schema;
}

size_t contract_claim_count(const struct contract *contract)
{
    return contract->claim_count;
}

/* At most one byte more than may be; negative: errno says why. */
static ssize_t read_bytes(int fd, char *bytes, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t count = read(fd, bytes + len, size - len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        len += (size_t)count;
    }
    return (ssize_t)len;
}

/* A pipe or a folder in its place must not hold the reader up. */
static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;

    if (fd < 0 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

int contract_load(const char *path, struct contract **out, struct text *words)
{
    size_t size = CONTRACT_BYTES_MAX + 1;
    int fd = open_file(path);
    char *bytes = fd >= 0 ? mem_alloc(size) : NULL;
    ssize_t len = fd >= 0 ? read_bytes(fd, bytes, size) : -1;
    int err = len < 0 ? err_from_errno(errno) : 0;

    if (len < 0)
        text_add_format(words, "%s: it cannot be read (%s); it must be a file", path,
                        strerror(errno));
    else
        err = contract_parse(slice_of(bytes, (size_t)len), path, out, words);
    if (fd >= 0)
        close(fd);
    free(bytes);
    return err;
}
