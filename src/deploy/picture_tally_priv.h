/* What is counted of a slot by the signals of its service. Control thread. */
#ifndef DEPLOY_PICTURE_TALLY_PRIV_H
#define DEPLOY_PICTURE_TALLY_PRIV_H

struct config_service;
struct slot;

/* By the names of the counted signals; what was counted before under the same rules goes on. */
void picture_tally_put(struct slot *slot, const struct config_service *configured);

#endif
