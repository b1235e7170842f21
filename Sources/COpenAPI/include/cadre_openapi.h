#ifndef CADRE_OPENAPI_H
#define CADRE_OPENAPI_H

#include <stddef.h>

// The document that describes the API, embedded so that there is no file that could be missing. (SwiftPM's own way of
// embedding makes a Swift array of it, which takes a minute to compile.)
const void *cadre_openapi(size_t *size);

#endif
