#include "platform/db/sql_text.h"

#include <algorithm>
#include <charconv>

namespace handschlag::db {
namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The end of the quoted text or comment that begins at `at`; `at` itself where none begins.
std::size_t skip_quoted(std::string_view sql, std::size_t at) {
  auto after = [&](std::string_view end, std::size_t from) {
    std::size_t found = sql.find(end, from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  if (sql[at] == '\'' || sql[at] == '"') return after(sql.substr(at, 1), at + 1);
  if (sql.substr(at, 2) == "--") return after("\n", at);
  if (sql.substr(at, 2) == "/*") return after("*/", at + 2);
  return at;
}

std::string upper(std::string_view word) {
  std::string result(word);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return result;
}

std::string_view postgres_word(std::string_view word) {
  const std::string name = upper(word);
  if (name == "INTEGER") return "BIGINT";
  if (name == "BLOB") return "BYTEA";
  if (name == "REAL") return "DOUBLE PRECISION";
  if (name == "WITHOUT" || name == "ROWID") return "";
  return word;
}

}  // namespace

std::string to_postgres_types(std::string_view sql) {
  std::string result;
  result.reserve(sql.size() + sql.size() / 8);
  std::size_t at = 0;
  while (at < sql.size()) {
    std::size_t end = skip_quoted(sql, at);
    if (end != at) {
      result += sql.substr(at, end - at);
    } else if (is_word_character(sql[at])) {
      while (end < sql.size() && is_word_character(sql[end])) ++end;
      result += postgres_word(sql.substr(at, end - at));
    } else {
      result += sql[at];
      end = at + 1;
    }
    at = end;
  }
  return result;
}

std::size_t count_parameters(std::string_view sql) {
  std::size_t count = 0;
  std::size_t at = 0;
  while (at < sql.size()) {
    const std::size_t end = skip_quoted(sql, at);
    if (end == at && sql[at] == '$') {
      std::size_t number = 0;
      std::from_chars(sql.data() + at + 1, sql.data() + sql.size(), number);
      count = std::max(count, number);
    }
    at = end == at ? at + 1 : end;
  }
  return count;
}

}  // namespace handschlag::db
