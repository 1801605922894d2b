/*
 * A memory on its way to bytes or back. Pure.
 */
#ifndef EVIDENCE_MEMORY_PRIV_H
#define EVIDENCE_MEMORY_PRIV_H

#include "evidence/codec_priv.h"
#include "evidence/memory.h"

void memory_walk(struct walk *walk, struct memory *memory);

#endif
