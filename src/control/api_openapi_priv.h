/* The API as an OpenAPI document, made from the table of routes and that of commands. Pure, any thread. */
#ifndef CONTROL_API_OPENAPI_PRIV_H
#define CONTROL_API_OPENAPI_PRIV_H

struct text;

/* One JSON object (OpenAPI 3.1). */
void api_openapi_write(struct text *out);

#endif
