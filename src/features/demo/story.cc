#include "features/demo/story.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "features/demo/cast.h"
#include "features/demo/teller.h"

namespace handschlag::demo {
namespace {

constexpr std::chrono::days kYear{365};

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

// How likely a day of the month brings somebody, January first: bicycles are bought in spring, gifts in December.
constexpr std::array<int, 12> kSeason = {45, 50, 75, 95, 100, 90, 80, 70, 65, 55, 85, 95};

// Tells the year of somebody whom chance leads.
class Wanderer {
 public:
  Wanderer(Story& story, std::size_t person, Time begin, Time end) : teller_(story, person, begin, end) {}

  void live() {
    const Person& person = teller_.person();
    for (Time at : moments(person.visits_a_year, 7, 23)) visit(at);
    for (Time at : moments(person.purchases_a_year, 9, 19)) teller_.purchase(at, branch_lines());
    for (Time at : moments(person.sessions_a_year, 6, 22)) {
      teller_.use_app(at, random().chance(55) ? random().between(15, 420) : 0);
    }
    if (!person.handle.empty() && random().chance(60)) {
      teller_.write_publicly(moments(1, 8, 23).front(), random().chance(50) ? About::advice : About::praise);
    }
    if (random().chance(5)) contact(moments(1, 9, 17).front(), about_anything(), kNoOrder);
  }

 private:
  Random& random() { return teller_.random(); }

  std::vector<Time> moments(int count, int from_hour, int to_hour) {
    std::vector<Time> out;
    while (out.size() < static_cast<std::size_t>(count)) {
      int day = random().between(0, static_cast<int>(kYear.count()) - 1);
      std::chrono::year_month_day date(std::chrono::floor<days>(teller_.begin()) + days(day));
      if (!random().chance(kSeason[static_cast<unsigned>(date.month()) - 1])) continue;
      out.push_back(teller_.moment(day, from_hour, to_hour));
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  void visit(Time at) {
    const Person& person = teller_.person();
    Teller::Visit visit{at, static_cast<std::uint8_t>(random().below(person.browsers.size())), false};
    for (int i = random().between(1, 3); i > 0; --i) teller_.view_page(visit, random().below(pages().size()));
    if (!person.user_id.empty() && random().chance(45)) teller_.sign_in(visit);
    std::vector<Order::Line> cart;
    for (int i = random().between(0, 4); i > 0; --i) {
      std::size_t product = a_product();
      teller_.view_product(visit, product);
      if (cart.size() < 3 && random().chance(30)) {
        teller_.add_to_cart(visit, product);
        cart.push_back({static_cast<std::uint8_t>(product), quantity_of(product)});
      }
    }
    if (cart.empty() || !random().chance(70)) return;
    teller_.start_checkout(visit);
    bool can_order = !person.user_id.empty() || !person.email.empty();
    if (!can_order || !random().chance(75)) return;
    if (!person.user_id.empty()) teller_.sign_in(visit);
    follow(teller_.complete_order(visit, std::move(cart)), visit.at);
  }

  // What becomes of an order.
  void follow(std::uint32_t order, Time at) {
    if (random().chance(4)) return teller_.happen_to(order, What::order_cancelled, at + hours(random().between(1, 20)));
    if (random().chance(4)) contact(at + hours(random().between(2, 40)), About::invoice, order);
    Time shipped = at + hours(random().between(18, 50));
    teller_.happen_to(order, What::order_shipped, shipped);
    Time delivered = shipped + hours(random().between(22, 96));
    if (random().chance(8)) {
      Time noticed = shipped + days(random().between(3, 5));
      teller_.happen_to(order, What::delivery_delayed, noticed);
      delivered = noticed + days(random().between(2, 7));
      if (random().chance(50)) contact(noticed + hours(random().between(3, 40)), About::late, order);
    }
    teller_.happen_to(order, What::order_delivered, delivered);
    Time later = delivered + hours(random().between(4, 120));
    if (random().chance(9)) return send_back(order, later);
    if (random().chance(4)) contact(later, About::part_missing, order);
    if (random().chance(3)) contact(later + days(1), About::damaged, order);
    if (random().chance(4)) contact(later + days(random().between(5, 60)), About::praise, order);
  }

  void send_back(std::uint32_t order, Time at) {
    teller_.happen_to(order, What::return_requested, at);
    if (random().chance(25)) contact(at + hours(random().between(20, 90)), About::return_label, order);
    teller_.happen_to(order, What::order_refunded, at + days(random().between(5, 14)));
  }

  // By whichever way the person has; somebody without any keeps quiet.
  void contact(Time at, About about, std::uint32_t order) {
    const Person& person = teller_.person();
    if (!person.handle.empty() && random().chance(60)) return teller_.write_publicly(at, about, order);
    if (!person.phone.empty() || !person.email.empty()) teller_.call(at, about, order);
  }

  About about_anything() { return random().pick(std::array{About::repair, About::advice, About::invoice}); }

  // Small things are bought more often than bicycles: of three tries the cheapest counts.
  std::size_t a_product() {
    std::size_t best = random().below(first_service());
    for (int i = 0; i < 2; ++i) {
      std::size_t other = random().below(first_service());
      if (products()[other].euro_cents < products()[best].euro_cents) best = other;
    }
    return best;
  }

  std::uint8_t quantity_of(std::size_t product) {
    return products()[product].euro_cents < 10'000 && random().chance(25) ? 2 : 1;
  }

  std::vector<Order::Line> branch_lines() {
    std::vector<Order::Line> lines;
    for (int i = random().between(1, 3); i > 0; --i) {
      std::size_t product =
          random().chance(25) ? first_service() + random().below(products().size() - first_service()) : a_product();
      lines.push_back({static_cast<std::uint8_t>(product), quantity_of(product)});
    }
    return lines;
  }

  Teller teller_;
};

}  // namespace

Place place_of(What what) {
  switch (what) {
    case What::page_viewed:
    case What::product_viewed:
    case What::product_added:
    case What::checkout_started:
    case What::signed_in:
      return Place::shop;
    case What::account_opened:
    case What::order_completed:
    case What::order_cancelled:
    case What::return_requested:
    case What::order_refunded:
      return Place::backend;
    case What::order_shipped:
    case What::delivery_delayed:
    case What::order_delivered:
      return Place::delivery;
    case What::card_registered:
    case What::purchase_made:
      return Place::till;
    case What::app_opened:
    case What::app_signed_in:
    case What::screen_viewed:
    case What::ride_recorded:
      return Place::app;
    case What::call_answered:
      return Place::hotline;
    case What::message_received:
    case What::reply_sent:
      break;
  }
  return Place::social;
}

Story tell_story(std::size_t people, Time end) {
  Time begin = end - kYear;
  Story story;
  story.people = make_cast(people);
  for (Person& person : make_crowd(people)) story.people.push_back(std::move(person));
  std::size_t told = tell_cast(story, begin, end);
  for (std::size_t i = told; i < story.people.size(); ++i) Wanderer(story, i, begin, end).live();
  std::sort(story.happenings.begin(), story.happenings.end(), [](const Happening& a, const Happening& b) {
    return std::tuple(a.at, a.person, a.serial) < std::tuple(b.at, b.person, b.serial);
  });
  return story;
}

}  // namespace handschlag::demo
