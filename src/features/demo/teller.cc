#include "features/demo/teller.h"

#include <fmt/format.h>

namespace handschlag::demo {
namespace {

constexpr std::uint64_t kTellerSeed = 0x4D6F'6F73;

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

Teller::Teller(Story& story, std::size_t person, Time begin, Time end)
    : story_(story), place_(person), begin_(begin), end_(end), random_(kTellerSeed, story.people[person].number) {}

Happening& Teller::add(Time at, What what) {
  // Counted inside the year or not, so that what follows keeps its message id when the year moves.
  std::uint32_t serial = serial_++;
  Happening happening;
  happening.at = at;
  happening.person = static_cast<std::uint32_t>(place_);
  happening.serial = serial;
  happening.what = what;
  if (at < begin_ || at >= end_) return outside_ = happening;
  return story_.happenings.emplace_back(happening);
}

Time Teller::moment(int day, int from_hour, int to_hour) {
  auto clock = minutes(random_.between(from_hour * 60, to_hour * 60 - 1)) + seconds(random_.between(0, 59));
  return begin_ + days(day) + clock - person().country->utc_offset;
}

Time Teller::days_ago(int days_back, int from_hour, int to_hour) {
  int year = static_cast<int>((end_ - begin_) / days(1));
  return moment(year - days_back, from_hour, to_hour);
}

void Teller::step(Visit& visit) {
  visit.at += seconds(random_.between(6, 150));
}

void Teller::view_page(Visit& visit, std::size_t page) {
  Happening& happening = add(visit.at, What::page_viewed);
  happening.browser = visit.browser;
  happening.signed_in = visit.signed_in;
  happening.detail = static_cast<std::uint8_t>(page);
  step(visit);
}

void Teller::view_product(Visit& visit, std::size_t product) {
  Happening& happening = add(visit.at, What::product_viewed);
  happening.browser = visit.browser;
  happening.signed_in = visit.signed_in;
  happening.detail = static_cast<std::uint8_t>(product);
  step(visit);
}

void Teller::add_to_cart(Visit& visit, std::size_t product) {
  Happening& happening = add(visit.at, What::product_added);
  happening.browser = visit.browser;
  happening.signed_in = visit.signed_in;
  happening.detail = static_cast<std::uint8_t>(product);
  step(visit);
}

void Teller::start_checkout(Visit& visit) {
  Happening& happening = add(visit.at, What::checkout_started);
  happening.browser = visit.browser;
  happening.signed_in = visit.signed_in;
  step(visit);
}

void Teller::sign_in(Visit& visit) {
  if (visit.signed_in) return;
  visit.signed_in = true;
  open_account(visit.at, visit.browser);
  Happening& happening = add(visit.at + seconds(1), What::signed_in);
  happening.browser = visit.browser;
  happening.signed_in = true;
  step(visit);
}

void Teller::open_account(Time at, std::uint8_t browser) {
  if (has_account_) return;
  has_account_ = true;
  Happening& happening = add(at, What::account_opened);
  happening.browser = browser;
  happening.signed_in = true;
}

std::uint32_t Teller::new_order(std::vector<Order::Line> lines) {
  story_.orders.push_back({fmt::format("MM{:05}{:02}", person().number, ++orders_), std::move(lines)});
  return static_cast<std::uint32_t>(story_.orders.size() - 1);
}

std::uint32_t Teller::complete_order(const Visit& visit, std::vector<Order::Line> lines) {
  std::uint32_t order = new_order(std::move(lines));
  Happening& happening = add(visit.at, What::order_completed);
  happening.browser = visit.browser;
  happening.signed_in = visit.signed_in;
  happening.order = order;
  return order;
}

void Teller::happen_to(std::uint32_t order, What what, Time at) {
  Happening& happening = add(at, what);
  happening.signed_in = has_account_;
  happening.order = order;
}

void Teller::purchase(Time at, std::vector<Order::Line> lines) {
  if (!has_card_ && !person().card.empty()) {
    has_card_ = true;
    add(at - minutes(4), What::card_registered);
  }
  std::uint32_t order = new_order(std::move(lines));
  add(at, What::purchase_made).order = order;
}

void Teller::use_app(Time at, int ride_hectometres) {
  if (!knows_app_) {
    knows_app_ = true;
    open_account(at, kNoBrowser);
    add(at + seconds(20), What::app_signed_in).signed_in = true;
    at += minutes(1);
  }
  add(at, What::app_opened).signed_in = true;
  for (int i = random_.between(0, 2); i > 0; --i) {
    at += seconds(random_.between(4, 60));
    Happening& happening = add(at, What::screen_viewed);
    happening.signed_in = true;
    happening.detail = static_cast<std::uint8_t>(random_.below(screens().size()));
  }
  if (ride_hectometres == 0) return;
  Happening& ride = add(at + minutes(ride_hectometres / 3), What::ride_recorded);
  ride.signed_in = true;
  ride.amount = static_cast<std::uint16_t>(ride_hectometres);
}

void Teller::call(Time at, About about, std::uint32_t order) {
  Happening& happening = add(at, What::call_answered);
  happening.detail = static_cast<std::uint8_t>(about);
  happening.order = order;
  happening.amount = static_cast<std::uint16_t>(random_.between(5, 900));
}

void Teller::write_publicly(Time at, About about, std::uint32_t order) {
  Happening& message = add(at, What::message_received);
  message.detail = static_cast<std::uint8_t>(about);
  message.order = order;
  Happening& reply = add(at + minutes(random_.between(15, 600)), What::reply_sent);
  reply.detail = static_cast<std::uint8_t>(about);
}

}  // namespace handschlag::demo
