// TOML (https://toml.io/en/v1.0.0), read by toml++ (https://marzer.github.io/tomlplusplus), as a list of values.

#ifndef CADRE_TOML_H
#define CADRE_TOML_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cadre_toml_kind {
    CADRE_TOML_TABLE,
    CADRE_TOML_ARRAY,
    CADRE_TOML_STRING,
    CADRE_TOML_INTEGER,
    CADRE_TOML_FLOAT,
    CADRE_TOML_BOOLEAN,
    CADRE_TOML_DATE, // A date, a time, or both.
};

// UTF-8, which may have zeros in it, and has none behind it.
struct cadre_toml_text {
    const char *start;
    size_t size;
};

// A value. Behind a table or an array in the list are its members, each of them with its own behind it.
struct cadre_toml_node {
    enum cadre_toml_kind kind;
    struct cadre_toml_text key;  // Its name, if it is in a table.
    size_t line;                 // Where it begins, from 1: a table where its header is, if it has one of its own.
    size_t count;                // How many members a table or an array has.
    struct cadre_toml_text text; // A string.
    int64_t integer;             // An integer, or 0 or 1 for a boolean.
    double number;               // A float.
};

// What was read, or why it couldn't be.
struct cadre_toml_document {
    const struct cadre_toml_node *nodes; // The first one is the table of all. NULL if this isn't TOML.
    struct cadre_toml_text problem;
    size_t line, column; // Where the problem is, from 1. There may be no column, then it is 0.
};

// Reads a document, which is to be freed with cadre_toml_free; NULL for lack of memory.
const struct cadre_toml_document *cadre_toml_parse(const char *text, size_t size);
void cadre_toml_free(const struct cadre_toml_document *document);

#ifdef __cplusplus
}
#endif

#endif
