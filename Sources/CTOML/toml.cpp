#include "cadre_toml.h"

#include <algorithm>
#include <new>
#include <string>
#include <string_view>
#include <vector>

// Where text isn't TOML in one of a few ways, toml++ says so by an assertion, in some of its versions, which would end the
// process. It is ready for exceptions wherever it asserts something of the text.
namespace {

struct failed_assertion {};

constexpr void assert_of_text(bool condition) {
    if (!condition) {
        throw failed_assertion();
    }
}

} // namespace

#undef NDEBUG
#define TOML_ASSERT(condition) assert_of_text(static_cast<bool>(condition))
#include <toml++/toml.h>

namespace {

struct document : cadre_toml_document {
    toml::table root;
    std::vector<cadre_toml_node> list;
    std::string description;

    document() : cadre_toml_document() {}
};

cadre_toml_text text_of(std::string_view text) {
    return {text.data(), text.size()};
}

// What is nested any deeper is refused. The parser has no such limit for dotted keys, but frees tables by recursion.
constexpr size_t max_depth = 100;

struct nested_too_deep {
    size_t line;
};

// Throws if a line has as many dots outside of quotes and comments as only a key could have that is nested too deep.
void check_keys(std::string_view text) {
    size_t line = 1;
    size_t dots = 0;
    char quote = 0;
    bool comment = false;
    for (const char byte : text) {
        if (byte == '\n') {
            line++;
            dots = 0;
            quote = 0;
            comment = false;
        } else if (quote != 0) {
            quote = byte == quote ? 0 : quote;
        } else if (byte == '"' || byte == '\'') {
            quote = byte;
        } else if (byte == '#') {
            comment = true;
        } else if (byte == '.' && !comment && ++dots > max_depth) {
            throw nested_too_deep{line};
        }
    }
}

// Adds a value and all below it. Their texts stay where the parser put them.
void add(std::vector<cadre_toml_node> &list, const toml::node &value, cadre_toml_text key, size_t depth = 0) {
    if (depth > max_depth) {
        throw nested_too_deep{value.source().begin.line};
    }
    const size_t place = list.size();
    list.push_back({CADRE_TOML_DATE, key, value.source().begin.line, 0, {}, 0, 0});
    if (const toml::table *table = value.as_table()) {
        list[place].kind = CADRE_TOML_TABLE;
        list[place].count = table->size();
        for (const auto &[name, member] : *table) {
            add(list, member, text_of(name.str()), depth + 1);
        }
    } else if (const toml::array *array = value.as_array()) {
        list[place].kind = CADRE_TOML_ARRAY;
        list[place].count = array->size();
        for (const toml::node &member : *array) {
            add(list, member, {}, depth + 1);
        }
    } else if (const auto *string = value.as_string()) {
        list[place].kind = CADRE_TOML_STRING;
        list[place].text = text_of(string->get());
    } else if (const auto *integer = value.as_integer()) {
        list[place].kind = CADRE_TOML_INTEGER;
        list[place].integer = integer->get();
    } else if (const auto *number = value.as_floating_point()) {
        list[place].kind = CADRE_TOML_FLOAT;
        list[place].number = number->get();
    } else if (const auto *boolean = value.as_boolean()) {
        list[place].kind = CADRE_TOML_BOOLEAN;
        list[place].integer = boolean->get();
    }
}

bool fails_an_assertion(std::string_view text) {
    try {
        static_cast<void>(toml::parse(text));
    } catch (const failed_assertion &) {
        return true;
    } catch (const toml::parse_error &) {
    }
    return false;
}

// The line of a failed assertion, which doesn't tell it: the text fails from there on, and none before.
size_t line_of_failed_assertion(std::string_view text) {
    std::vector<size_t> ends;
    for (size_t end = text.find('\n'); end != text.npos; end = text.find('\n', end + 1)) {
        ends.push_back(end);
    }
    const auto line = std::partition_point(
        ends.begin(), ends.end(), [&](size_t end) { return !fails_an_assertion(text.substr(0, end + 1)); });
    return static_cast<size_t>(line - ends.begin()) + 1;
}

void read(document &document, std::string_view text) {
    try {
        check_keys(text);
        document.root = toml::parse(text);
        add(document.list, document.root, {});
        document.nodes = document.list.data();
        return;
    } catch (const toml::parse_error &error) {
        document.description = error.description();
        document.line = error.source().begin.line;
        document.column = error.source().begin.column;
    } catch (const failed_assertion &) {
        document.description = "neither a key nor a value can begin like this; put names and text in quotes";
        document.line = line_of_failed_assertion(text);
    } catch (const nested_too_deep &error) {
        document.description = "tables and arrays are nested more than " + std::to_string(max_depth) + " deep";
        document.line = error.line;
    }
    document.problem = text_of(document.description);
}

} // namespace

const cadre_toml_document *cadre_toml_parse(const char *text, size_t size) {
    document *document = nullptr;
    try {
        document = new struct document();
        read(*document, std::string_view(text, size));
        return document;
    } catch (const std::bad_alloc &) {
        delete document;
        return nullptr;
    }
}

void cadre_toml_free(const cadre_toml_document *document) {
    delete static_cast<const struct document *>(document);
}
