/* X-Request-Id: the client's when it is sane, else one of ours. */
#ifndef PROXY_REQUEST_ID_H
#define PROXY_REQUEST_ID_H

#include "base/slice.h"

struct exchange;

/* The id of a parsed request, in its head buffer or its arena: valid as long as the exchange. */
struct slice request_id_of(struct exchange *exchange);

/* 1 to 128 bytes of letters, digits and -_.:+/=@ : nothing that could hurt a log or a page. */
bool request_id_is_sane(struct slice id);

#endif
