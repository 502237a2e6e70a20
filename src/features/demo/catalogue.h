// The made-up company: Möwe & Moos, bicycles and things for outdoors. What it sells and where, and what people write to
// it about. All invented. Constant data; thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace handschlag::demo {

inline constexpr std::string_view kCompany = "Möwe & Moos";
inline constexpr std::string_view kShopAddress = "https://moewe-moos.example";

struct Product {
  std::string_view id;  // the article number
  std::string_view name;
  std::string_view category;
  std::int64_t euro_cents;
};

// At most 255. Those from first_service() on are work done in the branches, and are sold there only.
std::span<const Product> products();
std::size_t first_service();
std::uint8_t product_number(std::string_view id);  // its place; `id` is one of the list

struct Page {
  std::string_view name;
  std::string_view path;
};
std::span<const Page> pages();                // of the shop, without the products'
std::span<const std::string_view> screens();  // of the app

// What somebody turns to the company about; `summary` is an agent's note, `message` the person's own words.
struct Concern {
  std::string_view topic;
  std::string_view summary_german;
  std::string_view summary_english;
  std::string_view message_german;
  std::string_view message_english;
  std::string_view reply_german;
  std::string_view reply_english;
};
// At most 255.
std::span<const Concern> concerns();

// Places in concerns().
enum class About : std::uint8_t { late, part_missing, return_label, damaged, invoice, repair, advice, praise };

// A country in which people buy; names are in names.cc.
struct Country {
  std::string_view code;  // ISO 3166 alpha-2
  int people_percent;
  std::string_view language;  // of the agents' notes: "de" or "en"
  std::string_view locale;
  std::string_view time_zone;
  std::chrono::hours utc_offset;  // in winter; near enough for when people are awake
  std::string_view currency;
  int price_percent;        // of the price in euro
  std::string_view branch;  // the city with a branch of the company; "" none
  std::span<const std::string_view> women;
  std::span<const std::string_view> men;
  std::span<const std::string_view> families;
  std::span<const std::string_view> cities;
};
std::span<const Country> countries();
const Country& country_of(std::string_view code);  // of the list above

// In hundredths of the country's currency.
std::int64_t price_in(const Country& country, const Product& product);

}  // namespace handschlag::demo
