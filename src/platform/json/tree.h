// JSON on the hot path: parsed once into one flat block, shared by who reads it, never changed. What json::Value is for
// everything else, a Tree is for events: several times cheaper to parse, to look into and to write out again.
//
// Accepts exactly what json::parse accepts. Of members with one name the last counts. Thread-safe.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "platform/json/json.h"

namespace handschlag::json {

// A value inside a tree, which it must not outlive; as cheap as a pointer.
class View {
 public:
  View() = default;  // null
  bool is_null() const;
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;
  bool is_boolean() const;
  bool is_number() const;

  // Members of an object, items of an array; 0 for everything else.
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  // The member of an object; nothing where it is absent, null, or this is no object.
  std::optional<View> find(std::string_view name) const;
  // A string's text; "" for everything else.
  std::string_view text() const;
  bool boolean() const;
  double number() const;
  // See json::scalar_text.
  std::optional<std::string> scalar_text() const;

  // Calls `each(name, value)` for every member of an object.
  template <class Each>
  void each_member(Each each) const {
    walk_members([](void* to, std::string_view name, View value) { (*static_cast<Each*>(to))(name, value); }, &each);
  }
  // Calls `each(value)` for every item of an array.
  template <class Each>
  void each_item(Each each) const {
    walk_items([](void* to, View value) { (*static_cast<Each*>(to))(value); }, &each);
  }

  // Appends compact JSON text.
  void write(std::string& out) const;
  std::string dump() const;
  Value value() const;

 private:
  friend class Tree;
  friend struct Parts;
  using OnMember = void (*)(void* to, std::string_view name, View value);
  using OnItem = void (*)(void* to, View value);
  void walk_members(OnMember on_member, void* to) const;
  void walk_items(OnItem on_item, void* to) const;

  const void* block_ = nullptr;  // a place in the parser's own form
  std::size_t place_ = 0;
};

// A value together with the block it lies in; copies share the block.
class Tree {
 public:
  Tree() = default;          // null
  Tree(const Value& value);  // NOLINT(google-explicit-constructor): for who makes events, where speed does not count
  static Result<Tree> parse(std::string_view text);  // errors as of json::parse

  View view() const { return view_; }
  const View* operator->() const { return &view_; }
  // A part of this tree, which keeps the whole block alive.
  Tree part(View view) const;
  friend bool operator==(const Tree& a, const Tree& b) { return a.view_.value() == b.view_.value(); }

 private:
  std::shared_ptr<const void> block_;
  View view_;
};

// Appends `text` as a JSON string, quotes and all; `text` is UTF-8.
void write_text(std::string_view text, std::string& out);

}  // namespace handschlag::json
