/*
 * The reference of every block and option, made from options.def: conf/README.md and the manual page
 * switchyard.conf.5 are these texts, and a test compares them. Pure, any thread.
 */
#ifndef CONFIG_REFERENCE_H
#define CONFIG_REFERENCE_H

struct text;

void reference_markdown(struct text *out);
void reference_man(struct text *out);

#endif
