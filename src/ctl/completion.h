/* `switchctl completion bash|zsh`, and the question that the scripts ask: `switchctl complete -- WORDS...`. */
#ifndef CTL_COMPLETION_H
#define CTL_COMPLETION_H

#include <stdbool.h>

/* Whether the words (behind the program's name) are one of the two; *code is then the exit code, and it is done. */
bool completion_run(int argc, char **argv, int *code);

#endif
