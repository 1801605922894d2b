/* The bytes of one file as tokens, and the chain of files that are open. See scan_priv.h. */
#ifndef CONFIG_SCAN_TEXT_PRIV_H
#define CONFIG_SCAN_TEXT_PRIV_H

#include <sys/types.h>

#include "base/slice.h"
#include "config/scan_priv.h"

struct scan_place {
    const struct scan_place *from; /* the file that includes this one */
    dev_t device;
    ino_t inode;
    unsigned depth;
    unsigned line;
    unsigned column; /* of the include that is being read */
    size_t file;
};

/* Appends the tokens of text; errors go to the report. */
void scan_text_tokens(struct scan *scan, struct slice text, struct scan_place *place);

/* Puts the tokens of an included file in place, or, in the order of their names, of all files that
 * fit a name with wildcards, such as "*.conf". */
void scan_include(struct scan *scan, const char *path, const struct scan_place *from);

#endif
