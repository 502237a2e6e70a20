// What happens at the made-up company within a year: who looked, bought, waited, asked, sent back.
//
// Made by chance with a fixed seed: the same number of people and the same last day give the same story. It is told in
// small records, so that a year of the whole company fits into memory; intake.h makes events of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "features/demo/people.h"
#include "platform/base/clock.h"

namespace handschlag::demo {

// Where it happened: one of the company's sources.
enum class Place : std::uint8_t { shop, backend, delivery, till, app, hotline, social };
inline constexpr std::size_t kPlaces = 7;

enum class What : std::uint8_t {
  page_viewed,
  product_viewed,
  product_added,
  checkout_started,
  signed_in,  // as the browser tells it
  account_opened,
  order_completed,
  order_cancelled,
  return_requested,
  order_refunded,
  order_shipped,
  delivery_delayed,
  order_delivered,
  card_registered,
  purchase_made,
  app_opened,
  app_signed_in,
  screen_viewed,
  ride_recorded,
  call_answered,
  message_received,
  reply_sent,
};
Place place_of(What what);

inline constexpr std::uint32_t kNoOrder = 0xFFFF'FFFF;
inline constexpr std::uint8_t kNoBrowser = 0xFF;

struct Happening {
  Time at{};
  std::uint32_t person = 0;  // place in Story::people
  std::uint32_t serial = 0;  // of the person; with its number the message id
  std::uint32_t order = kNoOrder;
  What what = What::page_viewed;
  std::uint8_t browser = kNoBrowser;  // place in Person::browsers
  bool signed_in = false;             // the visitor is known to the shop or app
  std::uint8_t detail = 0;            // place in pages(), products(), screens() or concerns(), as fits `what`
  std::uint16_t amount = 0;           // seconds of a call's wait, hundreds of metres of a ride
};

// A purchase at the shop, in the app or at a branch.
struct Order {
  struct Line {
    std::uint8_t product;
    std::uint8_t quantity;
  };
  std::string id;
  std::vector<Line> lines;
};

struct Story {
  std::vector<Person> people;
  std::vector<Order> orders;
  std::vector<Happening> happenings;  // by time
};

// The year that ends with the last moment before `end`, a midnight. `people`: of the crowd; the cast comes on top.
Story tell_story(std::size_t people, Time end);

}  // namespace handschlag::demo
