/* What changes of signals lead to. Control thread. */
#ifndef PILOT_SIGNAL_ACT_PRIV_H
#define PILOT_SIGNAL_ACT_PRIV_H

struct pilot;

void signal_act_start(struct pilot *pilot);
void signal_act_stop(struct pilot *pilot);
void signal_act_configure(struct pilot *pilot); /* another configuration is in force */

#endif
