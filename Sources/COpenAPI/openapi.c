#include "cadre_openapi.h"

static const unsigned char document[] = {
#embed "openapi.json"
};

const void *cadre_openapi(size_t *size) {
    *size = sizeof(document);
    return document;
}
