/*
 * `switchctl db prove`: do the statements of the old version still work on the migrated schema? In a scratch database
 * that is always dropped. Called by switchctl's main.
 */
#ifndef LINT_PROVE_COMMAND_H
#define LINT_PROVE_COMMAND_H

/* words: what stands behind "db prove". The exit code of the program. */
int prove_command(int count, char *const *words);

#endif
