#include "platform/json/tree.h"

#include <simdjson.h>

#include <array>
#include <bit>

namespace handschlag::json {
namespace {

namespace dom = simdjson::dom;

// The parser does not count an empty container as a level; what it finds too deep json::parse looks at again.
constexpr std::size_t kParserDepth = kMaxDepth;
// A parser keeps what it allocated for its next text; after a larger one than this it starts anew.
constexpr std::size_t kKeptCapacity = 1024 * 1024;

struct Place {
  const void* block;
  std::size_t place;
};

simdjson::error_code parse_into(std::string_view text, std::size_t depth, dom::document& block, dom::element& root) {
  thread_local std::unique_ptr<dom::parser> parser;
  thread_local std::string padded;
  if (!parser || parser->capacity() > kKeptCapacity) {
    parser = std::make_unique<dom::parser>();
    padded = {};
  }
  if (parser->capacity() < text.size() || parser->max_depth() != depth) {
    if (auto error = parser->allocate(std::max<std::size_t>(2 * text.size(), 16'384), depth)) return error;
  }
  padded.clear();
  padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(text);
  return parser->parse_into_document(block, padded.data(), padded.size(), false).get(root);
}

}  // namespace

// Between a View and the parser's own reference, which has the same two members.
struct Parts {
  static dom::element of(View view) {
    static_assert(sizeof(dom::element) == sizeof(Place) && std::is_trivially_copyable_v<dom::element>);
    return std::bit_cast<dom::element>(Place{view.block_, view.place_});
  }
  static View view(dom::element element) {
    auto place = std::bit_cast<Place>(element);
    View out;
    out.block_ = place.block;
    out.place_ = place.place;
    return out;
  }
};

namespace {

bool has_type(View view, const void* block, dom::element_type type) {
  return block != nullptr && Parts::of(view).type() == type;
}

void write_number(dom::element element, std::string& out) {
  switch (element.type()) {
    case dom::element_type::INT64:
      out += std::to_string(element.get_int64().value_unsafe());
      return;
    case dom::element_type::UINT64:
      out += std::to_string(element.get_uint64().value_unsafe());
      return;
    default: {
      std::array<char, 64> text;
      out.append(text.data(), simdjson::internal::to_chars(text.data(), text.data() + text.size(),
                                                           element.get_double().value_unsafe()));
    }
  }
}

}  // namespace

bool View::is_null() const {
  return block_ == nullptr || Parts::of(*this).is_null();
}
bool View::is_object() const {
  return has_type(*this, block_, dom::element_type::OBJECT);
}
bool View::is_array() const {
  return has_type(*this, block_, dom::element_type::ARRAY);
}
bool View::is_string() const {
  return has_type(*this, block_, dom::element_type::STRING);
}
bool View::is_boolean() const {
  return has_type(*this, block_, dom::element_type::BOOL);
}
bool View::is_number() const {
  return block_ != nullptr && Parts::of(*this).is_number();
}

std::size_t View::size() const {
  std::size_t count = 0;
  if (is_object()) {
    each_member([&](std::string_view, View) { ++count; });
  } else {
    each_item([&](View) { ++count; });
  }
  return count;
}

std::optional<View> View::find(std::string_view name) const {
  std::optional<View> out;
  each_member([&](std::string_view member, View value) {
    if (member == name) out = value;
  });
  return out && out->is_null() ? std::nullopt : out;
}

std::string_view View::text() const {
  return is_string() ? Parts::of(*this).get_string().value_unsafe() : std::string_view();
}

bool View::boolean() const {
  return is_boolean() && Parts::of(*this).get_bool().value_unsafe();
}

double View::number() const {
  return is_number() ? Parts::of(*this).get_double().value_unsafe() : 0;
}

std::optional<std::string> View::scalar_text() const {
  if (is_string()) {
    std::string_view out = text();
    return out.empty() ? std::nullopt : std::optional<std::string>(out);
  }
  if (!is_number()) return std::nullopt;
  std::string out;
  write_number(Parts::of(*this), out);
  return out;
}

void View::walk_members(OnMember on_member, void* to) const {
  if (!is_object()) return;
  const dom::object object = Parts::of(*this).get_object().value_unsafe();
  for (auto [name, value] : object) on_member(to, name, Parts::view(value));
}

void View::walk_items(OnItem on_item, void* to) const {
  if (!is_array()) return;
  const dom::array array = Parts::of(*this).get_array().value_unsafe();
  for (dom::element item : array) on_item(to, Parts::view(item));
}

void View::write(std::string& out) const {
  if (is_object()) {
    out += '{';
    each_member([&, first = true](std::string_view name, View value) mutable {
      if (!first) out += ',';
      first = false;
      write_text(name, out);
      out += ':';
      value.write(out);
    });
    out += '}';
  } else if (is_array()) {
    out += '[';
    each_item([&, first = true](View value) mutable {
      if (!first) out += ',';
      first = false;
      value.write(out);
    });
    out += ']';
  } else if (is_string()) {
    write_text(text(), out);
  } else if (is_number()) {
    write_number(Parts::of(*this), out);
  } else if (is_boolean()) {
    out += boolean() ? "true" : "false";
  } else {
    out += "null";
  }
}

std::string View::dump() const {
  std::string out;
  write(out);
  return out;
}

Value View::value() const {
  auto parsed = json::parse(dump());
  return parsed ? *std::move(parsed) : Value();
}

Tree::Tree(const Value& value) {
  if (auto tree = parse(dump(value))) *this = *std::move(tree);
}

Result<Tree> Tree::parse(std::string_view text) {
  auto block = std::make_shared<dom::document>();
  dom::element root;
  if (parse_into(text, kParserDepth, *block, root) != simdjson::SUCCESS) {
    // The fast parser takes less (whole numbers beyond 64 bits, halves of a surrogate pair) and says less: the other
    // one decides.
    const std::string repaired = dump(TRY(json::parse(text)));
    if (parse_into(repaired, kParserDepth + 2, *block, root) != simdjson::SUCCESS) {
      return fail(ErrorKind::invalid, "json_malformed", "The body is not valid JSON.");
    }
  }
  Tree tree;
  tree.block_ = std::move(block);
  tree.view_ = Parts::view(root);
  return tree;
}

Tree Tree::part(View view) const {
  Tree out;
  out.block_ = block_;
  out.view_ = view;
  return out;
}

void write_text(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, written, i - written);
    written = i + 1;
    constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
    if (std::size_t known = kShort.find(text[i]); known != std::string_view::npos) {
      out += '\\';
      out += "\"\\bfnrt"[known];
    } else {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  out.append(text, written, text.size() - written);
  out += '"';
}

}  // namespace handschlag::json
