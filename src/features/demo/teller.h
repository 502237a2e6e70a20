// Tells one person's part of the story: each call is something that the person, or the company for the person, does.
// What would lie outside the year is left out, so an order of yesterday is still on its way. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "features/demo/random.h"
#include "features/demo/story.h"

namespace handschlag::demo {

class Teller {
 public:
  // `person` is a place in story.people, which must not grow meanwhile.
  Teller(Story& story, std::size_t person, Time begin, Time end);

  const Person& person() const { return story_.people[place_]; }
  Random& random() { return random_; }
  Time begin() const { return begin_; }

  // A moment of that day (0 is the first of the year) by the person's own clock, between the two hours.
  Time moment(int day, int from_hour, int to_hour);
  // The same, counted back from the end: 1 is yesterday.
  Time days_ago(int days, int from_hour = 9, int to_hour = 18);

  // At the shop. A visit is the time it has reached, the browser, and whether the shop knows the visitor.
  struct Visit {
    Time at{};
    std::uint8_t browser = kNoBrowser;
    bool signed_in = false;
  };
  void view_page(Visit& visit, std::size_t page);
  void view_product(Visit& visit, std::size_t product);
  void add_to_cart(Visit& visit, std::size_t product);
  void start_checkout(Visit& visit);
  // Opens the account when it is the first time.
  void sign_in(Visit& visit);

  // Answers the order's place in Story::orders, for the calls below.
  std::uint32_t complete_order(const Visit& visit, std::vector<Order::Line> lines);
  // One of What::order_cancelled, return_requested, order_refunded, order_shipped, delivery_delayed, order_delivered.
  void happen_to(std::uint32_t order, What what, Time at);

  // At a branch. Registers the loyalty card at the first purchase.
  void purchase(Time at, std::vector<Order::Line> lines);

  // In the app: opens it, looks at some screens, perhaps after a ride.
  void use_app(Time at, int ride_hectometres);

  // By telephone or mail, and on the social page, which answers.
  void call(Time at, About about, std::uint32_t order = kNoOrder);
  void write_publicly(Time at, About about, std::uint32_t order = kNoOrder);

 private:
  Happening& add(Time at, What what);
  void step(Visit& visit);
  void open_account(Time at, std::uint8_t browser);
  std::uint32_t new_order(std::vector<Order::Line> lines);

  Story& story_;
  const std::size_t place_;
  const Time begin_;
  const Time end_;
  Random random_;
  Happening outside_;  // takes what lies outside the year
  std::uint32_t serial_ = 0;
  std::uint32_t orders_ = 0;
  bool has_account_ = false;
  bool has_card_ = false;
  bool knows_app_ = false;
};

}  // namespace handschlag::demo
